/**
 * Layered networks in plain float64: the short form of the reference on graphs (tests/graph), and how samples are encoded.
 *
 * @module
 */
import type { DenseFeatures } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";
import type { Parameters } from "../../src/engine/engine.ts";
import { sizeOf } from "../../src/network/shape.ts";
import { latencyLevels } from "../../src/network/encoders.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { draw, type DrawKey } from "../../src/random.ts";
import { type GraphRun, runGraph, widenTensors } from "../graph/reference_graph.ts";

/** W `[units, inputs]` and b `[units]` of each layer, by the names of `Parameters`. */
export type ReferenceParameters = ReadonlyMap<string, Float64Array>;

/** The results of a sample's forward pass. Arrays over steps are `[steps][units]`, one for each layer. */
export interface ForwardResult {
  readonly potentials: readonly (readonly Float64Array[])[];
  readonly outputs: readonly (readonly Float64Array[])[];
  readonly logits: Float64Array;
  readonly logProbabilities: Float64Array;
  readonly loss: number;
  /** Spikes of the hidden layers. */
  readonly spikes: number;
  /** See {@linkcode GraphRun.margin}. */
  readonly margin: number;
  /** Which gates were open, as text. */
  readonly gates: string;
  /** The same as a graph. */
  readonly run: GraphRun;
}

/**
 * A sample's inputs at every step, `[steps][inputs]`. Features that an encoder compares are rounded as in the kernels, so
 * that the spikes are the same.
 */
export function encodeSample(
  spec: Pick<NetworkSpec, "input" | "steps">,
  samples: Samples<DenseFeatures>,
  index: number,
  key: DrawKey,
): Float64Array[] {
  const { shape, encoder } = spec.input, inputs = sizeOf(shape);
  const steps = samples.lengths?.[index] ?? spec.steps;
  const features = Float64Array.from(
    samples.features.subarray(index * samples.size, (index + 1) * samples.size),
    (value) => samples.features instanceof Uint8Array ? value / 255 + encoder.offset : value,
  ).map(standardised(spec.input));
  const { fround } = Math;
  const rounded = Float32Array.from(
    samples.features.subarray(index * samples.size, (index + 1) * samples.size),
    (value) => {
      if (!(samples.features instanceof Uint8Array)) return value;
      return fround(value / 255) + (encoder.kind === "delta" ? 0 : encoder.offset); // which changes no difference
    },
  );
  return Array.from({ length: steps }, (_, step) => {
    switch (encoder.kind) {
      case "noise":
        return features.map((x, input) => draw(key, step, input) * x);
      case "poisson":
        return Float64Array.from(
          rounded,
          (x, input) => draw(key, step, input) < fround(x * encoder.rate) ? 1 : 0,
        );
      case "latency": {
        const levels = latencyLevels(encoder, steps);
        const spikes = (x: number, at: number) => at >= 0 && x >= levels[at]!;
        return Float64Array.from(rounded, (x) => spikes(x, step) && !spikes(x, step - 1) ? 1 : 0);
      }
      case "delta": {
        const channels = samples.size / spec.steps, threshold = fround(encoder.threshold);
        return Float64Array.from({ length: inputs }, (_, input) => {
          const at = step * channels + input % channels;
          const [now, before] = [rounded[at]!, rounded[at - (step === 0 ? 0 : channels)]!];
          const change = fround(now - before);
          const slack = Math.min(threshold / 2, Math.max(Math.abs(now), Math.abs(before)) / 2 ** 21);
          const rises = fround(change + slack) >= threshold ? 1 : 0;
          const falls = fround(slack - change) >= threshold ? 1 : 0;
          switch (encoder.channels) {
            case "on":
              return rises;
            case "sign":
              return rises - falls;
            case "both":
              return input < channels ? rises : falls;
            default:
              return encoder.channels satisfies never;
          }
        });
      }
      case "constant":
        return features;
      case "direct":
        return features.subarray(step * inputs, (step + 1) * inputs);
      default:
        return encoder satisfies never;
    }
  });
}

/** (x − mean) / deviation of the i-th number of a sample. */
function standardised({ shape, encoder }: NetworkSpec["input"]): (x: number, i: number) => number {
  if (encoder.kind !== "constant" && encoder.kind !== "direct") return (x) => x;
  const { mean = [0], deviation = [1] } = encoder, positions = sizeOf(shape) / shape[0];
  return (x, i) => {
    const channel = Math.floor(i / positions) % shape[0];
    return (x - (mean[channel] ?? mean[0]!)) / (deviation[channel] ?? deviation[0]!);
  };
}

/** Float32 parameters as float64 ones. */
export function widen(parameters: Parameters): Map<string, Float64Array> {
  return widenTensors(parameters);
}

/**
 * The forward pass.
 *
 * @param x The sample's inputs, for its number of steps.
 * @param frozen The same sample's result at close parameters: makes binary spikes smooth (see {@linkcode runGraph}).
 */
export function runForward(
  spec: NetworkSpec,
  parameters: ReferenceParameters,
  x: readonly Float64Array[],
  label: number,
  frozen?: ForwardResult,
): ForwardResult {
  const run = runGraph(spec, parameters, { x: [x], labels: [label] }, frozen?.run);
  const rowsOf = (value: "u" | "o") =>
    [...run.states.values()].map((steps) =>
      steps.slice(0, x.length).map(([units]) => Float64Array.from(units!, (state) => state[value]))
    );
  return {
    potentials: rowsOf("u"),
    outputs: rowsOf("o"),
    logits: run.logits[0]!,
    logProbabilities: run.logProbabilities[0]!,
    loss: run.loss,
    spikes: run.spikes[0]!,
    margin: run.margin,
    gates: run.gates,
    run,
  };
}

/** The backward pass: the loss's gradient with respect to every parameter, in the order of the parameters. */
export function gradientOf(
  parameters: ReferenceParameters,
  { run }: ForwardResult,
): Map<string, Float64Array> {
  const { tensors } = run.gradient();
  return new Map([...parameters.keys()].map((name) => [name, tensors.get(name)!]));
}
