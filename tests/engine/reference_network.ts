/**
 * The networks of shared/NETWORKS.md in plain float64, as slow and as close to the page as can be: no plan, no kernels, no
 * spikes alone. Time runs outermost, layers within; the way back is the dense one of SPEC.md, "Backward through time".
 *
 * Symbols as there: T steps, K inputs, N units; u' the potential before the reset, u after it, o the output, g the gate,
 * δ the loss's gradient with respect to what follows it.
 *
 * @module
 */
import type { Samples } from "../../src/data/samples.ts";
import type { Parameters } from "../../src/engine/engine.ts";
import { latencyLevels } from "../../src/network/encoders.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { draw, type DrawKey } from "../../src/random.ts";

/** W `[units, inputs]` and b `[units]` of each layer, by the names of `Parameters`. */
export type ReferenceParameters = ReadonlyMap<string, Float64Array>;

/** What presenting one sample leaves behind. Arrays of steps are `[steps][units]`, one for each layer. */
export interface Presentation {
  readonly potentials: readonly Float64Array[][];
  readonly outputs: readonly Float64Array[][];
  readonly logits: Float64Array;
  readonly logProbabilities: Float64Array;
  readonly loss: number;
  /** Spikes of the layers below the top. */
  readonly spikes: number;
  /** The least |u' − θ| of any unit at any step: how far the nearest gate is from flipping. */
  readonly margin: number;
  /** Which gates were open, as text. */
  readonly gates: string;
}

/**
 * A sample's inputs at every step, `[steps][inputs]`. Where an encoder compares, features are rounded as the kernels have
 * them: so that the spikes are the same.
 */
export function encodeSample(
  spec: NetworkSpec,
  samples: Samples,
  index: number,
  key: DrawKey,
): Float64Array[] {
  const { inputs, steps, encoder } = spec;
  const features = Float64Array.from(
    samples.features.subarray(index * samples.size, (index + 1) * samples.size),
    (value) => samples.features instanceof Uint8Array ? value / 255 + encoder.offset : value,
  );
  const { fround } = Math;
  const rounded = Float32Array.from(
    samples.features.subarray(index * samples.size, (index + 1) * samples.size),
    (value) => samples.features instanceof Uint8Array ? fround(value / 255) + encoder.offset : value,
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
        const channels = samples.size / steps, threshold = fround(encoder.threshold);
        return Float64Array.from({ length: inputs }, (_, input) => {
          const at = step * channels + input % channels;
          const change = step === 0 ? 0 : fround(rounded[at]! - rounded[at - channels]!);
          const rises = change >= threshold ? 1 : 0, falls = -change >= threshold ? 1 : 0;
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

/** Float32 parameters as float64 ones. */
export function widen(parameters: Parameters): Map<string, Float64Array> {
  return new Map([...parameters].map(([name, tensor]) => [name, Float64Array.from(tensor)]));
}

/** The way forward. */
export function present(
  spec: NetworkSpec,
  parameters: ReferenceParameters,
  x: readonly Float64Array[],
  label: number,
): Presentation {
  const { steps, layers, readout } = spec;
  const potentials: Float64Array[][] = layers.map(() => []);
  const outputs: Float64Array[][] = layers.map(() => []);
  let margin = Infinity, spikes = 0, gates = "";
  for (let t = 0; t < steps; t++) {
    layers.forEach(({ units, neuron }, l) => {
      const w = parameters.get(`w${l + 1}`)!, b = parameters.get(`b${l + 1}`)!;
      const input = l === 0 ? x[t]! : outputs[l - 1]![t - layers[l - 1]!.delay];
      const u = new Float64Array(units), o = new Float64Array(units);
      for (let n = 0; n < units; n++) {
        let before = b[n]! + neuron.decay * (potentials[l]![t - 1]?.[n] ?? 0);
        input?.forEach((value, k) => before += w[n * input.length + k]! * value);
        switch (neuron.kind) {
          case "graded": {
            o[n] = Math.max(0, before - neuron.threshold);
            const isOpen = o[n]! > 0;
            u[n] = isOpen ? before - (neuron.penalty + o[n]!) : before;
            margin = Math.min(margin, Math.abs(before - neuron.threshold));
            gates += isOpen ? "1" : "0";
            if (isOpen && l < layers.length - 1) spikes++;
            break;
          }
          case "integrator":
            o[n] = u[n] = before;
            break;
          default:
            neuron satisfies never;
        }
      }
      potentials[l]!.push(u);
      outputs[l]!.push(o);
    });
  }

  const top = layers.length - 1;
  const logits = new Float64Array(layers[top]!.units);
  for (let t = readout.begin; t < steps; t++) {
    const handedOn = potentials[top]![t - layers[top]!.delay];
    handedOn?.forEach((u, n) => logits[n]! += u * readoutScale(spec));
  }
  const highest = Math.max(...logits);
  const normaliser = highest + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - highest), 0));
  const logProbabilities = logits.map((z) => z - normaliser);
  return {
    potentials,
    outputs,
    logits,
    logProbabilities,
    loss: -logProbabilities[label]!,
    spikes,
    margin,
    gates,
  };
}

/** The dense way back: the loss's gradient with respect to every parameter. */
export function gradientOf(
  spec: NetworkSpec,
  parameters: ReferenceParameters,
  x: readonly Float64Array[],
  label: number,
  { outputs, logProbabilities }: Presentation,
): Map<string, Float64Array> {
  const { steps, layers, readout } = spec;
  const top = layers.length - 1;
  const gradient = new Map([...parameters].map(([name, { length }]) => [name, new Float64Array(length)]));
  const read = logProbabilities.map((p, n) => (Math.exp(p) - (n === label ? 1 : 0)) * readoutScale(spec));
  /** δI of each layer, by step. */
  const deltas: Float64Array[][] = layers.map(() => new Array(steps));
  for (let t = steps - 1; t >= 0; t--) {
    for (let l = top; l >= 0; l--) {
      const { units, neuron, delay } = layers[l]!;
      const above = deltas[l + 1]?.[t + delay], weightsAbove = parameters.get(`w${l + 2}`);
      const isRead = l === top && t + delay < steps && t + delay >= readout.begin;
      const delta = deltas[l]![t] = new Float64Array(units);
      for (let n = 0; n < units; n++) {
        const stateGradient = (isRead ? read[n]! : 0) + neuron.decay * (deltas[l]![t + 1]?.[n] ?? 0);
        let outputGradient = 0;
        above?.forEach((d, m) => outputGradient += weightsAbove![m * units + n]! * d);
        const isOpen = neuron.kind === "graded" && outputs[l]![t]![n]! > 0;
        delta[n] = isOpen ? outputGradient : stateGradient;
      }
      const input = l === 0 ? x[t]! : outputs[l - 1]![t - layers[l - 1]!.delay];
      const w = gradient.get(`w${l + 1}`)!, b = gradient.get(`b${l + 1}`)!;
      delta.forEach((d, n) => {
        b[n]! += d;
        input?.forEach((value, k) => w[n * input.length + k]! += d * value);
      });
    }
  }
  return gradient;
}

/** What a potential that is read counts in the logits. */
function readoutScale({ steps, readout }: NetworkSpec): number {
  switch (readout.reduce) {
    case "mean":
      return 1 / (steps - readout.begin);
    case "sum":
      return 1;
    default:
      return readout.reduce satisfies never;
  }
}
