/**
 * Data-dependent initialization of weights: each layer's scale is set so that a chosen share of its units fires.
 *
 * Layer-sequential, as LSUV is (Mishkin & Matas, All you need is a good init, 2016): weights are drawn as Xavier's, and from
 * the inputs up each layer's W is multiplied by one number, until a batch of training samples gives the layer the target
 * statistic. LSUV's statistic is a variance of 1; a spiking layer's is its firing rate, because a silent layer transmits neither
 * activity nor gradient, and one that fires at every step carries no information (Rossbroich, Gygax & Zenke, Fluctuation-driven
 * initialization for spiking neural network training, 2022, derive it in theory, for Poisson inputs).
 */
import type { Samples } from "../data/samples.ts";
import type { Engine } from "../engine/engine.ts";
import { OptionError } from "../errors.ts";
import { checkObject } from "../misuse.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { DEFAULT_RATE, scaledStart, type Start } from "./scaled_start.ts";

export { DEFAULT_RATE, type LayerStart, type Start } from "./scaled_start.ts";

/** Requirements on the engine that tries weights. */
export interface StartEngineOptions {
  /** The network. */
  readonly spec: NetworkSpec;
  /** Seed of all draws. */
  readonly seed: number;
  /** One sample at a time. */
  readonly batchSize: 1;
  /** All states are kept, for `trace`. */
  readonly recordStates: true;
}

/** Options of {@linkcode startFromData}. */
export interface StartOptions {
  /** Seed of the weights, of the choice of samples, and of their noise. */
  readonly seed: number;
  /** Firing rate: the share of a layer's units that should fire at a step, averaged over steps and samples. @default {0.1} */
  readonly rate?: number;
  /** Creates the engine, which is closed at the end. */
  readonly open: (options: StartEngineOptions) => Promise<Engine & Disposable> | (Engine & Disposable);
  /** Once aborted, the promise rejects with its reason. @default {none} */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Draws initial weights with which layers fire at a chosen rate on these samples.
 *
 * A pure function of its arguments. A layer that no factor brings to the rate (a ReLU fires for half of all inputs, however
 * large) keeps Xavier's scale. So does the layer that is read out, where its potentials are read and not its spikes.
 *
 * @throws {EngineError} when an engine cannot be created.
 * @throws {RangeError} when the samples do not fit the network.
 * @throws {OptionError} when the rate or the seed is out of its range.
 *
 * @example
 * ```ts
 * import { loadKernels, loadMnist } from "@spikelet/spikelet";
 * import { createWasmEngine, notebookNetwork, startFromData } from "@spikelet/spikelet/portable";
 *
 * const spec = notebookNetwork({ hidden: 20, steps: 16 });
 * const samples = await loadMnist(undefined, "train");
 * const kernels = await loadKernels();
 * const { layers } = await startFromData(spec, samples, {
 *   seed: 0,
 *   rate: 0.1,
 *   open: (options) => createWasmEngine({ ...options, kernels, threads: 0 }),
 * });
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
  const { seed, rate = DEFAULT_RATE, open, signal } = options;
  if (!(rate > 0 && rate < 1)) throw new OptionError(`rate: ${rate}, expected a number above 0 and below 1`);
  const engine = await open({ spec, seed, batchSize: 1, recordStates: true });
  try { // no `using`: the npm package is for Node 20, too
    return await scaledStart(engine, spec, samples, seed, rate, signal);
  } finally {
    engine[Symbol.dispose]();
  }
}
