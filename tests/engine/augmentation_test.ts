import assert from "node:assert/strict";
import type { Batch } from "../../src/engine/engine.ts";
import { AUGMENTATION_DEFAULTS, Augmenter } from "../../src/data/augment.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { drawKey, STREAM } from "../../src/random.ts";
import { batchesOf, batchOf, bitsOf, startEngine } from "./batches.ts";
import { drawDigits } from "./drawn_digits.ts";
import { drawSamples } from "./network_cases.ts";

const SPEC = notebookNetwork({ hidden: 12, steps: 12 });
const DIGITS = { ...drawDigits(2, 60), picture: { rows: 28, columns: 28 } };
const AUGMENTATION = { shift: 2, rotate: 15, elastic: 1.4 };
const STEP = { learningRate: 0.1, momentum: 0.5 };

const augmented = (batch: Batch): Batch => ({ ...batch, augmentation: AUGMENTATION });

Deno.test("train() with augmentation gives the same bits on any number of threads, and others in each epoch", async () => {
  const runs = [];
  for (const [threads, epoch] of [[0, 1], [1, 1], [3, 1], [0, 2]] as const) {
    using engine = await startEngine({ spec: SPEC, threads, seed: 4 });
    // Both epochs have the same order here; only the pictures and their noise differ.
    for (const batch of batchesOf(DIGITS, 25)) await engine.train(augmented({ ...batch, epoch }), STEP);
    runs.push(bitsOf(await engine.getParameters()));
  }
  assert.deepEqual(runs[1], runs[0]);
  assert.deepEqual(runs[2], runs[0]);
  assert.notDeepEqual(runs[3], runs[0]);
});

Deno.test("an engine augments a sample to the picture that Augmenter makes of it", async () => {
  using engine = await startEngine({ spec: SPEC, threads: 2, seed: 4 });
  const { features } = DIGITS;
  assert.ok(features instanceof Uint8Array);
  const augmenter = new Augmenter(DIGITS.picture);
  const moved = new Uint8Array(features.length);
  for (let i = 0; i < DIGITS.count; i++) {
    const key = drawKey(4, STREAM.augmentation, 1, i);
    moved.set(augmenter.augment(features, 784 * i, AUGMENTATION, key), 784 * i);
  }
  const result = await engine.evaluate(augmented(batchOf(DIGITS)));
  assert.deepEqual(result, await engine.evaluate(batchOf({ ...DIGITS, features: moved })));
  assert.notEqual(result.loss, (await engine.evaluate(batchOf(DIGITS))).loss);
});

Deno.test("an engine moves all planes of a picture of several channels alike", async () => {
  const spec = parseNetworkSpec({
    steps: 3,
    input: { shape: [3, 7, 9], encoder: { kind: "constant" } },
    nodes: [
      { id: "spikes", kind: "lif", decay: 0.5, threshold: 0.5 },
      { id: "flat", kind: "flatten" },
      { id: "fc", kind: "affine", units: 4 },
      { id: "out", kind: "integrator", decay: 0.9 },
    ],
  });
  const samples = { ...drawSamples(spec, 5, 20, true), picture: { rows: 7, columns: 9, channels: 3 } };
  const augmentation = { ...AUGMENTATION_DEFAULTS, cutout: 3 }, size = 3 * 63;
  const { features } = samples;
  assert.ok(features instanceof Uint8Array);
  const augmenter = new Augmenter(samples.picture), moved = new Uint8Array(features.length);
  for (let i = 0; i < samples.count; i++) {
    const key = drawKey(4, STREAM.augmentation, 1, i);
    moved.set(augmenter.augment(features, size * i, augmentation, key), size * i);
  }
  using engine = await startEngine({ spec, threads: 2, seed: 4 });
  const result = await engine.evaluate({ ...batchOf(samples), augmentation });
  assert.deepEqual(result, await engine.evaluate(batchOf({ ...samples, features: moved })));
  assert.notEqual(result.loss, (await engine.evaluate(batchOf(samples))).loss);
});

Deno.test("an engine refuses to augment samples that are not pictures of bytes, and names them", async () => {
  using engine = await startEngine({ spec: SPEC, threads: 0 });
  const { picture: _, ...bare } = DIGITS;
  const refused = [
    bare,
    { ...DIGITS, picture: { rows: 28, columns: 27 } },
    { ...DIGITS, picture: { rows: 28, columns: 28, channels: 3 } },
    { ...DIGITS, features: Float32Array.from(DIGITS.features) },
  ];
  for (const samples of refused) {
    await assert.rejects(engine.train(augmented(batchOf(samples)), STEP), {
      name: "RangeError",
      message: /^drawn digits 2: augmentation moves pictures of bytes/,
    });
  }
  await assert.rejects(engine.train({ ...batchOf(DIGITS), augmentation: { rotate: 200 } }, STEP), {
    name: "RangeError",
    message: /^augmentation\.rotate: 200/,
  });
});
