import assert from "node:assert/strict";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { differencesOf, marksOf } from "../../src/report/differences.ts";
import { optionInWords } from "../../src/report/option_words.ts";
import type { RecordedRun } from "../../src/report/recorded_run.ts";
import { parseMetadata } from "../../src/runs/run_metadata.ts";

/** A run with these options, and a network. */
function runOf(options: Record<string, unknown>, spec: NetworkSpec = notebookNetwork()): RecordedRun {
  return {
    name: "r",
    directory: "runs/r",
    metadata: parseMetadata(
      JSON.stringify({ state: "finished", options: { model: "notebook", epochs: 1, ...options, spec } }),
      "run.json",
    ),
    metrics: [],
    epochs: [],
  };
}

const said = (...runs: RecordedRun[]) => differencesOf(runs).map(({ name, values }) => [name, ...values]);

Deno.test("differencesOf() names data, epochs and samples first, and leaves the machine out", () => {
  assert.deepEqual(said(runOf({}), runOf({ threads: 9, engine: "webgpu", out: "x" })), []);
  assert.deepEqual(
    said(
      runOf({ seed: 0, threads: 1 }),
      runOf({ seed: 1, epochs: 3, data: "fashion", limit: 500, threads: 2 }),
    ),
    [
      ["data", "MNIST", "fashion"],
      ["epochs", "1", "3"],
      ["training samples used", "all", "the first 500 of the shuffled set"],
      ["seed of weights, order and noise", "0", "1"],
    ],
  );
});

Deno.test("differencesOf() names a network's constants, and its sizes", () => {
  assert.deepEqual(
    said(runOf({}), runOf({}, notebookNetwork({ threshold: 1 })), runOf({}, notebookNetwork({ hidden: 50 }))),
    [
      ["sizes", "784-100-10", "784-100-10", "784-50-10"],
      ["units of fc1", "100", "100", "50"],
      ["threshold of neuron1", "2", "1", "2"],
      ["threshold of neuron2", "2", "1", "2"],
    ],
  );
  const presets = said(runOf({}), runOf({ model: "feed-forward" }, feedForwardNetwork()));
  assert.deepEqual(presets[0], ["network", "notebook", "feed-forward"]);
  assert.ok(presets.some(([name]) => name === "steps"), JSON.stringify(presets));
});

Deno.test("differencesOf() takes a model without a run for what is not known", () => {
  const { metadata: _metadata, ...alone } = runOf({});
  const model = { spec: notebookNetwork({ decay: 0.5 }), parameters: new Map(), metadata: {} };
  assert.deepEqual(said(runOf({}), runOf({ epochs: 2 }), { ...alone, model }), [
    ["epochs", "1", "2", "–"],
    ["decay of neuron1", "0.9", "0.9", "0.5"],
    ["decay of neuron2", "0.9", "0.9", "0.5"],
  ]);
});

Deno.test("marksOf() tells runs of other data, epochs and samples apart, and no others", () => {
  assert.deepEqual(marksOf([runOf({ seed: 1 }), runOf({ seed: 2 })]), ["", ""]);
  assert.deepEqual(marksOf([runOf({}), runOf({ epochs: 5, data: "x", limit: 2000 })]), [
    "on MNIST, 1 epoch, all samples",
    "on x, 5 epochs, 2,000 samples",
  ]);
});

Deno.test("optionInWords() says what an option is and what its value means", () => {
  const cases: readonly (readonly [path: string, value: string, name: string, said: string])[] = [
    ["model", "notebook", "network", "notebook: the notebook's spiking network"],
    ["model", "mine", "network", "mine"],
    ["batchSize", "1000", "samples of a batch", "1,000"],
    ["step.kind", "adamw", "optimizer", "AdamW"],
    ["step.weightDecay", "0", "weight decay", "none"],
    ["schedule.warmUp", "1", "warm-up of the learning rate", "1 batch"],
    ["augmentation.shift", "2", "pictures are shifted", "up to 2 pixels"],
    ["augmentation.scale", "0.1", "pictures are scaled", "up to 10\u00a0%"],
    ["startRate", "0.25", "first weights are scaled", "until 25\u00a0% of the units fire at a step"],
    ["skip", "true", "units that cannot fire are left out", "yes"],
    ["sessions.1.threads", "2", "session 2: threads", "2"],
    ["sessions.0.from.epoch", "1", "session 1: begins at epoch", "1"],
    ["started", "2026-11-30T08:34:21.815Z", "started", "2026-11-30 08:34:21 UTC"],
    ["test.accuracy", "0.8464", "accuracy, test set", "84.64\u00a0%"],
    // Those of another version stand as they are.
    ["later.option", "7", "later.option", "7"],
    ["toString", "7", "toString", "7"],
  ];
  for (const [path, value, ...words] of cases) assert.deepEqual(optionInWords([path, value]), words);
});
