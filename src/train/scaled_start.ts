/**
 * How weights begin, from the data, on an engine that is there: see `start.ts`.
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import type { Engine, Parameters } from "../engine/engine.ts";
import { initialParameters } from "../network/initialise.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { PURPOSE, shuffledOrder } from "../random.ts";

/** The rate where none is asked for. */
export const DEFAULT_RATE = 0.1;

/** A layer's start. */
export interface LayerStart {
  /** What Xavier's weights were multiplied by; 1 where no factor makes a difference. */
  readonly scale: number;
  /** The share of its units that fires at a step. */
  readonly rate: number;
  /** Whether that is the rate that was asked for. */
  readonly reached: boolean;
}

/** Weights to begin with, and how the layers that spike come out. */
export interface Start {
  /** As `initialParameters` names them. */
  readonly parameters: Parameters;
  /** From the inputs up. */
  readonly layers: readonly LayerStart[];
}

/** Samples that are looked at: with the units and steps of a layer, enough for its rate. */
const SAMPLES = 32;
/** How near a rate is to come, relative to what was asked for. */
const TOLERANCE = 0.05;
/**
 * Where doubling its weights makes a layer fire so little more, relative to what it does, its resets hold it back: weights that
 * go on growing would drown the threshold and the data's differences, and the first batches would be lost on shrinking them.
 */
const SATURATION = 0.1;
/** Factors are looked for between 2^−RANGE and 2^RANGE. */
const RANGE = 12;
const MOST_TRIES = 16;

/**
 * Draws first weights whose layers fire at a chosen rate on these samples.
 *
 * @param engine Of this network and seed, for batches of 1, with `record`. In the end it has some of the weights that were tried.
 * @param target The share of a layer's units that is to fire at a step.
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
  const from: string = spec.readout.from;
  // A layer whose spikes are read has to fire, too.
  const count = spec.layers.length - (from === "spikes" ? 0 : 1);
  for (let layer = 0; layer < count; layer++) {
    const name = `w${layer + 1}`, first = parameters.get(name)!;
    const scaled = (scale: number) => first.map((weight) => weight * scale);
    const found = await findScale(async (scale) => {
      signal?.throwIfAborted();
      await engine.setParameters(new Map(parameters).set(name, scaled(scale)));
      return await firingRate(engine, samples, indices, layer);
    }, target);
    parameters.set(name, scaled(found.scale));
    layers.push(found);
  }
  return { parameters, layers };
}

/** The mean share of a layer's units that fires at a step. */
async function firingRate(
  engine: Engine,
  samples: Samples,
  indices: Uint32Array,
  layer: number,
): Promise<number> {
  const traces = await Promise.all(
    Array.from(
      indices,
      (index) =>
        engine.trace({ samples, indices: Uint32Array.of(index), purpose: PURPOSE.training, epoch: 0 }),
    ),
  );
  let fired = 0, pairs = 0;
  for (const { spikes } of traces) {
    for (const spike of spikes[layer]!) fired += spike;
    pairs += spikes[layer]!.length;
  }
  return fired / pairs;
}

/**
 * Finds the factor at which a rate that rises with it is the target: doubles or halves until the target is passed, then halves
 * the interval, on a logarithmic scale.
 */
async function findScale(rateAt: (scale: number) => Promise<number>, target: number): Promise<LayerStart> {
  const at = async (exponent: number) => ({ exponent, rate: await rateAt(2 ** exponent) });
  const isNear = (rate: number) => Math.abs(rate - target) <= TOLERANCE * target;
  const first = await at(0);
  if (isNear(first.rate)) return { scale: 1, rate: first.rate, reached: true };
  const direction = first.rate < target ? 1 : -1;
  let near = first, far = first;
  while ((far.rate < target) === (first.rate < target)) {
    if (Math.abs(far.exponent) === RANGE) return { scale: 1, rate: first.rate, reached: false };
    const next = await at(far.exponent + direction);
    const saturates = direction > 0 && far.rate > 0 && next.rate < (1 + SATURATION) * far.rate;
    if (saturates && next.rate < target) return { scale: 2 ** far.exponent, rate: far.rate, reached: false };
    near = far;
    far = next;
  }
  let best = far;
  for (let tries = 0; tries < MOST_TRIES && !isNear(best.rate); tries++) {
    best = await at((near.exponent + far.exponent) / 2);
    if ((best.rate < target) === (near.rate < target)) near = best;
    else far = best;
  }
  // Where the rate jumps over the target, no factor is near enough: the last one tried is as near as they come.
  return { scale: 2 ** best.exponent, rate: best.rate, reached: isNear(best.rate) };
}
