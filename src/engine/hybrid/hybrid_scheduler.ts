/** Overlaps device and workers: while the workers compute one micro-batch of a batch, the device multiplies the next. */
import type { Samples } from "../../data/samples.ts";
import type { SampleTrace } from "../engine.ts";
import { rowsOf } from "../gpu/encoding.ts";
import type { CompleteUpdate } from "../optimizer.ts";
import type { Plan } from "../plan/plan.ts";
import type { SharedDoubleBuffer } from "../wasm/external_matmul.ts";
import { type Job, type Part, shardCount } from "../wasm/engine_worker.ts";
import type { Scheduler } from "../wasm/threaded_engine.ts";
import type { WorkerPool } from "../wasm/worker_pool.ts";
import type { SharedState } from "../wasm/shared_state.ts";
import { cutBatch, reductionGroupsOf } from "../webgpu/micro_batches.ts";
import type { DeviceMatmul } from "./device_matmul.ts";

/** Rows of the smallest micro-batch into which a batch is split for overlap. */
const LEAST_ROWS = 4096;
/**
 * Micro-batches of a batch for overlap. More would overlap more, but each pair waits for a read, which takes 10 ms or longer under
 * Deno, even when the device is done.
 */
const MICRO_BATCHES = 2;

/** The most samples of a micro-batch, padded to whole reduction groups, if they fit the device and the shared double buffer. */
export function microBatchSize(batchSize: number, plan: Plan): number {
  const least = Math.ceil(LEAST_ROWS / rowsOf(plan.spec));
  const counted = Math.min(batchSize, Math.max(Math.ceil(batchSize / MICRO_BATCHES), least));
  return counted + reductionGroupsOf(counted, plan) - 1;
}

/** Parts of the scheduler. */
export interface HybridParts {
  readonly matmul: DeviceMatmul;
  readonly workers: WorkerPool;
  readonly shared: SharedState;
  readonly doubleBuffer: SharedDoubleBuffer;
  /** `fit` makes room on the device for micro-batches of so many samples; `close` frees the device. */
  readonly device: { fit(samples: number): void; close(): void };
}

/** Runs one job after the other. */
export class HybridScheduler implements Scheduler {
  readonly #parts: HybridParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: HybridParts) {
    this.#parts = parts;
  }

  train(job: Job, samples: Samples, update: CompleteUpdate, number: number): Promise<void> {
    return this.#inOrder(async () => {
      const { matmul, workers, shared } = this.#parts;
      const shards = await this.#present(job, samples, true);
      await matmul.readGradient(shared.given);
      await workers.call({ kind: "update", job: { ...job, shards }, update, number });
    });
  }

  evaluate(job: Job, samples: Samples): Promise<void> {
    return this.#inOrder(async () => {
      await this.#present(job, samples, false);
    });
  }

  trace(job: Job, samples: Samples): Promise<SampleTrace> {
    return this.#inOrder(async () => {
      const { matmul, workers, shared, device } = this.#parts;
      const first = { ...job, samples, indices: job.indices.slice(0, 1) };
      device.fit(1);
      matmul.setParameters(shared.parameters);
      const { microBatch, arrived } = matmul.multiply(first, { samples: 1, reductionGroups: 1 }, 0);
      matmul.release(microBatch);
      await arrived;
      return (await workers.call({ kind: "trace", job }, 1)).trace!;
    });
  }

  close(): void {
    this.#parts.device.close();
  }

  #inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const call = this.#last.then(work);
    this.#last = call.catch(() => {});
    return call;
  }

  /**
   * Presents a batch, micro-batch by micro-batch, with up to two in flight.
   *
   * Micro-batches alternate between the two buffers and between two sets of shards: a micro-batch adds to the shards of the one before
   * the last, which is done by then.
   *
   * @returns Shards that hold gradients.
   */
  async #present(job: Job, samples: Samples, isTraining: boolean): Promise<number> {
    const { matmul, shared, doubleBuffer, device } = this.#parts;
    const { indices } = job;
    const most = Math.min(doubleBuffer.samples, microBatchSize(indices.length, matmul.plan));
    const { microBatches, ...cut } = cutBatch(indices.length, matmul.plan, most);
    device.fit(cut.samples);
    matmul.setParameters(shared.parameters);
    let handed: Promise<unknown> = Promise.resolve();
    const through: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()];
    const counts = microBatches.map(([from, to]) => shardCount(to - from));
    try {
      for (const [number, [from, to]] of microBatches.entries()) {
        const bufferIndex = number % 2 === 0 ? 0 : 1;
        await through[bufferIndex];
        const part: Part = {
          from,
          to,
          firstShard: bufferIndex * counts[0]!,
          shards: counts[number]!,
          adds: number > 1,
          bufferIndex,
        };
        const batch = { ...job, samples, indices: indices.subarray(from, to) };
        const { microBatch, arrived } = matmul.multiply(batch, cut, bufferIndex);
        if (!isTraining) matmul.release(microBatch);
        const before = handed;
        handed = (async () => {
          await before;
          await arrived;
        })();
        const answered = handed.then(() => this.#handOut(job, part, isTraining));
        const gradientBefore = through[1 - bufferIndex];
        through[bufferIndex] = (async () => {
          await answered;
          await gradientBefore; // sums run in the micro-batches' order
          if (isTraining) matmul.addGradient(microBatch, bufferIndex, number === 0);
        })();
        through[bufferIndex].catch(() => {}); // the next await reports it
      }
    } finally {
      await Promise.allSettled(through);
    }
    await Promise.all(through);
    return counts[0]! + (counts[1] ?? 0);
  }

  /** Lets the workers compute a part's coefficients from its currents. */
  async #handOut(job: Job, part: Part, isTraining: boolean): Promise<void> {
    const { workers, shared, doubleBuffer } = this.#parts;
    shared.control[1 + part.bufferIndex] = 0;
    doubleBuffer.buffers[part.bufferIndex].count[0] = 0;
    await workers.call({ kind: "present", job, part, isTraining });
  }
}
