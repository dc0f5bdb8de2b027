/**
 * Bytes of sequences are numbers as they are, those of pictures brightnesses, whichever engine is shown them.
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

/** Event counts: mostly none, now and then some. */
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

type Open = (spec: ReturnType<typeof specOf>) => Promise<Engine & Disposable>;

/** The samples' logits, before and after a step of training, and the losses of that. */
async function outcome(open: Open, kind: "direct" | "delta", samples: Samples): Promise<number[]> {
  const spec = specOf(kind);
  using engine = await open(spec);
  await engine.setParameters(initialParameters(spec, 0));
  const before = await engine.classify(batchOf(samples));
  const { loss } = await engine.train(batchOf(samples), { learningRate: 0.1, momentum: 0 });
  const after = await engine.classify(batchOf(samples));
  return [...before.logits, loss, ...after.logits];
}

engineTest("bytes and what lies behind a sequence's end mean what they should", async (start) => {
  const open: Open = (spec) => start({ spec, batchSize: COUNT });
  for (const kind of ["direct", "delta"] as const) {
    const numbers = await outcome(open, kind, samplesOf(Float32Array.from(COUNTS), { steps: T }));
    const pixels = await outcome(open, kind, samplesOf(byPixels, { steps: T }));
    assert.notDeepEqual(numbers, pixels);
    const said = (more: Partial<Samples>) => outcome(open, kind, samplesOf(COUNTS, more));
    assert.deepEqual(await said({ steps: T }), numbers, "sequences are numbers");
    assert.deepEqual(
      await said({ steps: T, bytes: "pixels" }),
      pixels,
      "unless they say that they are pixels",
    );
    assert.deepEqual(await said({}), pixels, "what is not called a sequence is pixels");
    assert.deepEqual(await said({ bytes: "numbers" }), numbers, "unless it says otherwise");
    const picture = { rows: T, columns: CHANNELS };
    assert.deepEqual(await said({ steps: T, picture }), pixels, "pictures are pixels, also row by row");

    // What lies behind a sequence's end is nobody's business.
    const lengths = Uint16Array.from({ length: COUNT }, (_, i) => 1 + i % T);
    const padded = (fill: number) =>
      Float32Array.from(COUNTS, (value, i) => {
        const sample = Math.floor(i / (T * CHANNELS)), step = Math.floor(i / CHANNELS) % T;
        return step < lengths[sample]! ? value : fill;
      });
    const zeros = await outcome(open, kind, samplesOf(padded(0), { steps: T, lengths }));
    for (const fill of [NaN, Infinity, -1e38]) {
      assert.deepEqual(await outcome(open, kind, samplesOf(padded(fill), { steps: T, lengths })), zeros);
    }
    assert.ok(zeros.every(Number.isFinite));
  }
});

Deno.test("Classifier takes bytes for what they stood for as its model learned", () => {
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
