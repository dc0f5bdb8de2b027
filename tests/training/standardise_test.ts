import assert from "node:assert/strict";
import { EventCollector } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";
import type { Encoder } from "../../src/network/encoders.ts";
import type { Shape } from "../../src/network/shape.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { standardised } from "../../src/training/standardise.ts";

const specOf = (shape: Shape, encoder: Partial<Encoder>, steps = 3): NetworkSpec =>
  parseNetworkSpec({
    steps,
    input: { shape, encoder },
    nodes: [
      { id: "flat", kind: "flatten" },
      { id: "fc", kind: "affine", units: 2 },
      { id: "out", kind: "integrator", decay: 0.9 },
    ],
  });

const samplesOf = (features: Samples["features"], count: number, more: Partial<Samples> = {}): Samples => ({
  ...{ name: "samples", count, size: "ends" in features ? 0 : features.length / count, features },
  labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
  ...more,
});

/** The encoder that is measured, without its offset. */
function measured(spec: NetworkSpec, samples: Samples, indices?: Uint32Array) {
  const { encoder } = standardised(spec, samples, indices).input;
  assert.ok(encoder.kind === "constant" || encoder.kind === "direct");
  assert.equal(encoder.offset, 0);
  return { mean: encoder.mean, deviation: encoder.deviation };
}

Deno.test("standardised() measures the brightnesses of each channel, of the chosen samples alone", () => {
  // Two pictures of two planes of 1 × 2 pixels, and one that does not count.
  const bytes = Uint8Array.of(0, 255, 51, 51, /**/ 255, 0, 153, 153, /**/ 9, 9, 9, 9);
  const spec = specOf([2, 1, 2], { kind: "constant", offset: -0.5 });
  const { mean, deviation } = measured(spec, samplesOf(bytes, 3), Uint32Array.of(1, 0));
  assert.deepEqual(mean, [0.5, (0.6 + 0.6 + 0.2 + 0.2) / 4]);
  assert.deepEqual(deviation!.map((each) => each.toFixed(12)), ["0.500000000000", "0.200000000000"]);
  assert.notDeepEqual(measured(spec, samplesOf(bytes, 3)).mean, mean);
});

Deno.test("standardised() gives one number for flat pictures, and one an input of other samples", () => {
  const spec = specOf([4], { kind: "constant" });
  const bytes = Uint8Array.of(0, 0, 255, 255);
  assert.deepEqual(measured(spec, samplesOf(bytes, 1)), { mean: [0.5], deviation: [0.5] });
  const floats = Float32Array.of(1, 2, 3, 4, /**/ 3, 2, -3, 4);
  // Inputs that never vary have the deviation 1.
  assert.deepEqual(measured(spec, samplesOf(floats, 2)), { mean: [2, 2, 0, 4], deviation: [1, 1, 3, 1] });
  const picture = { rows: 2, columns: 2 };
  assert.deepEqual(measured(spec, samplesOf(floats, 2, { picture })).mean, [2]);
});

Deno.test("standardised() reads sequences up to their ends, of numbers and of events", () => {
  const spec = specOf([2], { kind: "direct" });
  const features = Float32Array.of(1, 0, 3, 0, 0, 0, /**/ 0, 4, 0, 0, 8, 0);
  const lengths = Uint16Array.of(2, 3), common = { steps: 3, size: 6, lengths };
  const expected = { mean: [12 / 5, 4 / 5], deviation: [Math.sqrt(74 / 5 - 5.76), Math.sqrt(16 / 5 - 0.64)] };
  const found = measured(spec, samplesOf(features, 2, common));
  const rounded = ({ mean, deviation }: typeof found) =>
    [...mean!, ...deviation!].map((each) => each.toFixed(12));
  assert.deepEqual(rounded(found), rounded(expected));
  const collector = new EventCollector(6, 2, false);
  collector.add(features, 2);
  assert.deepEqual(measured(spec, samplesOf(collector.events(), 2, common)), found);
});

Deno.test("standardised() refuses encoders that take no features as they are, and what is standardised already", () => {
  const samples = samplesOf(new Float32Array(8), 2);
  for (
    const [encoder, message] of [
      [{ kind: "noise" }, /^standardize: the network's encoder is noise: expected constant or direct/],
      [{ kind: "constant", mean: [1] }, /^standardize: the network's encoder has mean or deviation already/],
    ] as const
  ) {
    assert.throws(() => standardised(specOf([4], encoder), samples), { name: "OptionError", message });
  }
  const spec = specOf([4], { kind: "constant" });
  assert.throws(() => standardised(spec, samples, new Uint32Array()), {
    name: "OptionError",
    message: /^standardize: samples: no samples/,
  });
  assert.throws(() => standardised(specOf([5], { kind: "constant" }), samples), {
    name: "RangeError",
    message: /^samples: 4 features a sample, but the network takes 5$/,
  });
});
