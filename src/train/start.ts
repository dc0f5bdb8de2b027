/**
 * How weights begin, from the data: each layer's scale is set so that a chosen share of its units fires.
 *
 * Layer-sequential, as LSUV is (Mishkin & Matas, All you need is a good init, 2016): weights are drawn as Xavier's, and from
 * the inputs up each layer's W is multiplied by one number, until a batch of training samples gives the layer the statistic that
 * it should have. LSUV's is a variance of 1; a spiking layer's is its firing rate, for a layer that is silent passes on neither
 * activity nor gradient, and one that fires at every step tells nothing (Rossbroich, Gygax & Zenke, Fluctuation-driven
 * initialization for spiking neural network training, 2022, set it by theory, for Poisson inputs).
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import { createEngine, type EngineOptions } from "../engine/choose.ts";
import type { Engine } from "../engine/engine.ts";
import { OptionError } from "../errors.ts";
import { checkObject } from "../misuse.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { DEFAULT_RATE, scaledStart, type Start } from "./scaled_start.ts";

export { DEFAULT_RATE, type LayerStart, type Start } from "./scaled_start.ts";

/** How to begin. */
export interface StartOptions {
  /** Seed of the weights, of which samples are looked at, and of their noise. */
  readonly seed: number;
  /** The share of a layer's units that is to fire at a step, on average over steps and samples. @default {0.1} */
  readonly rate?: number;
  /** What computes. @default {"auto"} */
  readonly engine?: EngineOptions["engine"];
  /** Makes the engine. @default {createEngine} */
  readonly open?: (options: EngineOptions) => Promise<Engine & Disposable>;
}

/**
 * Draws first weights whose layers fire at a chosen rate on these samples.
 *
 * A pure function of its arguments. A layer that no factor brings to the rate (a ReLU fires for half of all inputs, however
 * large) keeps Xavier's scale. So does the layer that is read out, where its potentials are read and not its spikes.
 *
 * @throws {EngineError} when an engine cannot be had.
 * @throws {RangeError} when the samples do not fit the network.
 * @throws {OptionError} when the rate or the seed is out of its range.
 *
 * @example
 * ```ts
 * import { loadMnist, seedNetwork, startFromData } from "@spikelet/spikelet";
 *
 * const spec = seedNetwork({ hidden: 20, steps: 16 });
 * const { layers } = await startFromData(spec, await loadMnist(undefined, "train"), { seed: 0, rate: 0.1 });
 * console.log(layers[0]?.reached); // true
 * ```
 */
export async function startFromData(
  spec: NetworkSpec,
  samples: Samples,
  options: StartOptions,
): Promise<Start> {
  checkObject("options", options, "an object with a seed");
  checkObject("samples", samples, "samples, such as loadMnist gives");
  const { seed, rate = DEFAULT_RATE, engine: name = "auto", open = createEngine } = options;
  if (!(rate > 0 && rate < 1)) throw new OptionError(`rate: ${rate}, expected a number above 0 and below 1`);
  using engine = await open({ spec, engine: name, threads: 1, seed, batchSize: 1, record: true });
  return await scaledStart(engine, spec, samples, seed, rate);
}
