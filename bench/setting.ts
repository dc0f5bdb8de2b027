/** Common to every part of the bench: data, a network with first weights, and the engines that are measured. */
import { loadMnist } from "../src/data/mnist.ts";
import type { Samples } from "../src/data/samples.ts";
import type { BatchResult, Engine, Parameters, Update } from "../src/engine/engine.ts";
import { compilePlan } from "../src/engine/plan/compile.ts";
import { Core } from "../src/engine/wasm/core.ts";
import type { KernelModule } from "../src/engine/wasm/kernels.ts";
import { toLayout } from "../src/engine/wasm/layout.ts";
import { loadKernels } from "../src/engine/wasm/load.ts";
import { PRECISIONS, TILES } from "../src/engine/wasm/precision.ts";
import { timeTiles } from "../src/engine/wasm/tuning.ts";
import { createWasmEngine, type WasmEngineOptions } from "../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../src/network/initialise.ts";
import { notebookNetwork } from "../src/network/presets.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { shuffledOrder, STREAM } from "../src/random.ts";
import { batchesOf } from "../src/training/batches.ts";
import type { Sizes } from "./sizes.ts";

/** The seed of all draws and orders of the bench. */
export const SEED = 0;
/** The notebook's optimizer. */
const UPDATE: Update = { learningRate: 0.1, momentum: 0.5 };

/** An engine's options, and its name in the tables. */
export interface EngineRow {
  readonly label: string;
  readonly options: Pick<WasmEngineOptions, "skip" | "skipBound" | "precision" | "tile">;
  /** Rows of one group must train the same weights, bit for bit. */
  readonly bits: string;
}

/** Common to every part of the bench. */
export interface Setting {
  readonly kernels: KernelModule;
  /** Every precision with every tile, and with nothing skipped. */
  readonly engines: readonly EngineRow[];
  /** One for each precision, with the fastest tile here; others are compared with the first. */
  readonly chosen: readonly EngineRow[];
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
  const spec = notebookNetwork(sizes.network);
  const chosen = PRECISIONS.map((precision): EngineRow => ({
    label: precision,
    options: { precision, tile: timeTiles(kernels, precision).tile },
    bits: precision,
  }));
  const engines = chosen.flatMap((best): EngineRow[] => [
    best,
    ...TILES[best.options.precision ?? "f32"].filter((tile) => tile !== best.options.tile)
      .map((tile) => ({ ...best, label: `${best.label}, tile ${tile}`, options: { ...best.options, tile } })),
    { ...best, label: `${best.label}, nothing skipped`, options: { ...best.options, skip: false } },
  ]);
  const train = await loadMnist(undefined, "train"), test = await loadMnist(undefined, "test");
  return { kernels, engines, chosen, sizes, spec, parameters: initialParameters(spec, SEED), train, test };
}

/** Opens a row's engine, with given weights and its code compiled. Options that are left out are the setting's. */
export async function openEngine(
  { options }: EngineRow,
  { kernels, sizes: { batchSize }, train: samples, ...usual }: Setting,
  { threads, spec = usual.spec, parameters = usual.parameters }: {
    readonly threads: number;
    readonly spec?: NetworkSpec;
    readonly parameters?: Parameters;
  },
): Promise<Engine & Disposable> {
  const engine = createWasmEngine({ ...options, spec, kernels, threads, batchSize, seed: SEED });
  await engine.setParameters(parameters);
  const few = Uint32Array.from({ length: Math.min(batchSize, 200) }, (_, i) => i);
  await trainBatches(engine, samples, [few, few]);
  await engine.setParameters(parameters);
  return engine;
}

/** The batches of an epoch of training, in its order, from one to another. */
export function epochBatches({ train, sizes }: Setting, from: number, to: number): Uint32Array[] {
  return batchesOf(shuffledOrder(train.count, SEED, 1), sizes.batchSize).slice(from, to);
}

/** Trains with batches, two in flight at a time, as `train` does. */
export async function trainBatches(
  engine: Engine,
  samples: Samples,
  batches: readonly Uint32Array[],
): Promise<BatchResult[]> {
  const results: Promise<BatchResult>[] = [];
  for (const [i, indices] of batches.entries()) {
    if (i >= 2) await results[i - 2];
    results.push(engine.train({ samples, indices, stream: STREAM.training, epoch: 1 }, UPDATE));
  }
  return await Promise.all(results);
}

/** Weights after an epoch of training. */
export async function trainedParameters(setting: Setting): Promise<Parameters> {
  using engine = await openEngine(setting.chosen[0]!, setting, { threads: navigator.hardwareConcurrency });
  await trainBatches(engine, setting.train, epochBatches(setting, 0, setting.sizes.epochBatches));
  return await engine.getParameters();
}

/** One thread's core, in this thread, with given weights. */
export function openCore(
  { kernels, spec }: Setting,
  { options: { skip = true, skipBound = 8, ...product } }: EngineRow,
  parameters: Parameters,
  recordStates = false,
): Core {
  const plan = compilePlan(spec, { skip, recordStates });
  const core = new Core(kernels, { ...product, plan, seed: SEED, shards: 1, skipBound });
  giveParameters(core, parameters);
  return core;
}

/** Puts other weights into a core. */
export function giveParameters(core: Core, parameters: Parameters): void {
  core.parameters.set(toLayout(core.memory.layout, parameters));
  core.prepare();
}
