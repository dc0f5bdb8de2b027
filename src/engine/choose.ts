/**
 * Which engines there are, and which one a name stands for.
 *
 * @module
 */
import { OptionError } from "../errors.ts";
import type { NetworkSpec } from "../network/spec.ts";
import type { Engine } from "./engine.ts";
import type { Precision } from "./wasm/input_product.ts";
import { loadKernels } from "./wasm/load.ts";
import { tunedTile } from "./wasm/tuning_file.ts";
import { createWasmEngine } from "./wasm/wasm_engine.ts";
import { createWebGpuEngine } from "./webgpu/webgpu_engine.ts";

/** The engines of the command line; `auto` takes the one that is fastest here. */
export const ENGINES = ["auto", "wasm", "webgpu"] as const;

/** One of {@linkcode ENGINES}. */
export type EngineName = typeof ENGINES[number];

/** What every engine is made from. */
export interface EngineOptions {
  /** What to train or run. */
  readonly spec: NetworkSpec;
  /** Which engine. @default {"auto"} */
  readonly engine?: EngineName;
  /** Worker threads, 1 or more. @default {the machine's cores} */
  readonly threads?: number;
  /** Seed of all draws. @default {0} */
  readonly seed?: number;
  /** The most samples that a batch will have. @default {1000} */
  readonly batchSize?: number;
  /** Gradient shards of a batch; see the engine. */
  readonly shards?: number;
  /** What the product with noise-coded inputs is computed in. @default {"f32"} */
  readonly precision?: Precision;
  /** Leave out units that provably will not spike; never changes the result. @default {true} */
  readonly skip?: boolean;
  /**
   * Use the kernels that were measured to be the fastest on this machine, and measure them first where none were
   * (`.spikelet/tuning.json`); never changes the result. @default {false}
   */
  readonly tune?: boolean;
  /** Keep all states, for `trace`. @default {false} */
  readonly record?: boolean;
  /** MiB of the GPU's memory to take at most. @default {1024} */
  readonly gpuMemory?: number;
}

/** What the precisions of the command line are. */
export const PRECISIONS = ["f32", "i16"] as const satisfies readonly Precision[];

/**
 * Makes an engine by name.
 *
 * @throws {EngineError} when it cannot be had here.
 * @throws {OptionError} when an option means nothing to it.
 */
export async function createEngine(options: EngineOptions): Promise<Engine & Disposable> {
  const { engine = "auto", threads = navigator.hardwareConcurrency, tune = false, ...rest } = options;
  switch (engine) {
    case "auto":
    case "wasm": {
      const kernels = await loadKernels();
      const tile = tune ? await tunedTile(kernels, rest.precision ?? "f32") : undefined;
      return createWasmEngine({ ...rest, threads, kernels, ...(tile && { tile }) });
    }
    case "webgpu":
      if (rest.precision === "i16") {
        throw new OptionError(
          "--precision i16: means nothing for --engine webgpu, which computes in f32: say f32",
        );
      }
      return await createWebGpuEngine(rest);
    default:
      return engine satisfies never;
  }
}
