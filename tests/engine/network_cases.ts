/**
 * Networks with weights and samples for property tests: every architecture, at small odd sizes.
 *
 * @module
 */
import fc from "fast-check";
import type { DenseFeatures } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";
import { DELTA_CHANNELS, inputsOf, sampleFormOf } from "../../src/network/encoders.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import type {
  GradedNeuron,
  IntegratorNeuron,
  LifNeuron,
  Neuron,
  Trainable,
} from "../../src/network/neurons.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import {
  type Encoder,
  type LayerSpec,
  type Loss,
  type NetworkSpec,
  parseNetworkSpec,
} from "../../src/network/spec.ts";
import { layersOf } from "../../src/network/short_form.ts";
import { structureOf } from "../../src/network/structure.ts";
import { numbersFrom } from "../asm/numbers.ts";

/** A network like the notebook's, at small odd sizes, that spikes. */
export const SMALL = notebookNetwork({
  inputs: 29,
  hidden: 19,
  classes: 4,
  steps: 22,
  threshold: 0.5,
  penalty: 0.75,
});

/** A network, its weights, and samples for it. */
export interface NetworkCase {
  readonly spec: NetworkSpec;
  readonly parameters: Map<string, Float32Array>;
  readonly samples: Samples<DenseFeatures>;
}

const decays = fc.constantFrom(0, 0.5, 0.9, 1);

const trainable = <Name extends Trainable>(...names: Name[]) => fc.subarray(names);

const graded: fc.Arbitrary<GradedNeuron> = fc.record({
  kind: fc.constant("graded"),
  decay: decays,
  threshold: fc.constantFrom(-0.25, 0, 0.5, 1),
  penalty: fc.constantFrom(0, 0.75, 2.5),
  scale: fc.constantFrom(1, 1, 1.3, -0.5),
  trainable: fc.oneof(fc.constant([]), trainable("decay", "threshold", "scale")),
});

const lif: fc.Arbitrary<LifNeuron> = fc.record({
  kind: fc.constant("lif"),
  decay: decays,
  threshold: fc.constantFrom(0.25, 0.5, 1),
  reset: fc.constantFrom("subtract", "zero", "none", "subtractLate", "zeroLate"),
  surrogate: fc.record({
    kind: fc.constantFrom("atan", "fastSigmoid", "triangle", "boxcar"),
    slope: fc.constantFrom(0.5, 1, 2, 10),
  }),
  synapticDecay: fc.constantFrom(0, 0, 0.7),
  adaptation: fc.constantFrom(0, 0, 0.4),
  adaptationDecay: fc.constantFrom(0, 0.85),
  start: fc.constantFrom(0, 0, 0.6),
  spikes: fc.constantFrom("one", "one", "many"),
  trainable: fc.oneof(fc.constant([]), trainable("decay", "threshold", "start")),
});

const integrator: fc.Arbitrary<IntegratorNeuron> = fc.record({
  kind: fc.constant("integrator"),
  decay: decays,
  synapticDecay: fc.constantFrom(0, 0, 0.6),
  start: fc.constantFrom(0, 0, -0.4),
  trainable: fc.oneof(fc.constant([]), trainable("decay", "start")),
});

const drawnLayers = (neuron: fc.Arbitrary<Neuron>): fc.Arbitrary<LayerSpec> =>
  fc.record({
    units: fc.integer({ min: 1, max: 11 }),
    delay: fc.constantFrom(0, 1),
    recurrent: fc.constantFrom(false, false, true),
    neuron,
  });

const offset = fc.constantFrom(0, -0.5);

const encoders: fc.Arbitrary<Encoder> = fc.oneof(
  fc.record({ kind: fc.constantFrom("noise" as const, "constant" as const, "direct" as const), offset }),
  fc.record({
    kind: fc.constantFrom("constant" as const, "direct" as const),
    offset: fc.constant(0),
    mean: fc.constantFrom([0.4], [-0.1]),
    deviation: fc.constantFrom([1], [0.6]),
  }),
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

const losses: fc.Arbitrary<Loss> = fc.oneof(
  fc.constant<Loss>({ kind: "crossEntropy" }),
  fc.constant<Loss>({ kind: "meanSquaredError", correct: 0.75, incorrect: -0.25 }),
);

/** Networks of one to four layers with every encoder and readout. */
export const networkSpecs: fc.Arbitrary<NetworkSpec> = networksOf(
  fc.oneof(graded, lif),
  fc.oneof(graded, lif, integrator),
);

/** Networks like the notebook's: graded neurons without learned constants or recurrence, read by their states. */
export const gradedSpecs: fc.Arbitrary<NetworkSpec> = networksOf(graded, fc.oneof(graded, integrator)).map((
  spec,
) =>
  withLayers(spec, (layers) =>
    layers.map(({ neuron, ...layer }) => ({
      ...layer,
      recurrent: false,
      neuron: neuron.kind === "graded" ? { ...neuron, scale: 1, trainable: [] } : neuron,
    })))
);

/** The layers of a description in short form. */
export type Layers = NonNullable<ReturnType<typeof layersOf>>["layers"];

/** The layers of a network that is a chain of them. */
export function layersIn(spec: NetworkSpec): Layers {
  return layersOf(spec)!.layers;
}

/** The same network with other layers. */
export function withLayers(spec: NetworkSpec, change: (layers: Layers) => readonly unknown[]): NetworkSpec {
  return parseNetworkSpec({ ...layersOf(spec), layers: change(layersIn(spec)) });
}

/** The same network with another encoder, and so many inputs. */
export function withEncoder(
  spec: NetworkSpec,
  encoder: Encoder,
  inputs: number = structureOf(spec).inputs,
): NetworkSpec {
  return { ...spec, input: { shape: [inputs], encoder } };
}

function networksOf(below: fc.Arbitrary<Neuron>, top: fc.Arbitrary<Neuron>): fc.Arbitrary<NetworkSpec> {
  return fc.record({
    inputs: fc.integer({ min: 1, max: 37 }),
    steps: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 13 })),
    encoder: encoders,
    below: fc.array(drawnLayers(below), { maxLength: 3 }),
    top: drawnLayers(top),
    from: fc.constantFrom("state" as const, "spikes" as const),
    reduce: fc.constantFrom("mean" as const, "sum" as const, "max" as const, "last" as const),
    begin: fc.oneof(fc.constant(0), fc.nat(12)),
    loss: losses,
    rate: fc.option(fc.record({ target: fc.constantFrom(0, 0.25), weight: fc.constantFrom(0.5, 3) })),
  }).map(({ inputs, steps, encoder, below, top, from, reduce, begin, loss, rate }): NetworkSpec =>
    parseNetworkSpec({
      inputs: inputsOf(encoder, inputs),
      steps,
      encoder,
      layers: [...below, top],
      readout: { from, reduce, begin: begin % steps },
      loss: rate && below.some(({ neuron }) => neuron.kind === "lif") ? { ...loss, rate } : loss,
    })
  );
}

/** Weights so large that units spike: uniform in ±√(6 / inputs), biases in ±0.5. */
export function drawParameters(spec: NetworkSpec, seed: number): Map<string, Float32Array> {
  const next = numbersFrom(seed);
  const first = initialParameters(spec, 0);
  return new Map(
    structureOf(spec).tensors.map(({ name, role, node, fanIn }) => {
      const isConstant = role === "constant"; // near its first value, another for each unit
      const gain = node.startsWith("rec") ? 1 : 6;
      const limit = role === "weight" ? Math.sqrt(gain / fanIn) : 0.5;
      return [
        name,
        first.get(name)!.map((value) =>
          isConstant ? value * (1 + 0.1 * next()) - 0.05 * Math.abs(next()) : limit * next()
        ),
      ];
    }),
  );
}

/** Samples of pixels, or of numbers from −1 to 1. */
export function drawSamples(
  spec: NetworkSpec,
  seed: number,
  count: number,
  arePixels: boolean,
): Samples<DenseFeatures> {
  const next = numbersFrom(seed);
  const { size } = sampleFormOf(spec);
  const { classes } = structureOf(spec);
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

/** Networks with weights and samples. @param options.unequal Sequences may be of unequal lengths. */
export function networkCases(
  { samples, specs = networkSpecs, unequal = false }: {
    samples: number;
    specs?: fc.Arbitrary<NetworkSpec>;
    unequal?: boolean;
  },
): fc.Arbitrary<NetworkCase> {
  const cut = unequal ? fc.boolean() : fc.constant(false);
  return fc.record({ spec: specs, seed: fc.nat(1_000_000), arePixels: fc.boolean(), isCut: cut }).map(
    ({ spec, seed, arePixels, isCut }) => {
      const drawn = drawSamples(spec, seed + 1, samples, arePixels);
      return {
        spec,
        parameters: drawParameters(spec, seed),
        samples: isCut && sampleFormOf(spec).isSequence ? withLengths(drawn, spec, seed) : drawn,
      };
    },
  );
}

/** The same sequences, cut off after unequal numbers of steps; NaN, or 255, follows their ends. */
export function withLengths(
  samples: Samples<DenseFeatures>,
  spec: NetworkSpec,
  seed: number,
): Samples<DenseFeatures> {
  const next = numbersFrom(seed);
  const most = spec.steps - spec.readout.begin; // the readout reads at least one step
  const lengths = Uint16Array.from(
    { length: samples.count },
    () => spec.readout.begin + 1 + Math.floor(Math.abs(next()) * most) % most,
  );
  const features = samples.features.slice();
  lengths.forEach((length, i) => {
    features.fill(
      features instanceof Float32Array ? NaN : 255,
      i * samples.size + length * sampleFormOf(spec).channels,
      (i + 1) * samples.size,
    );
  });
  return { ...samples, features, lengths };
}
