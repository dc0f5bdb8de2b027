/**
 * An engine on a pool of workers: executes calls in their order, keeps parameters and moments in shared memory, and has a scheduler
 * run each batch.
 */
import type { Samples } from "../../data/samples.ts";
import { EngineError } from "../../errors.ts";
import { initialParameters } from "../../network/initialise.ts";
import type { NetworkSpec } from "../../network/spec.ts";
import { normalisesBatches, structureOf } from "../../network/structure.ts";
import { checkBatch, checkSamples, checkState, checkWeights, noStates } from "../checks.ts";
import type {
  Batch,
  BatchResult,
  Classification,
  Engine,
  EngineState,
  MemoryNeeds,
  Parameters,
  SampleTrace,
  Update,
} from "../engine.ts";
import {
  checkAverage,
  type CompleteUpdate,
  completeUpdate,
  findsMoments,
  momentsOf,
  type OptimizerName,
  optimizerOf,
} from "../optimizer.ts";
import type { CoreOptions } from "./core.ts";
import { checkThreadMemory, instantiate, type KernelModule } from "./kernels.ts";
import { threadBytes } from "./allocate.ts";
import { type GradientBlock, gradientBlocks, layerNorms } from "./gradient_blocks.ts";
import type { Job } from "./engine_worker.ts";
import { WorkerPool } from "./worker_pool.ts";
import { channelsLast, fromLayout, layOut, type ParameterLayout, toLayout } from "./layout.ts";
import { rowSizesOf } from "./row_stage.ts";
import { sharedBytes, type SharedState, shareState } from "./shared_state.ts";

/** Schedules batches on the worker pool. Two may be in flight, each in a buffer of its own; they finish in their order. */
export interface Scheduler {
  /**
   * Resolves when losses, predictions and spikes are in the job's buffers and the parameters are updated.
   *
   * @param number The number of the update, from 1.
   */
  train(job: Job, samples: Samples, update: CompleteUpdate, number: number): Promise<void>;
  /** Resolves when losses, predictions and spikes are in the job's buffers. */
  evaluate(job: Job, samples: Samples): Promise<void>;
  trace(job: Job, samples: Samples): Promise<SampleTrace>;
  /** Frees the scheduler's own resources. */
  close(): void;
}

/** How to make an engine on workers. */
export interface ThreadedEngineOptions {
  readonly name: string;
  readonly description: string;
  /** See {@linkcode Engine.kernels}. */
  readonly arithmetic: string;
  readonly kernels: KernelModule;
  readonly spec: NetworkSpec;
  /** Workers; 0 computes in the caller's own thread. */
  readonly threads: number;
  /** The most samples of a batch. */
  readonly batchSize: number;
  /** All states are kept, for `trace`. */
  readonly recordStates: boolean;
  readonly core: CoreOptions;
  /** The most samples of a batch to train on, where samples meet in its midst. @default {batchSize} */
  readonly trainingBatch?: number;
  /** Gradient shards of a batch of `count` samples; at most the core's. */
  readonly shards: (count: number) => number;
  readonly createScheduler: (
    parts: { readonly workers: WorkerPool; readonly shared: SharedState },
  ) => Scheduler;
}

/** An engine whose neurons are computed in WASM, and the product of the bottom layer there or elsewhere. */
export class ThreadedEngine implements Engine, Disposable {
  readonly name: string;
  readonly description: string;
  readonly kernels: string;
  readonly threads: number;
  readonly spec: NetworkSpec;
  readonly batchSize: number;
  readonly needs: MemoryNeeds;
  readonly #seed: number;
  readonly #recordStates: boolean;
  readonly #layout: ParameterLayout;
  readonly #blocks: readonly GradientBlock[];
  readonly #shards: (count: number) => number;
  readonly #trainingBatch: number;
  readonly #shared: SharedState;
  readonly #workers: WorkerPool;
  readonly #scheduler: Scheduler;
  readonly #sampleIds = new Map<Samples, number>();
  /** The last call in either buffer, and the last exclusive one. */
  readonly #jobs: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];
  #exclusive: Promise<unknown> = Promise.resolve();
  #jobCount = 0;
  #hasParameters = false;
  /** Updates so far, and the optimizer that made them. */
  #updates = 0;
  #optimizer: OptimizerName = "sgd";
  /** Whether the average is that of all updates so far. */
  #keepsAverage = false;
  #failure: EngineError | undefined;

  constructor(options: ThreadedEngineOptions) {
    const { kernels, threads, batchSize, core } = options;
    this.name = options.name;
    this.description = options.description;
    this.kernels = options.arithmetic;
    this.threads = threads;
    this.spec = options.spec;
    this.batchSize = batchSize;
    this.#seed = core.seed;
    this.#recordStates = options.recordStates;
    this.#shards = options.shards;
    this.#trainingBatch = Math.min(batchSize, options.trainingBatch ?? batchSize);
    const isExternal = core.doubleBuffer !== undefined;
    this.#layout = layOut(core.plan);
    this.#blocks = gradientBlocks(this.#layout);
    const hiddenUnits = structureOf(this.spec).hidden.reduce((sum, { units }) => sum + units, 0);
    const sizes = {
      size: this.#layout.size,
      apart: this.#layout.apart,
      isExternal,
      rows: rowSizesOf(core.plan),
      batchSums: core.plan.operators.map(({ batchSums }) => batchSums),
      shards: core.shards,
      blocks: this.#blocks.length,
      batchSize,
      classes: core.plan.classes,
      workers: Math.max(1, threads),
      unitsBelow: hiddenUnits,
      threaded: threads > 0,
    };
    this.needs = {
      thread: threadBytes(instantiate(kernels.module), core.plan, core.shards, core.meeting),
      batch: sharedBytes(sizes),
    };
    checkThreadMemory(this.needs.thread);
    this.#shared = shareState(sizes);
    this.#workers = new WorkerPool(
      threads,
      { kernels, options: core, shared: this.#shared },
      (error) => this.#fail(error),
    );
    this.#scheduler = options.createScheduler({ workers: this.#workers, shared: this.#shared });
  }

  setParameters(parameters: Parameters): Promise<void> {
    return this.#runExclusive(() => this.#copyParameters(parameters));
  }

  async getParameters(): Promise<Parameters> {
    return (await this.getState()).parameters;
  }

  getState(): Promise<EngineState> {
    return this.#runExclusive(() => {
      this.#initialise();
      const momentOf = (i: number) => fromLayout(this.#layout, this.#shared.moments[i]!);
      const average = this.#keepsAverage && fromLayout(this.#layout, this.#shared.average);
      return {
        parameters: fromLayout(this.#layout, this.#shared.parameters),
        moments: new Map(momentsOf(this.#optimizer).map((name, i) => [name, momentOf(i)])),
        ...(average && { average }),
        updates: this.#updates,
      };
    });
  }

  setState(state: EngineState): Promise<void> {
    return this.#runExclusive(() => {
      checkState(state);
      const { parameters, moments, average, updates } = state;
      const optimizer = optimizerOf(moments.keys());
      const taken = toLayout(this.#layout, parameters);
      const remembered = momentsOf(optimizer).map((name) => toLayout(this.#layout, moments.get(name)!));
      const averaged = average && toLayout(this.#layout, average);
      this.#shared.parameters.set(taken);
      remembered.forEach((moment, i) => this.#shared.moments[i]!.set(moment));
      if (averaged) this.#shared.average.set(averaged);
      this.#keepsAverage = averaged !== undefined;
      this.#optimizer = optimizer;
      this.#updates = updates;
      this.#hasParameters = true;
    });
  }

  train(batch: Batch, update: Update): Promise<BatchResult> {
    if (normalisesBatches(this.spec) && batch.indices.length > this.#trainingBatch) {
      return Promise.reject(
        new RangeError(
          `${batch.indices.length} samples of a batch to train on: the network normalises over them, and the engine was made ` +
            `for ${this.#trainingBatch} at a time: expected no more, or another trainingBatch`,
        ),
      );
    }
    return this.#run(batch, async (job) => {
      const complete = completeUpdate(update);
      checkAverage(complete, { isKept: this.#keepsAverage, updates: this.#updates });
      this.#setOptimizer(complete.kind);
      this.#keepsAverage = complete.ema > 0;
      await this.#scheduler.train(job, batch.samples, complete, ++this.#updates);
      const { squares } = this.#shared.results[job.bufferIndex];
      const gradientNorms = layerNorms(this.#blocks, squares, structureOf(this.spec).populations.length);
      return { ...this.#sum(batch, job), gradientNorms };
    });
  }

  evaluate(batch: Batch): Promise<BatchResult> {
    return this.#run(batch, async (job) => {
      await this.#scheduler.evaluate(job, batch.samples);
      return this.#sum(batch, job);
    });
  }

  classify(batch: Batch): Promise<Classification> {
    return this.#run(batch, async (job) => {
      await this.#scheduler.evaluate(job, batch.samples);
      const { logits, predictions, spikes } = this.#shared.results[job.bufferIndex];
      const { length } = job.indices;
      return { // copies, which are never shared memory
        logits: Float32Array.from(logits.subarray(0, length * structureOf(this.spec).classes)),
        predictions: Uint8Array.from(predictions.subarray(0, length)),
        spikes: Int32Array.from(spikes.subarray(0, length)),
      };
    });
  }

  trace(batch: Batch): Promise<SampleTrace> {
    if (!this.#recordStates) return Promise.reject(noStates());
    return this.#run(batch, (job) => this.#scheduler.trace(job, batch.samples));
  }

  close(): void {
    this.#fail(new EngineError("the engine has been closed"));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Runs a batch. Two may be in flight, the present one and the next, so that no thread waits for a message. */
  #run<Result>(batch: Batch, work: (job: Job) => Promise<Result>): Promise<Result> {
    const bufferIndex = this.#jobCount++ % 2 === 0 ? 0 : 1;
    const before = [this.#jobs[bufferIndex], this.#exclusive];
    const call = (async () => {
      await Promise.all(before);
      if (this.#failure) throw this.#failure;
      this.#initialise();
      const job = this.#job(batch, bufferIndex);
      try {
        return await work(job);
      } catch (error) {
        if (error instanceof EngineError) this.#fail(error);
        throw error;
      }
    })();
    this.#jobs[bufferIndex] = call.catch(() => {});
    return call;
  }

  /** Runs `work` between the calls made before and those made after. */
  #runExclusive<Result>(work: () => Result): Promise<Result> {
    const before = [...this.#jobs, this.#exclusive];
    const call = (async () => {
      await Promise.all(before);
      if (this.#failure) throw this.#failure;
      return work();
    })();
    this.#exclusive = call.catch(() => {});
    return call;
  }

  #copyParameters(parameters: Parameters): void {
    checkWeights(parameters);
    this.#shared.parameters.set(toLayout(this.#layout, parameters));
    for (const moment of this.#shared.moments) moment.fill(0);
    this.#keepsAverage = false;
    this.#updates = 0;
    this.#hasParameters = true;
  }

  /** Draws the initial parameters, unless there are some. */
  #initialise(): void {
    if (!this.#hasParameters) this.#copyParameters(initialParameters(this.spec, this.#seed));
  }

  /** Switches to an optimizer, if the moments are its own or there are none yet. */
  #setOptimizer(kind: OptimizerName): void {
    if (!findsMoments(kind, { kind: this.#optimizer, updates: this.#updates })) {
      for (const moment of this.#shared.moments) moment.fill(0);
    }
    this.#optimizer = kind;
  }

  #job(batch: Batch, bufferIndex: 0 | 1): Job {
    checkBatch(batch, this.batchSize);
    const { samples, indices, stream, epoch, augmentation } = batch;
    let id = this.#sampleIds.get(samples);
    if (id === undefined) {
      checkSamples(samples, this.spec);
      id = this.#sampleIds.size;
      this.#sampleIds.set(samples, id);
      this.#workers.send({ kind: "samples", id, samples });
    }
    const shards = this.#shards(indices.length);
    return {
      samples: id,
      indices,
      stream,
      epoch,
      ...(augmentation && { augmentation }),
      bufferIndex,
      shards,
    };
  }

  #sum({ samples, indices }: Batch, { bufferIndex }: Job): BatchResult {
    const { losses, predictions, spikes, unitSpikes } = this.#shared.results[bufferIndex];
    let loss = 0, correct = 0, fired = 0;
    for (let i = 0; i < indices.length; i++) {
      loss += losses[i]!;
      fired += spikes[i]!;
      if (predictions[i] === samples.labels[indices[i]!]) correct++;
    }
    let first = 0;
    return {
      loss,
      correct,
      total: indices.length,
      spikes: fired,
      unitSpikes: structureOf(this.spec).hidden.map(({ units, shape }) => {
        const sums = new Uint32Array(units), order = channelsLast(shape);
        for (const ofWorker of unitSpikes) {
          for (let i = 0; i < units; i++) sums[i]! += ofWorker[first + (order ? order[i]! : i)]!;
        }
        first += units;
        return sums;
      }),
    };
  }

  #fail(error: EngineError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#scheduler.close();
    this.#workers.close(error);
  }
}
