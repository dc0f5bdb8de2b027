/** Makes an engine by its name. */
import { EngineError, OptionError } from "../errors.ts";
import { parseNetworkSpec } from "../network/spec.ts";
import { sizeOf } from "./auto.ts";
import { readChoices } from "./auto_file.ts";
import { checkEngineOptions } from "./checks.ts";
import type { Engine } from "./engine.ts";
import { type ComputingEngine, type EngineName, ENGINES } from "./engine_name.ts";
import { withFallback } from "./fallback.ts";
import type { Gpu } from "./gpu/adapter.ts";
import { DEFAULT_GPU_MEMORY } from "./gpu/memory.ts";
import { createHybridEngine } from "./hybrid/hybrid_engine.ts";
import { bestVariant } from "./wasm/kernels.ts";
import { loadKernels } from "./wasm/load.ts";
import { machineOf, tunedTile } from "./wasm/tuning_file.ts";
import { createWasmEngine, type WasmEngineOptions } from "./wasm/wasm_engine.ts";
import { createWebGpuEngine } from "./webgpu/webgpu_engine.ts";

export { type ComputingEngine, type EngineName, ENGINES } from "./engine_name.ts";

/** How to make an engine. `shards` is an option of wasm alone, and the GPU engines compute in `f32` alone. */
export interface EngineOptions extends
  Pick<
    WasmEngineOptions,
    "spec" | "seed" | "batchSize" | "shards" | "precision" | "skip" | "recordStates"
  > {
  /** Which engine; `auto` is wasm unless `deno task tune` found another to be faster (see `tune`). @default {"auto"} */
  readonly engine?: EngineName;
  /** Worker threads, 1 or more; webgpu has none. @default {the machine's cores} */
  readonly threads?: number;
  /** Samples of a training batch, for which `auto` finds the fastest engine. @default {batchSize} */
  readonly usualBatchSize?: number;
  /**
   * Use what was measured to be the fastest on this machine: wasm's kernels (`.spikelet/tuning.json`), which never change the result
   * and are measured first where no measurement is stored, and the engine that `auto` stands for (`.spikelet/engines.json`), whose
   * results differ by rounding. @default {false}
   */
  readonly tune?: boolean;
  /** The most of the GPU's memory to use, in MiB; the bits of the GPU engines depend on it. @default {1024} */
  readonly gpuMemory?: number;
  /** Where adapters are found. @default {the runtime's WebGPU} */
  readonly gpu?: Gpu;
  /** Called with one line when `auto` continues with wasm. */
  readonly onNotice?: (line: string) => void;
}

/**
 * Makes an engine by name.
 *
 * With `auto`, a GPU that is missing or fails is no error: wasm continues from the last whole batch.
 *
 * @throws {EngineError} when the engine is not available here.
 * @throws {OptionError} when an option is out of its range, or the engine does not support it.
 * @throws {InputError} when the network's description is invalid.
 */
export async function createEngine(options: EngineOptions): Promise<Engine & Disposable> {
  checkEngineOptions(options);
  const { engine = "auto", onNotice, ...rest } = options;
  if (!ENGINES.includes(engine)) throw new OptionError(`engine: ${engine}, expected ${ENGINES.join(", ")}`);
  const open = (name: ComputingEngine) => openEngine(name, rest);
  if (engine !== "auto") return await open(engine);
  const fastest = fastestEngine(options);
  if (fastest === "wasm") return await open("wasm");
  const notify = (failure: EngineError) => onNotice?.(`auto continues with wasm: ${failure.message}`);
  try {
    return withFallback(await open(fastest), { open: () => open("wasm"), onFailure: notify });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    notify(error);
    return await open("wasm");
  }
}

async function openEngine(
  name: ComputingEngine,
  { threads = navigator.hardwareConcurrency, tune = false, ...rest }: Omit<
    EngineOptions,
    "engine" | "onNotice"
  >,
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
      const { usualBatchSize, ...options } = rest;
      return createWasmEngine({
        ...options,
        threads,
        kernels,
        ...(tile && { tile }),
        ...(usualBatchSize !== undefined && { trainingBatch: usualBatchSize }),
      });
    }
    case "hybrid":
      return await createHybridEngine({ ...rest, threads, kernels: await loadKernels() });
    case "webgpu":
      return await createWebGpuEngine(rest);
    default:
      return name satisfies never;
  }
}

/** The engine that `auto` stands for: what `tune.ts` found for this workload, else wasm. */
function fastestEngine(options: EngineOptions): ComputingEngine {
  const { precision = "f32", tune = false } = options;
  if (!tune || precision !== "f32") return "wasm"; // the GPU engines compute in f32 alone
  return readChoices(thisMachine())?.choices[sizeOfEngine(options)]?.engine ?? "wasm";
}

/** The machine for which measurements hold. */
export function thisMachine(): string {
  return machineOf({ variant: bestVariant() });
}

/** The key of the choice for these options; every option that is not discarded here is part of it. */
export function sizeOfEngine(options: EngineOptions): string {
  const {
    spec,
    threads = navigator.hardwareConcurrency,
    gpuMemory = DEFAULT_GPU_MEMORY,
    batchSize = 1000,
    usualBatchSize = batchSize,
    ...others
  } = options;
  const { engine: _engine, seed: _seed, tune: _tune, gpu: _gpu, onNotice: _notice, ...rest } = others;
  return sizeOf({
    spec: parseNetworkSpec(spec),
    batchSize: usualBatchSize,
    threads,
    gpuMemory,
    options: { precision: "f32", skip: true, recordStates: false, ...rest },
  });
}
