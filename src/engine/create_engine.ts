/**
 * Which engines there are, and which one a name stands for.
 *
 * @module
 */
import { EngineError, OptionError } from "../errors.ts";
import { type NetworkSpec, parseNetworkSpec } from "../network/spec.ts";
import { sizeOf } from "./auto.ts";
import { readChoices } from "./auto_file.ts";
import { checkEngineOptions } from "./checks.ts";
import type { Engine } from "./engine.ts";
import { type ComputingEngine, type EngineName, ENGINES } from "./engine_name.ts";
import { withFallback } from "./fallback.ts";
import type { Gpu } from "./gpu/adapter.ts";
import { DEFAULT_GPU_MEMORY } from "./gpu/memory.ts";
import { createHybridEngine } from "./hybrid/hybrid_engine.ts";
import type { Precision } from "./wasm/precision.ts";
import { bestVariant } from "./wasm/kernels.ts";
import { loadKernels } from "./wasm/load.ts";
import { machineOf, tunedTile } from "./wasm/tuning_file.ts";
import { createWasmEngine } from "./wasm/wasm_engine.ts";
import { createWebGpuEngine } from "./webgpu/webgpu_engine.ts";

export { type ComputingEngine, type EngineName, ENGINES } from "./engine_name.ts";

/** What every engine is made from. */
export interface EngineOptions {
  /** What to train or run. */
  readonly spec: NetworkSpec;
  /** Which engine; `auto` is wasm but where `deno task tune` found another to be faster (see `tune`). @default {"auto"} */
  readonly engine?: EngineName;
  /** Worker threads, 1 or more; webgpu has none. @default {the machine's cores} */
  readonly threads?: number;
  /** Seed of all draws. @default {0} */
  readonly seed?: number;
  /** The most samples that a batch will have. @default {1000} */
  readonly batchSize?: number;
  /** Samples of the batches that are trained with, for which `auto` finds the fastest engine. @default {batchSize} */
  readonly usualBatchSize?: number;
  /** Gradient shards of a batch of wasm; see the engine. */
  readonly shards?: number;
  /** What the product with noise-coded inputs is computed in; GPUs have `f32` alone. @default {"f32"} */
  readonly precision?: Precision;
  /** Leave out units that provably will not spike; never changes the result. @default {true} */
  readonly skip?: boolean;
  /**
   * Use what was measured to be the fastest on this machine: wasm's kernels (`.spikelet/tuning.json`), which never change the result
   * and are measured first where nothing was, and the engine that `auto` is (`.spikelet/engines.json`), whose results differ by
   * rounding. @default {false}
   */
  readonly tune?: boolean;
  /** Keep all states, for `trace`. @default {false} */
  readonly recordStates?: boolean;
  /** MiB of the GPU's memory to take at most; part of what the bits of the GPU engines depend on. @default {1024} */
  readonly gpuMemory?: number;
  /** Where adapters are found. @default {the runtime's WebGPU} */
  readonly gpu?: Gpu;
  /** Hears in one line that `auto` goes on with wasm. */
  readonly onNotice?: (line: string) => void;
}

/**
 * Makes an engine by name.
 *
 * With `auto`, a GPU that cannot be had or fails in the middle is no error: wasm goes on from the last whole batch.
 *
 * @throws {EngineError} when it cannot be had here.
 * @throws {OptionError} when an option is out of its range, or means nothing to it.
 * @throws {InputError} when the network's description is none.
 */
export async function createEngine(options: EngineOptions): Promise<Engine & Disposable> {
  checkEngineOptions(options);
  const { engine = "auto", onNotice, ...rest } = options;
  if (!ENGINES.includes(engine)) throw new OptionError(`engine: ${engine}, expected ${ENGINES.join(", ")}`);
  const open = (name: ComputingEngine) => openEngine(name, rest);
  if (engine !== "auto") return await open(engine);
  const fastest = fastestEngine(options);
  if (fastest === "wasm") return await open("wasm");
  const notify = (failure: EngineError) => onNotice?.(`auto goes on with wasm: ${failure.message}`);
  try {
    return withFallback(await open(fastest), { open: () => open("wasm"), onFailure: notify });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    notify(error);
    return await open("wasm");
  }
}

/** The machine's cores. */
function coresOf(): number {
  return navigator.hardwareConcurrency;
}

async function openEngine(
  name: ComputingEngine,
  { threads = coresOf(), tune = false, ...rest }: Omit<EngineOptions, "engine" | "onNotice">,
): Promise<Engine & Disposable> {
  if (name !== "wasm" && rest.precision === "i16") {
    throw new OptionError(
      `--precision i16: means nothing for --engine ${name}, which computes in f32: say f32`,
    );
  }
  switch (name) {
    case "wasm": {
      const kernels = await loadKernels();
      const tile = tune ? await tunedTile(kernels, rest.precision ?? "f32") : undefined;
      return createWasmEngine({ ...rest, threads, kernels, ...(tile && { tile }) });
    }
    case "hybrid":
      return await createHybridEngine({ ...rest, threads, kernels: await loadKernels() });
    case "webgpu":
      return await createWebGpuEngine(rest);
    default:
      return name satisfies never;
  }
}

/** What `auto` stands for: what `tune.ts` found for such a network and such batches, else wasm. */
function fastestEngine(options: EngineOptions): ComputingEngine {
  const { precision = "f32", tune = false } = options;
  if (!tune || precision !== "f32") return "wasm"; // the GPU engines compute in f32 alone
  return readChoices(thisMachine())?.choices[sizeOfEngine(options)]?.engine ?? "wasm";
}

/** What measurements hold for. */
export function thisMachine(): string {
  return machineOf({ variant: bestVariant() });
}

/** Under what a choice for these options is remembered: every option that is not named here is part of it. */
export function sizeOfEngine(options: EngineOptions): string {
  const { spec, threads = coresOf(), gpuMemory = DEFAULT_GPU_MEMORY, batchSize, usualBatchSize, ...others } =
    options;
  const { engine: _engine, seed: _seed, tune: _tune, gpu: _gpu, onNotice: _notice, ...rest } = others;
  return sizeOf({
    spec: parseNetworkSpec(spec),
    batchSize: usualBatchSizeOf({
      ...(batchSize && { batchSize }),
      ...(usualBatchSize && { usualBatchSize }),
    }),
    threads,
    gpuMemory,
    options: { precision: "f32", skip: true, recordStates: false, ...rest },
  });
}

/** Samples of a usual batch. */
export function usualBatchSizeOf(
  { batchSize = 1000, usualBatchSize = batchSize }: Partial<EngineOptions>,
): number {
  return usualBatchSize;
}
