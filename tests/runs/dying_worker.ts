/**
 * A run with a worker that throws during training, and its resumption, in the current folder: `deno run dying_worker.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { EngineError } from "../../src/errors.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { resumeTraining } from "../../src/runs/resume.ts";
import { readMetadata } from "../../src/runs/run_metadata.ts";
import { type RunOptions, runTraining } from "../../src/runs/run.ts";
import { drawSamples } from "../engine/network_cases.ts";

const workers: Worker[] = [];
const Original = Worker;
globalThis.Worker = class extends Original {
  constructor(...given: ConstructorParameters<typeof Original>) {
    super(...given);
    workers.push(this);
  }
};

const spec = notebookNetwork({ inputs: 9, hidden: 6, classes: 3, steps: 50, threshold: 0.2, penalty: 0.4 });
const samples = { train: drawSamples(spec, 1, 200, false), test: drawSamples(spec, 2, 5, false) };
const OPTIONS: RunOptions = {
  model: "small",
  spec,
  samples,
  epochs: 3,
  batchSize: 40,
  step: { learningRate: 0.2, momentum: 0.5 },
  seed: 3,
  threads: 3,
  engine: "wasm",
  checkpointEvery: 1,
};
const whole = await runTraining({ ...OPTIONS, name: "whole" });

workers.length = 0;
let batches = 0;
const error = await runTraining({ ...OPTIONS, name: "dying" }, {
  onBatch() {
    // The worker throws on this message, while the others wait for it at the barrier.
    if (++batches === 7) workers[1]?.postMessage({ kind: "train", job: null });
  },
}).then(() => undefined, (error: unknown) => error);
assert.ok(error instanceof EngineError, String(error));
assert.match(error.message, /^worker 2 of 3 stopped: /);
const { state, error: written } = await readMetadata("runs/dying");
assert.deepEqual([state, written], ["failed", error.message]);

const resumed = await resumeTraining("dying", { samples });
assert.equal(resumed.weightsSha256, whole.weightsSha256);
Deno.exit();
