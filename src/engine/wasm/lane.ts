/**
 * What one thread of the WASM engine does with a batch.
 *
 * Threads claim shards of the batch, each a fixed run of samples, and leave each shard's gradient in shared memory. When
 * all have been claimed and are done, every thread sums one part of the parameters over the shards, in the shards' order,
 * and moves it. Which thread does what depends on chance; which numbers are added in which order does not.
 *
 * @module
 */
import type { Augmentation } from "../../data/augment.ts";
import type { Samples } from "../../data/samples.ts";
import type { SampleTrace } from "../engine.ts";
import { clipFactor, type CompleteStep } from "../optimiser.ts";
import { Core, type CoreOptions } from "./core.ts";
import { NORM_FLOATS } from "./core_memory.ts";
import type { KernelModule } from "./kernels.ts";
import { roundUp } from "./layout.ts";

/** Memory that all threads see. With a single lane it need not be shared. */
export interface SharedState {
  /** Threads at the barrier so far, then the next shard to be claimed in either slot. */
  readonly control: Int32Array;
  readonly parameters: Float32Array;
  /** What the optimiser remembers: SGD's velocity in the first, Adam's mean and square in both. */
  readonly moments: readonly [Float32Array, Float32Array];
  /** Σ g² of each {@linkcode NORM_FLOATS} parameters, where the gradient's norm is asked for. */
  readonly squares: Float64Array;
  readonly shards: readonly Float32Array[];
  /** Two slots, so that a batch can be handed out while another is under way. */
  readonly results: readonly [SlotResults, SlotResults];
}

/** What a batch came to; where nothing else is said, one entry a sample, in the batch's order. */
export interface SlotResults {
  readonly losses: Float64Array;
  /** One row a sample, `[samples, classes]`. */
  readonly logits: Float32Array;
  readonly predictions: Uint8Array;
  readonly spikes: Int32Array;
  /** One entry a lane: spikes of each unit below the top, over the samples that the lane presented. */
  readonly unitSpikes: readonly Uint32Array[];
}

/** The samples of a batch, and the run of them that makes a shard. */
export interface Job {
  readonly samples: number;
  readonly indices: Uint32Array;
  readonly purpose: number;
  readonly epoch: number;
  readonly slot: 0 | 1;
  readonly augmentation?: Augmentation;
  /** How many shards the batch is cut into. */
  readonly shards: number;
}

/** What the engine tells its lanes. */
export type LaneMessage =
  | { readonly kind: "setup"; readonly setup: LaneSetup }
  | { readonly kind: "samples"; readonly id: number; readonly samples: Samples }
  | { readonly kind: "train"; readonly job: Job; readonly step: CompleteStep; readonly number: number }
  | { readonly kind: "evaluate"; readonly job: Job }
  | { readonly kind: "trace"; readonly job: Job };

/** What a lane answers to each `train`, `evaluate` and `trace`. */
export interface LaneReply {
  /** What went wrong; the lane is of no more use. */
  readonly failure?: string;
  readonly trace?: SampleTrace;
}

/** All that a thread needs to begin. */
export interface LaneSetup {
  readonly kernels: KernelModule;
  readonly options: CoreOptions;
  readonly shared: SharedState;
  readonly lane: number;
  readonly lanes: number;
}

/**
 * The samples of a shard. Half of the shards are large, a quarter half as large, and the last quarter a quarter: so the
 * threads, which take them in this order, finish close together.
 */
export function shardRange(
  count: number,
  shards: number,
  shard: number,
): readonly [from: number, to: number] {
  const large = Math.floor(shards / 2), medium = Math.floor(shards * 3 / 4);
  const weight = (n: number) => n + Math.min(n, medium) + 2 * Math.min(n, large);
  const at = (n: number) => Math.floor(count * weight(n) / weight(shards));
  return [at(shard), at(shard + 1)];
}

/** Which gradient is summed how is part of the result: so the number of shards depends on the batch alone. */
export function shardCount(batchSize: number): number {
  return Math.max(1, Math.min(24, Math.ceil(batchSize / 16)));
}

/** One thread of the engine. */
export class Lane {
  readonly #core: Core;
  readonly #setup: LaneSetup;
  readonly #samples = new Map<number, Samples>();
  /** Of the batch under way. */
  readonly #unitSpikes: Uint32Array;
  #barriers = 0;

  constructor(setup: LaneSetup) {
    this.#setup = setup;
    this.#core = new Core(setup.kernels, setup.options);
    this.#unitSpikes = new Uint32Array(setup.shared.results[0].unitSpikes[setup.lane]!.length);
  }

  /** Carries out a message; `undefined` where none is owed an answer. */
  handle(message: LaneMessage): LaneReply | undefined {
    switch (message.kind) {
      case "setup":
        return undefined;
      case "samples":
        this.#samples.set(message.id, message.samples);
        return undefined;
      case "train":
        this.#train(message.job, message.step, message.number);
        return {};
      case "evaluate":
        this.#evaluate(message.job);
        return {};
      case "trace":
        return this.#trace(message.job);
      default:
        return message satisfies never;
    }
  }

  #train(job: Job, step: CompleteStep, number: number): void {
    const core = this.#core, { shared, lane, lanes } = this.#setup;
    const { parameters, moments, squares } = shared;
    this.#takeParameters();
    this.#claim(job, (shard) => {
      core.clearGradients();
      this.#present(job, shard, () => core.backward());
      shared.shards[shard]!.set(core.gradients);
    });
    this.#barrier();
    const part = roundUp(Math.ceil(parameters.length / lanes), NORM_FLOATS);
    const from = Math.min(lane * part, parameters.length), to = Math.min(from + part, parameters.length);
    let shards = shared.shards.slice(0, job.shards), factor = 1;
    if (step.clip < Infinity) {
      core.sumShards(from, to, shards, squares);
      this.#barrier();
      shards = shards.slice(0, 1);
      factor = clipFactor(Math.sqrt(squares.reduce((sum, square) => sum + square, 0)), step.clip);
    }
    core.update({ from, to, shards, parameters, moments, step, number, factor });
    this.#barrier();
  }

  #evaluate(job: Job): void {
    this.#takeParameters();
    this.#claim(job, (shard) => this.#present(job, shard));
  }

  #trace(job: Job): LaneReply {
    this.#takeParameters();
    this.#core.load(this.#samplesOf(job), job.indices[0]!, job.purpose, job.epoch);
    this.#core.forward();
    return { trace: this.#core.trace() };
  }

  #takeParameters(): void {
    this.#core.parameters.set(this.#setup.shared.parameters);
    this.#core.prepare();
  }

  #samplesOf(job: Job): Samples {
    return this.#samples.get(job.samples)!; // sent before the first job that names it
  }

  /** Runs a shard's samples forward, and what is to come `after` each. */
  #present(job: Job, shard: number, after?: () => void): void {
    const core = this.#core, samples = this.#samplesOf(job);
    const { losses, logits, predictions, spikes } = this.#setup.shared.results[job.slot];
    const [from, to] = shardRange(job.indices.length, job.shards, shard);
    for (let i = from; i < to; i++) {
      core.load(samples, job.indices[i]!, job.purpose, job.epoch, {
        scale: 1 / job.indices.length,
        ...(job.augmentation && { augmentation: job.augmentation }),
      });
      losses[i] = core.forward();
      logits.set(core.logits(), i * core.plan.classes);
      predictions[i] = core.prediction();
      spikes[i] = core.spikes();
      core.addUnitSpikes(this.#unitSpikes);
      after?.();
    }
  }

  #claim(job: Job, work: (shard: number) => void): void {
    const { shared: { control, results }, lane } = this.#setup;
    this.#unitSpikes.fill(0);
    for (;;) {
      const shard = Atomics.add(control, 1 + job.slot, 1);
      if (shard >= job.shards) break;
      work(shard);
    }
    results[job.slot].unitSpikes[lane]!.set(this.#unitSpikes);
  }

  /** Waits until every lane has come here as often as this one. */
  #barrier(): void {
    const { lanes, shared: { control } } = this.#setup;
    this.#barriers++;
    if (lanes === 1) return;
    const all = this.#barriers * lanes;
    if (Atomics.add(control, 0, 1) + 1 === all) Atomics.notify(control, 0);
    for (let here; (here = Atomics.load(control, 0)) < all;) Atomics.wait(control, 0, here);
  }
}
