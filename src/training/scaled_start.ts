/** Data-dependent initialization of weights on a given engine: see `start.ts`. */
import type { Samples } from "../data/samples.ts";
import type { Engine, Parameters } from "../engine/engine.ts";
import { initialParameters } from "../network/initialise.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { weightsInto } from "../network/tensors.ts";
import { shuffledOrder, STREAM } from "../random.ts";

/** The default firing rate. */
export const DEFAULT_RATE = 0.1;

/** The initialization of one layer. */
export interface LayerStart {
  /** Number of the layer in the order of the description, from 1. */
  readonly layer: number;
  /** The factor on Xavier's weights, of all tensors that lead into the layer; 1 where no factor makes a difference. */
  readonly scale: number;
  /** Firing rate: the share of its units that fires at a step. */
  readonly rate: number;
  /** Whether the firing rate is the requested one. */
  readonly reached: boolean;
}

/** Initial weights, and the outcome for each spiking layer. */
export interface Start {
  /** Parameters, named as in `initialParameters`. */
  readonly parameters: Parameters;
  /** The spiking layers, in the order of the description. */
  readonly layers: readonly LayerStart[];
}

/** Number of samples the rate is measured on; a layer's units and steps make the mean precise enough. */
const SAMPLES = 32;
/** Relative tolerance of the firing rate. */
const TOLERANCE = 0.05;
/**
 * If doubling the weights raises a layer's rate by less than this share, resets limit it: still larger weights would drown the
 * threshold and the differences in the data, and the first batches would be lost on shrinking them.
 */
const SATURATION = 0.1;
/** The search covers factors between 2^−RANGE and 2^RANGE. */
const RANGE = 12;
const MOST_TRIES = 16;

/**
 * Draws initial weights with which layers fire at a chosen rate on these samples.
 *
 * @param engine Of this network and seed, for batches of 1, with `recordStates`. Afterwards it holds some of the weights that were tried.
 * @param target The firing rate: the share of a layer's units that should fire at a step.
 * @param signal Once aborted, the promise rejects with its reason.
 */
export async function scaledStart(
  engine: Engine,
  spec: NetworkSpec,
  samples: Samples,
  seed: number,
  target: number,
  signal?: AbortSignal,
): Promise<Start> {
  const indices = shuffledOrder(samples.count, seed, 0).slice(0, SAMPLES);
  const parameters = initialParameters(spec, seed);
  const layers: LayerStart[] = [];
  // A layer whose spikes are read out has to fire, too.
  const firing = structureOf(spec).populations.filter(({ isSpiking, isReadout }) =>
    isSpiking && (!isReadout || spec.readout.from === "spikes")
  );
  for (const { index } of firing) {
    const names = scaledTensors(spec, index);
    const drawn = names.map((name) => parameters.get(name)!);
    const scaled = (scale: number) =>
      names.map((name, i) => [name, drawn[i]!.map((weight) => weight * scale)] as const);
    const found = await findScale(async (scale) => {
      signal?.throwIfAborted();
      await engine.setParameters(new Map([...parameters, ...scaled(scale)]));
      return await firingRate(engine, samples, indices, index);
    }, target);
    for (const [name, weights] of scaled(found.scale)) parameters.set(name, weights);
    layers.push({ layer: index + 1, ...found });
  }
  return { parameters, layers };
}

/**
 * Names of the weights that are scaled: those that lead into a layer from the layers before it, or, where a layer has no others, those
 * of its loop.
 */
function scaledTensors(spec: NetworkSpec, population: number): readonly string[] {
  const tensors = weightsInto(spec, population);
  const forward = tensors.filter(({ isRecurrent }) => !isRecurrent);
  return (forward.length > 0 ? forward : tensors).map(({ name }) => name);
}

/** Measures a layer's mean firing rate. */
async function firingRate(
  engine: Engine,
  samples: Samples,
  indices: Uint32Array,
  layer: number,
): Promise<number> {
  const traces = await Promise.all(
    Array.from(
      indices,
      (index) => engine.trace({ samples, indices: Uint32Array.of(index), stream: STREAM.training, epoch: 0 }),
    ),
  );
  let fired = 0, pairs = 0;
  for (const { spikes } of traces) {
    for (const spike of spikes[layer]!) fired += spike;
    pairs += spikes[layer]!.length;
  }
  return fired / pairs;
}

/** A factor 2^exponent and its firing rate. */
interface Tried {
  readonly exponent: number;
  readonly rate: number;
}

/** Result of a walk to larger or smaller factors. */
interface Walk {
  /** The last factor before the target and the first one past it; undefined where the target is not passed. */
  readonly bracket: readonly [near: Tried, far: Tried] | undefined;
  /** The factor from which resets limit the rate; undefined where they do not. */
  readonly saturated: Tried | undefined;
}

/**
 * Finds the factor at which a rate is the target: doubles or halves until the target is passed, then halves the interval, on a
 * logarithmic scale.
 *
 * The rate need not rise from the first factor on. Where inputs are small relative to the biases, units fire by their biases alone:
 * with a growing factor the rate stays what it is at 0, or falls below it, before it rises.
 */
async function findScale(
  rateAt: (scale: number) => Promise<number>,
  target: number,
): Promise<Omit<LayerStart, "layer">> {
  const at = async (exponent: number): Promise<Tried> => ({ exponent, rate: await rateAt(2 ** exponent) });
  const isNear = (rate: number) => Math.abs(rate - target) <= TOLERANCE * target;
  const first = await at(0);
  if (isNear(first.rate)) return { scale: 1, rate: first.rate, reached: true };
  let largest: Promise<number> | undefined;
  /** Whether the rate never passes the target by much: then resets limit it. */
  const isHeldBack = async () => await (largest ??= rateAt(2 ** RANGE)) < (1 + SATURATION) * target;

  const walk = async (direction: 1 | -1): Promise<Walk> => {
    let far = first;
    while (Math.abs(far.exponent) < RANGE) {
      const next = await at(far.exponent + direction);
      if ((next.rate < target) !== (first.rate < target)) {
        return { bracket: [far, next], saturated: undefined };
      }
      const isFlat = direction > 0 && far.rate > 0 && next.rate < (1 + SATURATION) * far.rate;
      if (isFlat && next.rate < target && await isHeldBack()) {
        return { bracket: undefined, saturated: far };
      }
      far = next;
    }
    return { bracket: undefined, saturated: undefined };
  };

  const likely = first.rate < target ? 1 : -1;
  let { bracket, saturated } = await walk(likely);
  // Where units fire too often by their biases alone, larger weights, which silence some, may reach the target too.
  if (!bracket && (likely === -1 || await rateAt(0) >= target)) {
    ({ bracket } = await walk(likely === 1 ? -1 : 1));
  }
  if (!bracket) {
    const { exponent, rate } = saturated ?? first;
    return { scale: 2 ** exponent, rate, reached: false };
  }
  let [near, far] = bracket, best = far;
  for (let tries = 0; tries < MOST_TRIES && !isNear(best.rate); tries++) {
    best = await at((near.exponent + far.exponent) / 2);
    if ((best.rate < target) === (near.rate < target)) near = best;
    else far = best;
  }
  // Where the rate jumps over the target, no factor is near enough; the last one tried is the nearest.
  return { scale: 2 ** best.exponent, rate: best.rate, reached: isNear(best.rate) };
}
