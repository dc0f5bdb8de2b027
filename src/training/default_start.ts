/** Data-dependent initialization of weights on an engine of this machine: see `start.ts`. */
import type { Samples } from "../data/samples.ts";
import { createEngine, type EngineName } from "../engine/create_engine.ts";
import { checkObject } from "../misuse.ts";
import type { NetworkSpec } from "../network/spec.ts";
import type { Start } from "./scaled_start.ts";
import * as portable from "./start.ts";

/** Options of {@linkcode startFromData}. */
export interface StartOptions extends Omit<portable.StartOptions, "open"> {
  /** The engine. @default {"auto"} */
  readonly engine?: EngineName;
  /** Creates the engine, which is closed at the end. @default {createEngine} */
  readonly open?: portable.StartOptions["open"];
}

/**
 * Draws initial weights with which layers fire at a chosen rate on these samples, and creates the engine for it.
 *
 * @throws {EngineError} when an engine cannot be created.
 * @throws {RangeError} when the samples do not fit the network.
 * @throws {OptionError} when the rate or the seed is out of its range.
 *
 * @example
 * ```ts
 * import { loadMnist, notebookNetwork, startFromData } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork({ hidden: 20, steps: 16 });
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
  const { engine = "auto", ...rest } = options;
  const open: portable.StartOptions["open"] = (wanted) => createEngine({ ...wanted, engine, threads: 1 });
  return await portable.startFromData(spec, samples, { open, ...rest });
}
