/**
 * Firing rates of a network's units over many samples, which are traced one by one so that memory does not grow with them.
 */
import type { Samples } from "../data/samples.ts";
import type { Engine, SampleTrace } from "../engine/engine.ts";
import { mapsOf } from "../network/maps.ts";
import type { Shape } from "../network/shape.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { STREAM } from "../random.ts";

/** A layer that fires, over all recorded samples. */
export interface LayerActivity {
  /** From 0. */
  readonly layer: number;
  readonly units: number;
  /** Spikes a step of each unit. */
  readonly rates: Float64Array;
  /** The same, over the samples of each class, `[classes, units]`. */
  readonly ratesByClass: Float64Array;
}

/** The recorded rates. */
export interface Recordings {
  /** Number of samples. */
  readonly count: number;
  /** The layers that fire, in the order of the description. */
  readonly layers: readonly LayerActivity[];
}

/** A layer's activity with its maps in place of its units: means over their units; the layer's own where each map is a unit. */
export function activityOfMaps(activity: LayerActivity, shape: Shape): LayerActivity {
  const { layer, units, rates, ratesByClass } = activity, sizes = mapsOf(shape);
  if (!sizes) return activity;
  const size = sizes.rows * sizes.columns;
  const means = (rates: Float64Array) =>
    Float64Array.from(
      { length: rates.length / size },
      (_, map) => rates.subarray(map * size, (map + 1) * size).reduce((sum, rate) => sum + rate, 0) / size,
    );
  return { layer, units: units / size, rates: means(rates), ratesByClass: means(ratesByClass) };
}

/** Multiply–adds that recording may take: about ten seconds of one core. */
const WORK = 1e10;
const MOST = 500;
const LEAST = 16;

/** The layers that fire, from 0; an integrator's outputs are its potentials. */
export function spikingLayers(spec: NetworkSpec): number[] {
  return structureOf(spec).populations.filter(({ isSpiking }) => isSpiking).map(({ index }) => index);
}

/** How many samples are recorded: 500, or fewer where the network is large. */
export function recordedCount(spec: NetworkSpec, available: number): number {
  const affordable = Math.floor(WORK / (spec.steps * structureOf(spec).multiplyAdds));
  return Math.min(available, Math.max(LEAST, Math.min(MOST, affordable)));
}

/** Traces one sample with the noise that `evaluate` uses. */
export function traceSample(engine: Engine, samples: Samples, index: number): Promise<SampleTrace> {
  return engine.trace({ samples, indices: Uint32Array.of(index), stream: STREAM.evaluation, epoch: 0 });
}

/**
 * Records the first samples of a data set.
 *
 * @param engine Made with `recordStates`.
 * @param onSample Called after every sample.
 */
export async function recordSamples(
  engine: Engine,
  spec: NetworkSpec,
  samples: Samples,
  count: number,
  onSample: (done: number, total: number) => void = () => {},
): Promise<Recordings> {
  const sums = spikingLayers(spec).map((layer) => sumLayer(spec, layer));
  for (let index = 0; index < count; index++) {
    const { spikes } = await traceSample(engine, samples, index);
    for (const sum of sums) sum.add(spikes[sum.layer]!, samples.labels[index]!);
    onSample(index + 1, count);
  }
  return { count, layers: sums.map((sum) => sum.result()) };
}

/** Counts one layer's spikes, by class. */
function sumLayer(spec: NetworkSpec, layer: number) {
  const { classes, populations } = structureOf(spec), { units } = populations[layer]!;
  const byClass = new Float64Array(classes * units), stepsByClass = new Float64Array(classes);
  let presented = 0;
  return {
    layer,
    add(spikes: Uint8Array, label: number) {
      const length = spikes.length / units;
      for (let t = 0; t < length; t++) {
        for (let n = 0; n < units; n++) byClass[label * units + n]! += spikes[t * units + n]!;
      }
      stepsByClass[label]! += length;
      presented += length;
    },
    result(): LayerActivity {
      return {
        layer,
        units,
        rates: Float64Array.from({ length: units }, (_, n) => {
          let spikes = 0;
          for (let label = 0; label < classes; label++) spikes += byClass[label * units + n]!;
          return spikes / presented;
        }),
        ratesByClass: byClass.map((spikes, i) => spikes / Math.max(1, stepsByClass[Math.floor(i / units)]!)),
      };
    },
  };
}
