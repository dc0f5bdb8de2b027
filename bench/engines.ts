/**
 * The engines that are measured: rows of one table. A new precision or engine is one more row.
 *
 * @module
 */
import type { Samples } from "../src/data/samples.ts";
import type { BatchResult, Engine, Parameters, Step } from "../src/engine/engine.ts";
import { compilePlan } from "../src/engine/plan.ts";
import { Core } from "../src/engine/wasm/core.ts";
import { type Precision, TILES } from "../src/engine/wasm/precision.ts";
import type { KernelModule } from "../src/engine/wasm/kernels.ts";
import { toLayout } from "../src/engine/wasm/layout.ts";
import { timeTiles } from "../src/engine/wasm/tuning.ts";
import { createWasmEngine, type WasmEngineOptions } from "../src/engine/wasm/wasm_engine.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { PURPOSE, shuffledOrder } from "../src/random.ts";
import { batchesOf } from "../src/train/trainer.ts";

/** The seed of all draws and orders of the bench. */
export const SEED = 0;
/** The notebook's optimiser. */
export const STEP: Step = { learningRate: 0.1, momentum: 0.5 };

/** An engine as the bench makes it. */
export interface EngineRow {
  readonly label: string;
  readonly options: Pick<WasmEngineOptions, "skip" | "skipBound" | "precision" | "tile">;
  /** Rows of one group must come to the same weights, bit for bit. */
  readonly bits: string;
}

/** All engines, and those that a user would choose from. */
export interface EngineTable {
  readonly all: readonly EngineRow[];
  /** One for each precision, with the tile that is the fastest here; the first is what others are compared with. */
  readonly chosen: readonly EngineRow[];
}

/** Makes the table; which tile is the fastest is measured on the spot. */
export function engineTable(kernels: KernelModule): EngineTable {
  const all: EngineRow[] = [], chosen: EngineRow[] = [];
  for (const precision of Object.keys(TILES) as Precision[]) {
    const { tile } = timeTiles(kernels, precision);
    const best: EngineRow = { label: precision, options: { precision, tile }, bits: precision };
    chosen.push(best);
    all.push(best);
    for (const other of TILES[precision]) {
      if (other === tile) continue;
      all.push({
        label: `${precision}, tile ${other}`,
        options: { precision, tile: other },
        bits: precision,
      });
    }
    const dense: EngineRow["options"] = { ...best.options, skip: false };
    all.push({ label: `${precision}, nothing skipped`, options: dense, bits: precision });
  }
  return { all, chosen };
}

/** What a row's engine is made from where nothing else is said. */
export interface UsualEngine {
  readonly kernels: KernelModule;
  readonly sizes: { readonly batchSize: number };
  readonly spec: NetworkSpec;
  readonly parameters: Parameters;
  readonly train: Samples;
}

/** Opens a row's engine, with given weights and its code compiled; what is left out is the setting's. */
export async function openEngine(
  { options }: EngineRow,
  { kernels, sizes, train: samples, ...usual }: UsualEngine,
  { threads, spec = usual.spec, parameters = usual.parameters, batchSize = sizes.batchSize }: {
    readonly threads: number;
    readonly spec?: NetworkSpec;
    readonly parameters?: Parameters;
    readonly batchSize?: number;
  },
): Promise<Engine & Disposable> {
  const engine = createWasmEngine({ ...options, spec, kernels, threads, batchSize, seed: SEED });
  await engine.setParameters(parameters);
  const indices = Uint32Array.from({ length: Math.min(batchSize, 200) }, (_, i) => i);
  for (let i = 0; i < 2; i++) {
    await engine.train({ samples, indices, purpose: PURPOSE.training, epoch: 0 }, STEP);
  }
  await engine.setParameters(parameters);
  return engine;
}

/** The batches of an epoch of training, in its order, from one to another. */
export function epochBatches(samples: Samples, batchSize: number, from: number, to: number): Uint32Array[] {
  return batchesOf(shuffledOrder(samples.count, SEED, 1), batchSize).slice(from, to);
}

/** Trains with batches, two of them under way at a time, as `train` does. */
export async function trainBatches(
  engine: Engine,
  samples: Samples,
  batches: readonly Uint32Array[],
  step: Step = STEP,
): Promise<BatchResult[]> {
  const results: Promise<BatchResult>[] = [];
  for (const [i, indices] of batches.entries()) {
    if (i >= 2) await results[i - 2];
    results.push(engine.train({ samples, indices, purpose: PURPOSE.training, epoch: 1 }, step));
  }
  return await Promise.all(results);
}

/** One thread's core, in this thread, with given weights. */
export function openCore(
  kernels: KernelModule,
  spec: NetworkSpec,
  { skip = true, skipBound = 8, record = false, ...product }: EngineRow["options"] & {
    readonly record?: boolean;
  },
  parameters: Parameters,
): Core {
  const plan = compilePlan(spec, { skip, record });
  const core = new Core(kernels, { ...product, plan, seed: SEED, shards: 1, skipBound });
  giveParameters(core, parameters);
  return core;
}

/** Puts other weights into a core. */
export function giveParameters(core: Core, parameters: Parameters): void {
  core.parameters.set(toLayout(core.memory.layout, parameters));
  core.prepare();
}
