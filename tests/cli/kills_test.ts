/**
 * Kills a run at random moments: a few times in `deno task test`, fifty times in `deno task soak` (the variable `KILLS`).
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { drawKey, uniform } from "../../src/random.ts";
import { inFolderWithData } from "./small_data.ts";
import { command, linesOf, recordOf, spikeletJson } from "./spikelet.ts";

const KILLS = Number(Deno.env.get("KILLS") ?? 8);
const EPOCHS = 6;
const BATCHES = 9;
const OPTIONS = [
  ...["train", "--data", "data", "--steps", "40", "--hidden", "12", "--batch-size", "50"],
  ...[
    "--limit",
    "450",
    "--validation",
    "0.1",
    "--epochs",
    String(EPOCHS),
    "--schedule",
    "cosine",
    "--warm-up",
    "3",
  ],
  ...["--patience", String(EPOCHS), "--checkpoint-every", "3", "--json", "--quiet"],
];

/** Pseudo-random numbers from 0 to 1, the same in every run of this test. */
function* draws(): Generator<number> {
  const key = drawKey(7, 99, 0, 0);
  for (let counter = 0;; counter++) yield uniform(key, counter);
}

/** Runs a command, and kills it after a time unless it ends before. @returns Its output; undefined if it was killed. */
async function runFor(
  folder: string,
  args: readonly string[],
  milliseconds: number,
): Promise<string | undefined> {
  const child = command(folder, args).spawn();
  const timer = setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended by itself
    }
  }, milliseconds);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  if (signal === "SIGKILL") return undefined;
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** A run's state in its metadata; undefined before they are written. */
async function stateOf(directory: string): Promise<unknown> {
  try {
    return recordOf(JSON.parse(await Deno.readTextFile(join(directory, "run.json")))).state;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

Deno.test(`train ends in the bits of an uninterrupted run after ${KILLS} kills at random moments`, async () => {
  await inFolderWithData(async (folder) => {
    await spikeletJson(folder, ["train", "--data", "data", "--limit", "20", "--steps", "2"]); // tunes the kernels
    const began = performance.now();
    await spikeletJson(folder, [...OPTIONS, "--name", "whole"]);
    const lifetime = performance.now() - began;
    const places = Array.from({ length: EPOCHS }, (_, i) => i + 1)
      .flatMap((epoch) => Array.from({ length: BATCHES }, (_, i) => [epoch, i + 1]));
    const resultOf = async (name: string) => {
      const { result } = await spikeletJson(folder, ["runs", "show", name]);
      const { weightsSha256, train, validation, test } = recordOf(result);
      assert.match(String(weightsSha256), /^[0-9a-f]{64}$/);
      return { weightsSha256, train, validation, test };
    };
    const random = draws();
    const next = () => random.next().value ?? 0;

    let kills = 0;
    for (let run = 1; kills < KILLS; run++) {
      const name = `run-${run}`, directory = join(folder, "runs", name);
      let printed: string | undefined, state: unknown;
      // A run that is killed after its end, before it prints its summary, is finished.
      while (printed === undefined && state !== "finished") {
        const threads = ["--threads", String(1 + Math.floor(3 * next()))];
        // A run without metadata has not begun, and begins again.
        const args = state === undefined
          ? [...OPTIONS, "--name", name]
          : ["train", "--resume", name, "--json", "--quiet"];
        // No kill in the first tenth, in which nothing has begun, and none after the last.
        const moment = kills < KILLS ? lifetime * (0.1 + 0.9 * next()) : 1e6;
        printed = await runFor(folder, [...args, ...threads], moment);
        if (printed === undefined) kills++;
        state = await stateOf(directory);
      }
      assert.deepEqual(await resultOf(name), await resultOf("whole"), name);
      const withoutTimes = async (file: string, run: string) =>
        (await linesOf(join(folder, "runs", run, file))).map(({ seconds: _, ...line }) => line);
      const metrics = await withoutTimes("metrics.jsonl", name);
      assert.deepEqual(metrics.map(({ epoch, batch }) => [epoch, batch]), places);
      assert.deepEqual(metrics, await withoutTimes("metrics.jsonl", "whole"));
      assert.deepEqual(await withoutTimes("epochs.jsonl", name), await withoutTimes("epochs.jsonl", "whole"));
      const names = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
      assert.ok(!names.some((name) => name.endsWith(".tmp")), String(names));
    }
  }, { train: 450, test: 20 });
});
