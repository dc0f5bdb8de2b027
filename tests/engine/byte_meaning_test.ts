/**
 * Every engine takes the bytes of sequences as numbers and those of pictures as brightness.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Classifier } from "../../src/classify/classifier.ts";
import type { Samples } from "../../src/data/samples.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { integrator, layer, lif, network } from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { batchOf } from "./batches.ts";
import { engineTest } from "./engines.ts";

const T = 6, CHANNELS = 5, COUNT = 12;
const specOf = (kind: "direct" | "delta") =>
  network({
    inputs: kind === "delta" ? 2 * CHANNELS : CHANNELS,
    steps: T,
    encoder: { kind },
    layers: [layer(9, lif({ threshold: 0.5 })), layer(3, integrator())],
  });
const kernels = await loadKernels("plain");

/** Event counts, most of them 0. */
const COUNTS = Uint8Array.from({ length: COUNT * T * CHANNELS }, (_, i) => i * 7 % 5 === 0 ? i % 4 : 0);
const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % 3);
const samplesOf = (features: Samples["features"], more: Partial<Samples> = {}): Samples => ({
  name: "events",
  count: COUNT,
  size: T * CHANNELS,
  features,
  labels,
  ...more,
});
const byPixels = Float32Array.from(COUNTS, (byte) => Math.fround(byte / 255));

/** The samples' logits before and after an update, and the loss of that update. */
async function outcome(engine: Engine, spec: NetworkSpec, samples: Samples): Promise<number[]> {
  await engine.setParameters(initialParameters(spec, 0));
  const before = await engine.classify(batchOf(samples));
  const { loss } = await engine.train(batchOf(samples), { learningRate: 0.1, momentum: 0 });
  const after = await engine.classify(batchOf(samples));
  return [...before.logits, loss, ...after.logits];
}

engineTest(
  "an engine reads bytes as numbers or pixels by their kind, and nothing after a sequence's end",
  async (start) => {
    for (const kind of ["direct", "delta"] as const) {
      const spec = specOf(kind);
      using engine = await start({ spec, batchSize: COUNT });
      const outcomeOf = (features: Samples["features"], more: Partial<Samples>) =>
        outcome(engine, spec, samplesOf(features, more));
      const numbers = await outcomeOf(Float32Array.from(COUNTS), { steps: T });
      const pixels = await outcomeOf(byPixels, { steps: T });
      assert.notDeepEqual(numbers, pixels);
      const bytes = (more: Partial<Samples>) => outcomeOf(COUNTS, more);
      assert.deepEqual(await bytes({ steps: T }), numbers, "a sequence");
      assert.deepEqual(await bytes({ steps: T, bytes: "pixels" }), pixels, "a sequence of pixels");
      assert.deepEqual(await bytes({}), pixels, "no sequence");
      assert.deepEqual(await bytes({ bytes: "numbers" }), numbers, "numbers that are no sequence");
      const picture = { rows: T, columns: CHANNELS };
      assert.deepEqual(await bytes({ steps: T, picture }), pixels, "a picture, row by row");

      const lengths = Uint16Array.from({ length: COUNT }, (_, i) => 1 + i % T);
      const padded = (fill: number) =>
        Float32Array.from(COUNTS, (value, i) => {
          const sample = Math.floor(i / (T * CHANNELS)), step = Math.floor(i / CHANNELS) % T;
          return step < lengths[sample]! ? value : fill;
        });
      const zeros = await outcomeOf(padded(0), { steps: T, lengths });
      for (const fill of [NaN, Infinity, -1e38]) {
        assert.deepEqual(await outcomeOf(padded(fill), { steps: T, lengths }), zeros);
      }
      assert.ok(zeros.every(Number.isFinite));
    }
  },
);

Deno.test("Classifier reads bytes as numbers or pixels, as in its model's training", () => {
  const spec = specOf("direct");
  const parameters = initialParameters(spec, 0);
  const logits = (metadata: Record<string, string>, features: Uint8Array | Float32Array) =>
    new Classifier({ spec, parameters, metadata }, { kernels }).classify(features).probabilities;
  const size = T * CHANNELS, counts = COUNTS.subarray(0, size);
  const numbers = logits({}, Float32Array.from(counts)), pixels = logits({}, byPixels.subarray(0, size));
  assert.notDeepEqual(numbers, pixels);
  assert.deepEqual(logits({}, counts), numbers);
  assert.deepEqual(logits({ bytes: "numbers" }, counts), numbers);
  assert.deepEqual(logits({ bytes: "pixels" }, counts), pixels);
});
