/**
 * The networks of docs/networks.md in plain float64, slow and close to that page: no plan, no kernels, no spike lists. The
 * outer loop runs over time, the inner one over layers; the backward pass goes through every step.
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
import { type CompleteNeuron, completeNeuron, kindOf, trainableOf } from "../../src/network/neurons.ts";
import { draw, type DrawKey } from "../../src/random.ts";
import {
  AT_REST,
  constantsOf as unitConstants,
  marginOf,
  NO_GRADIENT,
  stepUnit,
  stepUnitBack,
  type UnitConstants,
  type UnitGradient,
  type UnitState,
} from "./reference_neurons.ts";

/** W `[units, inputs]` and b `[units]` of each layer, by the names of `Parameters`. */
export type ReferenceParameters = ReadonlyMap<string, Float64Array>;

/** The results of a sample's forward pass. Arrays over steps are `[steps][units]`, one for each layer. */
export interface ForwardResult {
  readonly potentials: readonly Float64Array[][];
  readonly outputs: readonly Float64Array[][];
  readonly logits: Float64Array;
  readonly logProbabilities: Float64Array;
  readonly loss: number;
  /** Spikes of the layers below the top. */
  readonly spikes: number;
  /** The least distance to a discontinuity: |u' − θ| of any unit at any step, or of a maximum from another step's value. */
  readonly margin: number;
  /** Which gates were open, as text. */
  readonly gates: string;
  /** Every unit's states, `[layers][steps][units]`. */
  readonly states: readonly (readonly (readonly UnitState[])[])[];
  /** The step of each class's maximum, where the readout takes one; −1: none. */
  readonly largest: readonly number[];
}

/**
 * A sample's inputs at every step, `[steps][inputs]`. Features that an encoder compares are rounded as in the kernels, so
 * that the spikes are the same.
 */
export function encodeSample(
  spec: NetworkSpec,
  samples: Samples,
  index: number,
  key: DrawKey,
): Float64Array[] {
  const { inputs, encoder } = spec;
  const steps = samples.lengths?.[index] ?? spec.steps;
  const features = Float64Array.from(
    samples.features.subarray(index * samples.size, (index + 1) * samples.size),
    (value) => samples.features instanceof Uint8Array ? value / 255 + encoder.offset : value,
  );
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

/** Float32 parameters as float64 ones. */
export function widen(parameters: Parameters): Map<string, Float64Array> {
  return new Map([...parameters].map(([name, tensor]) => [name, Float64Array.from(tensor)]));
}

/**
 * The forward pass.
 *
 * @param x The sample's inputs, for its number of steps.
 * @param frozen The same sample's result at close parameters: makes binary spikes smooth (see {@linkcode stepUnit}).
 */
export function runForward(
  spec: NetworkSpec,
  parameters: ReferenceParameters,
  x: readonly Float64Array[],
  label: number,
  frozen?: ForwardResult,
): ForwardResult {
  const { layers } = spec;
  const steps = x.length, top = layers.length - 1;
  const states: UnitState[][][] = layers.map(() => []);
  const neurons = layers.map(({ neuron }) => completeNeuron(neuron));
  const outputs: Float64Array[][] = layers.map(() => []), potentials: Float64Array[][] = layers.map(() => []);
  let margin = Infinity, gates = "";
  const fired = layers.map(() => 0);
  for (let t = 0; t < steps; t++) {
    layers.forEach(({ units, recurrent }, l) => {
      const neuron = neurons[l]!;
      const w = parameters.get(`w${l + 1}`)!,
        b = parameters.get(`b${l + 1}`)!,
        v = parameters.get(`v${l + 1}`);
      const input = l === 0 ? x[t]! : outputs[l - 1]![t - layers[l - 1]!.delay];
      const own = recurrent ? outputs[l]![t - 1] : undefined;
      states[l]!.push(Array.from({ length: units }, (_, n) => {
        let current = b[n]!;
        input?.forEach((value, k) => current += w[n * input.length + k]! * value);
        own?.forEach((value, m) => current += v![n * units + m]! * value);
        const past = states[l]![t - 1]?.[n] ?? AT_REST;
        const constants = constantsOf(neuron, parameters, l, n);
        const state = stepUnit(neuron, constants, past, current, frozen?.states[l]?.[t]?.[n]);
        margin = Math.min(margin, marginOf(neuron, state));
        if (kindOf(neuron).isSpiking) {
          gates += state.v > 0 ? "1" : "0";
          fired[l]! += kindOf(neuron).hasSurrogate && frozen ? state.o : Number(state.v > 0);
        }
        return state;
      }));
      potentials[l]!.push(Float64Array.from(states[l]![t]!, ({ u }) => u));
      outputs[l]!.push(Float64Array.from(states[l]![t]!, ({ o }) => o));
    });
  }

  const rows = spec.readout.from === "state" ? potentials[top]! : outputs[top]!;
  const logits = new Float64Array(layers[top]!.units), largest: number[] = [];
  logits.forEach((_, n) => {
    const read = readValues(spec, rows, n);
    logits[n] = reduced(
      spec,
      read.map(({ value }) => value),
      frozen && read.findIndex(({ step }) => step === frozen.largest[n]),
    );
    const best = read.findIndex(({ value }) => value === Math.max(...read.map(({ value }) => value)));
    largest.push(read[best]!.step);
    if (spec.readout.reduce !== "max") return;
    // The second largest value, of another step. Equal values are equal on every machine.
    const others = read.map(({ value }) => read[best]!.value - value).filter((distance) => distance > 0);
    margin = Math.min(margin, ...others);
  });
  const { loss, logProbabilities } = lossOf(spec, logits, label);
  const rates = rateTargets(spec).map(({ layer, weight, target }) =>
    weight * (fired[layer]! / (steps * layers[layer]!.units) - target) ** 2
  );
  return {
    potentials,
    outputs,
    logits,
    logProbabilities,
    loss: rates.reduce((sum, rate) => sum + rate, loss),
    spikes: fired.slice(0, top).reduce((sum, count) => sum + count, 0),
    margin,
    gates,
    states,
    largest,
  };
}

/** A unit's constants, learned or given. */
function constantsOf(
  neuron: CompleteNeuron,
  parameters: ReferenceParameters,
  layer: number,
  unit: number,
): UnitConstants {
  const learned = trainableOf(neuron).map((name) => [name, parameters.get(`${name}${layer + 1}`)![unit]!]);
  return unitConstants(neuron, Object.fromEntries(learned));
}

/** The values of one class that the readout reads; 0 before the first step (−1). */
function readValues(
  spec: NetworkSpec,
  rows: readonly Float64Array[],
  unit: number,
): { step: number; value: number }[] {
  const { delay } = spec.layers.at(-1)!;
  return Array.from(rows, (_, t) => ({ step: t - delay, value: rows[t - delay]?.[unit] ?? 0 }))
    .slice(spec.readout.reduce === "last" ? -1 : spec.readout.begin);
}

/** The logit of a class. @param chosen The index of the maximum, if it is frozen. */
function reduced(spec: NetworkSpec, values: readonly number[], chosen: number | undefined): number {
  const sum = values.reduce((total, value) => total + value, 0);
  switch (spec.readout.reduce) {
    case "mean":
      return sum / values.length;
    case "sum":
      return sum;
    case "last":
      return values.at(-1)!;
    case "max":
      return chosen === undefined ? Math.max(...values) : values[chosen]!;
    default:
      return spec.readout.reduce satisfies never;
  }
}

/** A loss, its gradient with respect to the logits, and log-softmax. */
function lossOf({ loss }: NetworkSpec, logits: Float64Array, label: number) {
  const highest = Math.max(...logits);
  const normaliser = highest + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - highest), 0));
  const logProbabilities = logits.map((z) => z - normaliser);
  switch (loss.kind) {
    case "crossEntropy":
      return {
        logProbabilities,
        loss: -logProbabilities[label]!,
        gradient: logProbabilities.map((p, n) => Math.exp(p) - Number(n === label)),
      };
    case "meanSquaredError": {
      const { correct = 1, incorrect = 0 } = loss;
      const distances = logits.map((z, n) => z - (n === label ? correct : incorrect));
      return {
        logProbabilities,
        loss: distances.reduce((sum, d) => sum + d * d, 0) / logits.length,
        gradient: distances.map((d) => 2 * d / logits.length),
      };
    }
    default:
      return loss satisfies never;
  }
}

/** The layers whose firing rate is part of the loss. */
function rateTargets(
  { layers, loss: { rate } }: NetworkSpec,
): { layer: number; weight: number; target: number }[] {
  return layers.slice(0, -1).flatMap(({ neuron }, layer) =>
    rate && kindOf(neuron).hasSurrogate ? [{ layer, ...rate }] : []
  );
}

/** The dense backward pass: the loss's gradient with respect to every parameter. */
export function gradientOf(
  spec: NetworkSpec,
  parameters: ReferenceParameters,
  x: readonly Float64Array[],
  label: number,
  { outputs, states, logits, largest }: ForwardResult,
): Map<string, Float64Array> {
  const { layers, readout } = spec;
  const steps = x.length, top = layers.length - 1;
  const gradient = new Map([...parameters].map(([name, { length }]) => [name, new Float64Array(length)]));
  const { gradient: read } = lossOf(spec, logits, label);
  const neurons = layers.map(({ neuron }) => completeNeuron(neuron));
  const targets = new Map(rateTargets(spec).map((target) => [target.layer, target]));
  /** The gradient of the readout with respect to the last layer at a step, for one class. */
  const readGradient = (t: number, n: number): number => {
    const at = t + layers[top]!.delay;
    switch (readout.reduce) {
      case "mean":
        return at < steps && at >= readout.begin ? read[n]! / (steps - readout.begin) : 0;
      case "sum":
        return at < steps && at >= readout.begin ? read[n]! : 0;
      case "last":
        return at === steps - 1 ? read[n]! : 0;
      case "max":
        return t === largest[n] ? read[n]! : 0;
      default:
        return readout.reduce satisfies never;
    }
  };
  /** Of each layer, by step and unit. */
  const back: UnitGradient[][][] = layers.map(() => []);
  for (let t = steps - 1; t >= 0; t--) {
    for (let l = top; l >= 0; l--) {
      const { units, delay, recurrent } = layers[l]!;
      const neuron = neurons[l]!;
      const above = back[l + 1]?.[t + delay], weightsAbove = parameters.get(`w${l + 2}`);
      const own = recurrent ? back[l]![t + 1] : undefined, v = parameters.get(`v${l + 1}`);
      const target = targets.get(l);
      const rate = target && states[l]!.flat().filter((state) => state.v > 0).length / (units * steps);
      back[l]![t] = Array.from({ length: units }, (_, n) => {
        const readHere = l === top ? readGradient(t, n) : 0;
        let output = readout.from === "spikes" ? readHere : 0;
        above?.forEach(({ s }, m) => output += weightsAbove![m * units + n]! * s);
        own?.forEach(({ s }, m) => output += v![m * units + n]! * s);
        if (target) output += 2 * target.weight * (rate! - target.target) / (units * steps);
        const state = states[l]![t]![n]!, past = states[l]![t - 1]?.[n] ?? AT_REST;
        const later = back[l]![t + 1]?.[n] ?? NO_GRADIENT;
        const stateGradient = readout.from === "state" ? readHere : 0;
        return stepUnitBack(
          neuron,
          constantsOf(neuron, parameters, l, n),
          state,
          past,
          output,
          stateGradient,
          later,
        );
      });
      const input = l === 0 ? x[t]! : outputs[l - 1]![t - layers[l - 1]!.delay];
      const before = recurrent ? outputs[l]![t - 1] : undefined;
      const w = gradient.get(`w${l + 1}`)!,
        b = gradient.get(`b${l + 1}`)!,
        gradientV = gradient.get(`v${l + 1}`);
      back[l]![t]!.forEach((unit, n) => {
        b[n]! += unit.s;
        input?.forEach((value, k) => w[n * input.length + k]! += unit.s * value);
        before?.forEach((value, m) => gradientV![n * units + m]! += unit.s * value);
        for (const name of trainableOf(neuron)) gradient.get(`${name}${l + 1}`)![n]! += unit[name];
      });
    }
  }
  return gradient;
}
