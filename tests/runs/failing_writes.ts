/**
 * Repeats a run, in which one call to the operating system after the other fails as on a full disk, and resumes each. Runs in
 * the current folder: `deno run failing_writes.ts`. Prints the number of calls.
 *
 * @module
 */
import assert from "node:assert/strict";
import { notebookNetwork } from "../../src/network/presets.ts";
import { InputError } from "../../src/errors.ts";
import { resumeTraining } from "../../src/runs/resume.ts";
import { readNewest } from "../../src/runs/checkpoint_folder.ts";
import { hasMetadata } from "../../src/runs/run_metadata.ts";
import { type RunOptions, runTraining } from "../../src/runs/run.ts";
import { drawSamples } from "../engine/network_cases.ts";

const spec = notebookNetwork({ inputs: 9, hidden: 6, classes: 3, steps: 5, threshold: 0.2, penalty: 0.4 });
const samples = { train: drawSamples(spec, 1, 20, false), test: drawSamples(spec, 2, 5, false) };
const OPTIONS: RunOptions = {
  model: "small",
  spec,
  samples,
  epochs: 2,
  batchSize: 10,
  step: { learningRate: 0.2, momentum: 0.5 },
  seed: 3,
  threads: 0,
  engine: "wasm",
  patience: 5,
};

let calls = 0;
/** The calls that fail. */
let fails = (_call: number): boolean => false;

function guard(): void {
  if (fails(++calls)) {
    throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
  }
}

/** Lets a function of the runtime that writes to the disk fail. */
function guarded<Arguments extends unknown[], Result>(
  call: (this: Deno.FsFile, ...args: Arguments) => Result,
): (this: Deno.FsFile, ...args: Arguments) => Result {
  return function (...args) {
    guard();
    return call.apply(this, args);
  };
}

/** The same for an asynchronous function. */
function guardedAsync<Arguments extends unknown[], Result>(
  call: (this: Deno.FsFile, ...args: Arguments) => Promise<Result>,
): (this: Deno.FsFile, ...args: Arguments) => Promise<Result> {
  return async function (...args) {
    await Promise.resolve();
    guard();
    return await call.apply(this, args);
  };
}

const file = Deno.FsFile.prototype;
file.writeSync = guarded(file.writeSync);
file.write = guardedAsync(file.write);
// Calls that do not fail need not wait for the disk: no test cuts the power.
file.sync = guardedAsync(() => Promise.resolve());
file.syncData = file.sync;
file.truncate = guardedAsync(file.truncate);
const { rename, mkdir, truncate } = Deno;
Deno.rename = async (...args) => {
  guard();
  await rename(...args);
};
Deno.mkdir = async (...args) => {
  guard();
  await mkdir(...args);
};
Deno.truncate = async (...args) => {
  guard();
  await truncate(...args);
};

/** Metrics without times. */
async function linesOf(name: string): Promise<unknown[]> {
  const text = await Deno.readTextFile(`runs/${name}/metrics.jsonl`);
  return text.trimEnd().split("\n").map((line) => ({ ...JSON.parse(line), seconds: 0 }));
}

const whole = await runTraining({ ...OPTIONS, name: "whole" });
const all = calls;
for (let first = 1; first <= all; first++) {
  // One run in which all later calls fail, and one in which only this call does.
  for (
    const [kind, failing] of [["full", (n: number) => n >= first], [
      "once",
      (n: number) => n === first,
    ]] as const
  ) {
    const name = `${kind}-${first}`;
    calls = 0;
    fails = failing;
    const error = await runTraining({ ...OPTIONS, name }).then(() => undefined, (error: unknown) => error);
    fails = () => false;
    if (error !== undefined) {
      assert.ok(error instanceof InputError, `${name}: ${error instanceof Error ? error.stack : error}`);
      assert.match(error.message, /: no space is left on the disk of .*; make room or choose another$/);
      const newest = await readNewest(`runs/${name}`);
      assert.equal(newest?.fault, undefined, name);
    } else assert.ok(kind === "once" || first === all, name); // a folder that cannot be synced ends no run
    const begun = await hasMetadata(`runs/${name}`);
    const summary = error === undefined
      ? whole
      : begun
      ? await resumeTraining(name, { samples })
      : await runTraining({ ...OPTIONS, name });
    assert.equal(summary.weightsSha256, whole.weightsSha256, name);
    assert.deepEqual(await linesOf(name), await linesOf("whole"), name);
    await Deno.remove(`runs/${name}`, { recursive: true });
  }
}
console.log(all);
