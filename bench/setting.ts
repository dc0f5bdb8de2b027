/**
 * What every part of the bench works with, gathered once.
 *
 * @module
 */
import { loadMnist } from "../src/data/mnist.ts";
import type { Samples } from "../src/data/samples.ts";
import type { Parameters } from "../src/engine/engine.ts";
import type { KernelModule } from "../src/engine/wasm/kernels.ts";
import { loadKernels } from "../src/engine/wasm/load.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { seedNetwork } from "../src/network/presets.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { type EngineTable, engineTable, SEED } from "./engines.ts";
import type { Sizes } from "./sizes.ts";

/** What every part of the bench works with. */
export interface Setting {
  readonly kernels: KernelModule;
  readonly engines: EngineTable;
  readonly sizes: Sizes;
  readonly spec: NetworkSpec;
  /** First weights. */
  readonly parameters: Parameters;
  readonly train: Samples;
  readonly test: Samples;
}

/** Loads kernels and data, and finds the fastest tiles. */
export async function makeSetting(sizes: Sizes): Promise<Setting> {
  const kernels = await loadKernels();
  const spec = seedNetwork(sizes.network);
  return {
    kernels,
    engines: engineTable(kernels),
    sizes,
    spec,
    parameters: initialParameters(spec, SEED),
    train: await loadMnist(undefined, "train"),
    test: await loadMnist(undefined, "test"),
  };
}
