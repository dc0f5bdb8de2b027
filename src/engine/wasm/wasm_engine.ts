/**
 * The WASM engine: SIMD kernels on every core, one worker each, every worker with a memory of its own.
 *
 * The number of threads never changes a bit of the result (see engine_worker.ts). `threads: 0` computes in the caller's own thread, for
 * runtimes without workers or shared memory.
 */
import { OptionError } from "../../errors.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../network/spec.ts";
import { checkEngineOptions, checkKernels } from "../checks.ts";
import type { Engine } from "../engine.ts";
import { compilePlan } from "../plan/compile.ts";
import { type Precision, type Tile, TILES } from "./precision.ts";
import { instantiate, type KernelModule } from "./kernels.ts";
import { samplesOfThread, shardCount } from "./engine_worker.ts";
import { ThreadedEngine } from "./threaded_engine.ts";
import type { DenseFrom } from "./matrix_product.ts";

/** How to make a WASM engine. */
export interface WasmEngineOptions {
  /** What to train or run. */
  readonly spec: NetworkSpec;
  /** The kernels, compiled; see `loadKernels`. */
  readonly kernels: KernelModule;
  /** Workers; 0 computes in the caller's own thread. @default {1} */
  readonly threads?: number;
  /** Seed of all draws. @default {0} */
  readonly seed?: number;
  /** The most samples of a batch. @default {1000} */
  readonly batchSize?: number;
  /** The most samples of a batch to train on, where the network normalises over batches. @default {`batchSize`} */
  readonly trainingBatch?: number;
  /** Gradient shards of a batch; the result's bits depend on them. @default {one for 16 samples, at most 24} */
  readonly shards?: number;
  /** Leave out units that provably will not spike; never changes the result. @default {true} */
  readonly skip?: boolean;
  /** The least Z at which a unit is left out; a spike then is missed with probability exp(−Z²/2). @default {8} */
  readonly skipBound?: number;
  /** Precision of the product with noise-coded inputs. `i16` draws 8 bits in place of 16. @default {"f32"} */
  readonly precision?: Precision;
  /** The product's kernel, one of the precision's; never changes the result. @default {the first} */
  readonly tile?: Tile;
  /**
   * The shares of (input, step) pairs that spike above which a layer's product is whole, not a sum of rows. Changes the result by
   * rounding alone. @default {as measured}
   */
  readonly denseFrom?: DenseFrom;
  /** Keep all states, for {@linkcode Engine.trace}. @default {false} */
  readonly recordStates?: boolean;
}

/**
 * Makes a WASM engine; its workers load in the background.
 *
 * @throws {OptionError} when an option is out of its range.
 * @throws {InputError} when the network's description is invalid.
 *
 * @example
 * ```ts
 * import { createWasmEngine, initialParameters, loadKernels, notebookNetwork } from "@spikelet/spikelet";
 *
 * const spec = notebookNetwork({ inputs: 4, hidden: 8, classes: 2, steps: 16 });
 * using engine = createWasmEngine({ spec, kernels: await loadKernels(), threads: 0 });
 * await engine.setParameters(initialParameters(spec, 0));
 * ```
 */
export function createWasmEngine(options: WasmEngineOptions): Engine & Disposable {
  checkEngineOptions(options);
  const { kernels, threads = 1, seed = 0, batchSize = 1000, shards, skip = true, skipBound = 8 } = options;
  const spec = parseNetworkSpec(options.spec);
  checkKernels(kernels);
  const { precision = "f32", tile, denseFrom, recordStates = false } = options;
  const tiles: readonly Tile[] = TILES[precision];
  if (tile !== undefined && !Object.values(TILES).some((names: readonly Tile[]) => names.includes(tile))) {
    throw new OptionError(`tile: ${tile}, expected ${tiles.join(" or ")}`);
  }
  const plan = compilePlan(spec, { skip, recordStates });
  const most = shards ?? shardCount(batchSize);
  const { trainingBatch = batchSize } = options;
  const product = plan.values[plan.input]!.rows === "each step" ? `, ${tile ?? tiles[0]}` : "";
  return new ThreadedEngine({
    name: "wasm",
    description: `${describeKernels(kernels)}${product}, ${describeThreads(threads)}`,
    arithmetic: describeKernels(kernels),
    kernels,
    spec,
    threads,
    batchSize,
    recordStates,
    trainingBatch,
    core: {
      plan,
      seed,
      shards: most,
      skipBound,
      precision,
      meeting: samplesOfThread(
        plan,
        trainingBatch,
        Math.max(1, threads),
        shards ?? shardCount(trainingBatch),
      ),
      ...(tile && { tile }),
      ...(denseFrom && { denseFrom }),
    },
    shards: (count) => Math.min(shards ?? shardCount(count), count),
    createScheduler: ({ workers, shared }) => ({
      async train(job, _samples, update, number) {
        shared.control[1 + job.bufferIndex] = 0;
        await workers.call({ kind: "train", job, update, number });
      },
      async evaluate(job) {
        shared.control[1 + job.bufferIndex] = 0;
        await workers.call({ kind: "evaluate", job });
      },
      async trace(job) {
        return (await workers.call({ kind: "trace", job }, 1)).trace!;
      },
      close() {},
    }),
  });
}

/** The build in words, and whether its multiply-adds are fused on this machine: the result's bits depend on both. */
export function describeKernels({ variant, module }: KernelModule): string {
  if (variant === "plain") return "WASM SIMD128";
  return `WASM relaxed SIMD${instantiate(module).fuses() ? ", fused multiply-adds" : ""}`;
}

/** The number of threads, in words. */
export function describeThreads(threads: number): string {
  return threads === 1 ? "1 thread" : `${threads} threads`;
}
