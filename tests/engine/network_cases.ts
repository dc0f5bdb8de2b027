/**
 * Networks with weights and samples, as property tests draw them: any architecture that the engine knows, at small odd sizes.
 *
 * @module
 */
import fc from "fast-check";
import type { Samples } from "../../src/data/samples.ts";
import { DELTA_CHANNELS, inputsOf, sampleFormOf } from "../../src/network/encoders.ts";
import type { Encoder, LayerSpec, NetworkSpec, Neuron } from "../../src/network/spec.ts";
import { numbersFrom } from "../asm/numbers.ts";

/** A network, its weights, and samples for it. */
export interface NetworkCase {
  readonly spec: NetworkSpec;
  readonly parameters: Map<string, Float32Array>;
  readonly samples: Samples;
}

const decays = fc.constantFrom(0, 0.5, 0.9, 1);

const graded: fc.Arbitrary<Neuron> = fc.record({
  kind: fc.constant("graded"),
  decay: decays,
  threshold: fc.constantFrom(-0.25, 0, 0.5, 1),
  penalty: fc.constantFrom(0, 0.75, 2.5),
});

const integrator: fc.Arbitrary<Neuron> = fc.record({ kind: fc.constant("integrator"), decay: decays });

const layersOf = (neuron: fc.Arbitrary<Neuron>): fc.Arbitrary<LayerSpec> =>
  fc.record({ units: fc.integer({ min: 1, max: 11 }), delay: fc.constantFrom(0, 1), neuron });

const offset = fc.constantFrom(0, -0.5);

const encoders: fc.Arbitrary<Encoder> = fc.oneof(
  fc.record({ kind: fc.constantFrom("noise" as const, "constant" as const, "direct" as const), offset }),
  fc.record({ kind: fc.constant("poisson" as const), rate: fc.constantFrom(0.3, 1, 1.7), offset }),
  fc.record({
    kind: fc.constant("latency" as const),
    timing: fc.constantFrom("linear" as const, "log" as const),
    threshold: fc.constantFrom(0.01, 0.4),
    offset,
  }),
  fc.record({
    kind: fc.constant("delta" as const),
    threshold: fc.constantFrom(0.1, 0.6),
    channels: fc.constantFrom(...DELTA_CHANNELS),
    offset,
  }),
);

/** One to four layers, fed and read in every way that there is. */
export const networkSpecs: fc.Arbitrary<NetworkSpec> = fc.record({
  inputs: fc.integer({ min: 1, max: 37 }),
  steps: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 13 })),
  encoder: encoders,
  below: fc.array(layersOf(graded), { maxLength: 3 }),
  top: layersOf(fc.oneof(graded, integrator)),
  reduce: fc.constantFrom("mean" as const, "sum" as const),
  begin: fc.oneof(fc.constant(0), fc.nat(12)),
}).map(({ inputs, steps, encoder, below, top, reduce, begin }): NetworkSpec => ({
  inputs: inputsOf(encoder, inputs),
  steps,
  encoder,
  layers: [...below, top],
  readout: { from: "state", reduce, begin: begin % steps },
  loss: { kind: "crossEntropy" },
}));

/** Weights wide enough that units fire: uniform in ±√(6 / inputs), biases in ±0.5. */
export function drawParameters(spec: NetworkSpec, seed: number): Map<string, Float32Array> {
  const next = numbersFrom(seed);
  let inputs = spec.inputs;
  return new Map(spec.layers.flatMap(({ units }, l) => {
    const limit = Math.sqrt(6 / inputs);
    const weights = Float32Array.from({ length: units * inputs }, () => next() * limit);
    inputs = units;
    return [[`w${l + 1}`, weights], [`b${l + 1}`, Float32Array.from({ length: units }, () => next() / 2)]];
  }));
}

/** Samples of pixels, or of numbers from −1 to 1. */
export function drawSamples(spec: NetworkSpec, seed: number, count: number, arePixels: boolean): Samples {
  const next = numbersFrom(seed);
  const { size } = sampleFormOf(spec);
  const classes = spec.layers.at(-1)?.units ?? 1;
  const values = Array.from({ length: count * size }, next);
  return {
    name: `samples drawn from ${seed}`,
    count,
    size,
    features: arePixels
      ? Uint8Array.from(values, (value) => Math.floor(128 * (value + 1)))
      : Float32Array.from(values),
    labels: Uint8Array.from({ length: count }, () => Math.floor(classes * Math.abs(next())) % classes),
  };
}

/** Any network with weights and samples. */
export function networkCases(
  { samples, specs = networkSpecs }: { samples: number; specs?: fc.Arbitrary<NetworkSpec> },
): fc.Arbitrary<NetworkCase> {
  return fc.record({ spec: specs, seed: fc.nat(1_000_000), arePixels: fc.boolean() }).map(
    ({ spec, seed, arePixels }) => ({
      spec,
      parameters: drawParameters(spec, seed),
      samples: drawSamples(spec, seed + 1, samples, arePixels),
    }),
  );
}
