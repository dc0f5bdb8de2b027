/**
 * Activity statistics of a network's layers: firing rates, silent and saturated units, currents relative to the threshold.
 *
 * They are half of the answer to "my spiking network learns nothing": a unit that always fires carries no information, and one that
 * never fires may have no gradient. The other half is how learning went (`diagnosis.ts`).
 */
import type { Samples } from "../data/samples.ts";
import { createEngine } from "../engine/create_engine.ts";
import type { Parameters, SampleTrace } from "../engine/engine.ts";
import type { Precision } from "../engine/wasm/precision.ts";
import { type Constant, kindOf, type Neuron } from "../network/neurons.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { type Population, structureOf } from "../network/structure.ts";
import { constantTensor, weightsInto } from "../network/tensors.ts";
import { STREAM } from "../random.ts";

/** Activity statistics of one layer over a set of samples. */
export interface LayerActivity {
  /** Number of the layer in the order of the description, from 1. */
  readonly layer: number;
  /** Number of samples the statistics cover. */
  readonly samples: number;
  /** T: the steps of a sample; a sample with its own length may have fewer. */
  readonly steps: number;
  readonly units: number;
  readonly neuron: Neuron["kind"];
  /** θ, averaged over units where each learns its own; `null` for a neuron without spikes. */
  readonly threshold: number | null;
  /** The steady current at which the potential just reaches the threshold by the last step. */
  readonly steadyCurrent: number | null;
  /** Share of (unit, step) pairs that spiked. */
  readonly firingRate: number | null;
  /** Units that fired at no step. */
  readonly silent: number | null;
  /**
   * Silent units without a gradient. Graded units have a gradient only at a spike, so all silent ones count. A `lif` unit counts if its
   * potential never came within the support of its surrogate derivative; `atan` and `fastSigmoid` have unbounded support.
   */
  readonly withoutGradient: number | null;
  /** Units that fired at every step. */
  readonly saturated: number | null;
  /** A unit fires several spikes a step: one that fires at every step still tells something. */
  readonly firesMany: boolean;
  /** Statistics of the current I over units, steps and samples. */
  readonly current: { readonly mean: number; readonly deviation: number; readonly largest: number };
  /** The largest |w| of the weights that lead into the layer, recurrent ones included; 0 where there are none. */
  readonly largestWeight: number;
}

/** The network to measure, and the samples to measure it on. */
export interface ActivityOptions {
  readonly spec: NetworkSpec;
  readonly parameters: Parameters;
  readonly seed: number;
  readonly precision?: Precision;
  readonly samples: Samples;
  readonly indices: Uint32Array;
}

/** Sums over the traces of the samples. */
interface LayerSums {
  readonly spikes: Float64Array;
  /** The highest potential of each unit. */
  readonly highest: Float64Array;
  count: number;
  sum: number;
  squares: number;
  largest: number;
}

/**
 * Measures every layer while the samples pass through the network. The forward pass runs in WASM, whichever engine trained it.
 *
 * @throws {EngineError} when the engine cannot be created.
 */
export async function observeLayers(options: ActivityOptions): Promise<LayerActivity[]> {
  const { spec, parameters, seed, precision = "f32", samples, indices } = options;
  using engine = await createEngine({
    spec,
    engine: "wasm",
    threads: 1,
    seed,
    precision,
    batchSize: 1,
    recordStates: true,
  });
  await engine.setParameters(parameters);
  const { populations } = structureOf(spec);
  const sums = populations.map(({ units }): LayerSums => ({
    spikes: new Float64Array(units),
    highest: new Float64Array(units).fill(-Infinity),
    count: 0,
    sum: 0,
    squares: 0,
    largest: 0,
  }));
  for (const index of indices) {
    const trace = await engine.trace({
      samples,
      indices: Uint32Array.of(index),
      stream: STREAM.evaluation,
      epoch: 0,
    });
    sums.forEach((layer, i) => addTrace(layer, trace, i));
  }
  return populations.map((population, i) =>
    summarise(spec, population, sums[i]!, indices.length, parameters)
  );
}

function addTrace(
  layer: LayerSums,
  { spikes: fired, currents, potentials }: SampleTrace,
  index: number,
): void {
  const { spikes, highest } = layer, units = spikes.length;
  fired[index]!.forEach((spike, at) => spikes[at % units]! += spike > 0 ? 1 : 0);
  potentials[index]!.forEach((u, at) => highest[at % units] = Math.max(highest[at % units]!, u));
  for (const current of currents[index]!) {
    layer.count++;
    layer.sum += current;
    layer.squares += current * current;
    // Math.max alone would not do: a NaN must show up in the result.
    layer.largest = Number.isNaN(current) ? NaN : Math.max(layer.largest, Math.abs(current));
  }
}

function summarise(
  spec: NetworkSpec,
  { index, units, neuron, isSpiking }: Population,
  { spikes, highest, count, sum, squares, largest }: LayerSums,
  samples: number,
  parameters: Parameters,
): LayerActivity {
  const presented = count / units; // steps of all samples
  const { steps } = spec, { gradientReach, values, firesMany } = kindOf(neuron), constants = values(neuron);
  const valuesOf = (name: Constant) => parameters.get(constantTensor(spec, index, name)?.name ?? "");
  const thresholds = valuesOf("threshold") ?? new Float32Array(units).fill(constants.threshold ?? NaN);
  const threshold = isSpiking ? meanOf(thresholds) : null;
  const reaches = gradientReach(neuron);
  const silent = Array.from(spikes, (each) => each === 0);
  const mean = sum / count;
  const total = spikes.reduce((all, each) => all + each, 0);
  // A steady current I leaves u = I·(1 − d^T) / (1 − d) at the last step.
  const decay = meanOf(valuesOf("decay") ?? [neuron.decay]);
  const reach = decay === 1 ? steps : (1 - decay ** steps) / (1 - decay);
  return {
    layer: index + 1,
    samples,
    steps,
    units,
    neuron: neuron.kind,
    threshold,
    steadyCurrent: threshold === null ? null : threshold / reach,
    firingRate: isSpiking ? total / count : null,
    silent: isSpiking ? silent.filter((each) => each).length : null,
    // The potential of a unit that never fired is never reset.
    withoutGradient: isSpiking
      ? silent.filter((each, unit) => each && thresholds[unit]! - highest[unit]! >= reaches).length
      : null,
    saturated: isSpiking ? spikes.filter((each) => each === presented).length : null,
    firesMany: firesMany(neuron),
    current: { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)), largest },
    largestWeight: Math.max(
      ...weightsInto(spec, index).map(({ name }) => largestOf(parameters.get(name) ?? [])),
      0,
    ),
  };
}

function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** The largest magnitude; NaN where there is one. */
function largestOf(values: Iterable<number>): number {
  let largest = 0;
  for (const value of values) largest = Number.isNaN(value) ? NaN : Math.max(largest, Math.abs(value));
  return largest;
}
