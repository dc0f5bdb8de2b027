import assert from "node:assert/strict";
import { notebookNetwork } from "../../src/network/presets.ts";
import {
  differences,
  parseOptions,
  type RecordedOptions,
  recordOptions,
} from "../../src/runs/run_options.ts";

const FEW: RecordedOptions = {
  model: "notebook",
  spec: notebookNetwork(),
  epochs: 2,
  batchSize: 10,
  step: { learningRate: 0.1, momentum: 0.5 },
  seed: 2 ** 53 - 1,
  threads: 3,
  engine: "wasm",
};
const ALL: Required<RecordedOptions> = {
  ...FEW,
  schedule: { kind: "step", every: 3, factor: 0.1, warmUp: 5 },
  augmentation: { shift: 2, rotate: 10, elastic: 1, scale: 0.1, flip: 0.5, crop: 4, cutout: 8 },
  startRate: 0.1,
  startFrom: "other",
  precision: "i16",
  skip: false,
  tune: true,
  gpuMemory: 512,
  limit: 2000,
  validation: 0.1,
  patience: 4,
  checkpointEvery: 7,
  data: "some/where",
  out: "model.safetensors",
};

/** Options after a round trip through a file. */
const written = (options: RecordedOptions) => JSON.parse(JSON.stringify(recordOptions(options)));

Deno.test("parseOptions() reads what recordOptions() wrote, without options that had defaults", () => {
  const adam: RecordedOptions = {
    ...FEW,
    step: { kind: "adamw", learningRate: 0.01, beta2: 0.99, clip: 1, ema: 0.9 },
  };
  for (const options of [FEW, ALL, adam]) {
    assert.deepEqual(parseOptions(written(options), "run.json"), options);
  }
  assert.equal(written(FEW).limit, null);
  assert.ok(!("samples" in written({ ...FEW, ...{ samples: {}, name: "x" } })));
});

Deno.test("parseOptions() reads the former name of the notebook preset", () => {
  assert.equal(parseOptions({ ...written(FEW), model: "seed" }, "run.json").model, "notebook");
});

Deno.test("parseOptions() names missing, unknown and wrong options", () => {
  for (
    const [change, message] of [
      [{ solver: "adam" }, /^run\.json: solver: another version of Spikelet wrote this$/],
      [{ batchSize: "10" }, /^run\.json: batchSize: /],
      [{ epochs: undefined }, /^run\.json: epochs: /],
      [{ schedule: { kind: "linear" } }, /^run\.json: schedule\.kind: /],
      [{ spec: { inputs: 3 } }, /^run\.json: spec: /],
    ] as const
  ) {
    assert.throws(() => parseOptions({ ...written(ALL), ...change }, "run.json"), {
      name: "InputError",
      message,
    });
  }
  assert.throws(() => parseOptions("rubbish", "run.json"), {
    name: "InputError",
    message: /^run\.json: the whole: /,
  });
});

Deno.test("differences() names the options that a resumed run must keep, and none that may change", () => {
  const free = {
    epochs: 9,
    threads: 1,
    engine: "hybrid",
    gpuMemory: 64,
    skip: true,
    data: "else/where",
  } as const;
  assert.deepEqual(differences(ALL, { ...ALL, ...free }), []);
  assert.deepEqual(differences(ALL, { ...ALL, seed: 1, step: { learningRate: 0.2, momentum: 0.5 } }), [
    "step",
    "seed",
  ]);
});
