/**
 * Every engine standardises the features of a sample, whatever it is kept as; network_cases.ts holds it to the reference network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { EventCollector } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Encoder } from "../../src/network/encoders.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import type { Shape } from "../../src/network/shape.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest } from "./engines.ts";
import { drawParameters } from "./network_cases.ts";
import { encodeSample, runForward, widen } from "./reference_network.ts";
import { drawKey, STREAM } from "../../src/random.ts";

const T = 5, COUNT = 9, SHAPE: Shape = [3, 5, 7], ROW = 105, PLANE = 35;
const CONSTANTS = [
  { mean: [0.4, -0.2, 1.5], deviation: [0.25, 2, 0.7] },
  { mean: [0.4], deviation: [0.25, 2, 0.7] },
  { deviation: [0.3] },
];

const specOf = (encoder: Partial<Encoder>): NetworkSpec =>
  parseNetworkSpec({
    steps: T,
    input: { shape: SHAPE, encoder },
    nodes: [
      { id: "flat", kind: "flatten" },
      { id: "fc1", kind: "affine", units: 13 },
      { id: "spikes", kind: "lif", decay: 0.8, threshold: 0.4 },
      { id: "fc2", kind: "affine", units: 4 },
      { id: "out", kind: "integrator", decay: 0.9 },
    ],
  });

const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % 4);
const bytesOf = (size: number) =>
  Uint8Array.from({ length: COUNT * size }, (_, i) => (i * 7919 + i * i) % 256);

/** Logits before and after an update, and its loss. */
async function outcome(engine: Engine, spec: NetworkSpec, samples: Samples): Promise<number[]> {
  await engine.setParameters(initialParameters(spec, 1));
  const before = await engine.classify(batchOf(samples));
  const { loss } = await engine.train(batchOf(samples), { learningRate: 0.1, momentum: 0 });
  const after = await engine.classify(batchOf(samples));
  return [...before.logits, loss, ...after.logits];
}

/** The features by their equation, rounded once. */
function standardised(
  features: ArrayLike<number>,
  unit: number,
  { mean = [0], deviation = [1] }: typeof CONSTANTS[number],
): Float32Array {
  return Float32Array.from(features, (x, i) => {
    const channel = Math.floor(i / PLANE) % 3;
    return (x / unit - (mean[channel] ?? mean[0]!)) / (deviation[channel] ?? deviation[0]!);
  });
}

engineTest("an engine gives the bits of features that were standardised before", async (start) => {
  for (const kind of ["constant", "direct"] as const) {
    const size = kind === "direct" ? T * ROW : ROW, bytes = bytesOf(size);
    const sequence = kind === "direct" && { steps: T };
    const samplesOf = (features: Samples["features"], more: Partial<Samples> = {}): Samples => ({
      ...{ name: "samples", count: COUNT, size, labels, features },
      ...sequence,
      ...more,
    });
    const plain = specOf({ kind });
    using expecting = await start({ spec: plain, batchSize: COUNT });
    for (const constants of CONSTANTS) {
      const spec = specOf({ kind, ...constants });
      using engine = await start({ spec, batchSize: COUNT });
      const floats = Float32Array.from(bytes, (byte) => byte / 100 - 1);
      for (
        const [samples, unit] of [
          [samplesOf(bytes, { bytes: "pixels" }), 255],
          [samplesOf(bytes, { bytes: "numbers" }), 1],
          [samplesOf(floats), 1],
        ] as const
      ) {
        const before = samplesOf(
          standardised(samples.features as Uint8Array | Float32Array, unit, constants),
        );
        assert.deepEqual(
          await outcome(engine, spec, samples),
          await outcome(expecting, plain, before),
          `${kind}, ${samples.features.constructor.name}, ${JSON.stringify(constants)}`,
        );
      }
    }
  }
});

engineTest("an engine standardises events as the numbers that they stand for", async (start, name) => {
  const spec = specOf({ kind: "direct", ...CONSTANTS[0] }), size = T * ROW;
  const features = Float32Array.from(bytesOf(size), (byte) => byte > 250 ? byte - 250 : 0);
  const lengths = name === "wasm" && { lengths: Uint16Array.from(labels, (_, i) => 1 + i % T) };
  if (lengths) lengths.lengths.forEach((n, i) => features.fill(0, i * size + n * ROW, (i + 1) * size));
  const collector = new EventCollector(COUNT * T, ROW, false);
  collector.add(features, ROW);
  const common = { name: "sequences", count: COUNT, size, steps: T, labels, ...lengths };
  using engine = await start({ spec, batchSize: COUNT });
  assert.deepEqual(
    await outcome(engine, spec, { ...common, features: collector.events() }),
    await outcome(engine, spec, { ...common, features }),
  );
});

engineTest("an engine agrees with the reference network on standardised channels", async (start) => {
  const spec = specOf({ kind: "constant", ...CONSTANTS[0] }), parameters = drawParameters(spec, 5);
  const samples = { name: "pictures", count: COUNT, size: ROW, features: bytesOf(ROW), labels };
  using engine = await start({ spec, batchSize: COUNT });
  await engine.setParameters(parameters);
  const { logits } = await engine.classify(batchOf(samples));
  const expected = Array.from({ length: COUNT }, (_, i) => {
    const x = encodeSample(spec, samples, i, drawKey(0, STREAM.training, 1, i));
    return [...runForward(spec, widen(parameters), x, labels[i]!).logits];
  }).flat();
  assertClose(logits, expected, "logits");
});
