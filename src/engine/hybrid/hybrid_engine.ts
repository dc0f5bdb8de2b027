/**
 * The hybrid engine: a GPU computes the bottom layer's product, nearly all of the work; WASM computes the rest on all cores.
 *
 * The GPU receives pixels and returns currents; WASM computes neurons, layers above, loss and backward pass; the GPU receives the
 * spikes' coefficients and returns the weights' gradient. Neurons, readouts and optimizers are those of the WASM engine, so a new one
 * needs no change here.
 */
import { sampleFormOf } from "../../network/encoders.ts";
import { parseNetworkSpec } from "../../network/spec.ts";
import { checkEngineOptions, checkKernels } from "../checks.ts";
import type { Backend, DeviceCounts, DeviceMemory } from "../gpu/backend.ts";
import { rowsOf } from "../gpu/encoding.ts";
import { type MemoryNeed, samplesThatFit } from "../gpu/memory.ts";
import { openBackend } from "../gpu/tfjs_backend.ts";
import { compilePlan } from "../plan/compile.ts";
import type { Plan } from "../plan/plan.ts";
import { createDoubleBuffer, externalProductOf } from "../wasm/external_matmul.ts";
import type { KernelModule } from "../wasm/kernels.ts";
import { shardCount } from "../wasm/engine_worker.ts";
import { ThreadedEngine, type ThreadedEngineOptions } from "../wasm/threaded_engine.ts";
import { widthOf } from "../wasm/layout.ts";
import { describeKernels, describeThreads } from "../wasm/wasm_engine.ts";
import { partsOf, reductionGroupsOf } from "../webgpu/micro_batches.ts";
import type { WebGpuEngine, WebGpuEngineOptions } from "../webgpu/webgpu_engine.ts";
import { checkInputProduct } from "./check_product.ts";
import { DeviceMatmul } from "./device_matmul.ts";
import { HybridScheduler, microBatchSize } from "./hybrid_scheduler.ts";

/** Options of a hybrid engine. */
export interface HybridEngineOptions extends WebGpuEngineOptions {
  /** The kernels, compiled; see `loadKernels`. */
  readonly kernels: KernelModule;
  /** Workers; 0 works in the caller's own thread. @default {1} */
  readonly threads?: number;
}

/** A hybrid engine. */
export type HybridEngine = WebGpuEngine;

/**
 * Makes a hybrid engine.
 *
 * @throws {EngineError} when there is no adapter, it refuses, the network is too large for it, or its inputs go into more than one product.
 * @throws {OptionError} when an option is out of its range.
 * @throws {InputError} when the network's description is none.
 */
export async function createHybridEngine(options: HybridEngineOptions): Promise<HybridEngine> {
  checkEngineOptions(options);
  const { kernels, threads = 1, seed = 0, batchSize = 1000, gpuMemory, recordStates = false } = options;
  const spec = parseNetworkSpec(options.spec);
  checkKernels(kernels);
  const backend = await openBackend({ gpu: options.gpu, adapter: options.adapter });
  try {
    const plan = compilePlan(spec, { skip: false, recordStates, target: { events: true, external: true } }); // the device computes all units
    checkInputProduct(plan);
    const samples = samplesThatFit(
      backend.adapter,
      (count) => memoryNeedOf(plan, count),
      microBatchSize(batchSize, plan),
      gpuMemory,
    );
    const doubleBuffer = createDoubleBuffer(plan, samples, threads > 0);
    const shards = 2 * shardCount(samples); // of two micro-batches in flight
    const { name, isSoftware } = backend.adapter;
    const build = describeKernels(kernels),
      products = `products on ${name}${isSoftware ? ", a software adapter" : ""}`;
    let fitted = 0;
    return new DeviceThreadedEngine(backend, {
      name: "hybrid",
      description: `${build}, ${describeThreads(threads)}, ${products}`,
      arithmetic: `${build}, ${products}`,
      kernels,
      spec,
      threads,
      batchSize,
      recordStates,
      core: { plan, seed, shards, skipBound: 0, doubleBuffer },
      shards: () => shards,
      createScheduler: (parts) =>
        new HybridScheduler({
          ...parts,
          doubleBuffer,
          matmul: new DeviceMatmul(backend, plan, doubleBuffer, seed),
          device: {
            fit(samples) {
              // Buffers are reused between micro-batches of one size.
              if (samples !== fitted) backend.trim();
              fitted = samples;
            },
            close: () => backend.close(),
          },
        }),
    });
  } catch (error) {
    backend.close();
    throw error;
  }
}

class DeviceThreadedEngine extends ThreadedEngine implements HybridEngine {
  readonly #backend: Backend;

  constructor(backend: Backend, options: ThreadedEngineOptions) {
    super(options);
    this.#backend = backend;
  }

  get counts(): DeviceCounts {
    return { ...this.#backend.counts };
  }

  get memory(): DeviceMemory {
    return this.#backend.memory;
  }
}

/** Device memory of micro-batches of so many samples, two of which are in flight. */
function memoryNeedOf(plan: Plan, samples: number): MemoryNeed {
  const { inputs, output } = externalProductOf(plan), rows = rowsOf(plan.spec), width = widthOf(plan, output);
  const x = samples * rows * inputs, currents = samples * rows * width, weights = width * inputs;
  const parts = partsOf(plan, samples, reductionGroupsOf(samples, plan)) * weights;
  // Listed coefficients have two numbers each, in a buffer that is up to twice as large as needed.
  const list = 4 * currents;
  // Twice: inputs and their sources, currents and their staging buffers. Once: coefficients, their list and its staging buffer, the
  // gradient's parts; W and its gradient with their staging buffers.
  const source = samples * sampleFormOf(plan.spec).size;
  const floats = 2 * (x + 2 * source + 2 * samples + 2 * currents) + currents + 2 * list + parts +
    5 * weights;
  return {
    total: 4 * floats,
    buffers: [
      { what: "the bottom layer's weights", bytes: 4 * weights },
      { what: "the parts of the bottom layer's gradient", bytes: 4 * parts },
      { what: "the inputs of all steps", bytes: 4 * x },
      { what: "the bottom layer's spikes at all steps", bytes: 4 * list },
    ],
  };
}
