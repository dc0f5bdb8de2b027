/**
 * One thread's work on a batch, in the WASM engine.
 *
 * Threads claim shards of the batch, each a fixed run of samples, and write each shard's gradient to shared memory. When
 * all shards are done, every thread sums one part of the parameters' gradient over the shards, in the shards' order, and
 * updates it. Which thread does what depends on chance; which numbers are added in which order does not.
 */
import type { Augmentation } from "../../data/augment.ts";
import type { Samples } from "../../data/samples.ts";
import type { SampleTrace } from "../engine.ts";
import { clipFactor, type CompleteUpdate } from "../optimizer.ts";
import type { Plan } from "../plan/plan.ts";
import type { Meeting } from "../plan/passes.ts";
import { Core, type CoreOptions } from "./core.ts";
import { type GradientBlock, gradientBlocks } from "./gradient_blocks.ts";
import type { KernelModule } from "./kernels.ts";
import type { GradientPart } from "./sharded_update.ts";
import type { SharedState } from "./shared_state.ts";
import type { Place } from "./input_layer.ts";

/** A batch in a buffer of the shared results. */
export interface Job {
  /** The data set's id. */
  readonly samples: number;
  readonly indices: Uint32Array;
  readonly stream: number;
  readonly epoch: number;
  readonly bufferIndex: 0 | 1;
  readonly augmentation?: Augmentation;
  /** How many shards the batch is cut into. */
  readonly shards: number;
}

/** A run of a batch's samples, and the shards that it is cut into. */
export interface Part {
  readonly from: number;
  readonly to: number;
  readonly firstShard: number;
  readonly shards: number;
  /** The shards hold an earlier part's gradients, to which this one's are added. */
  readonly adds: boolean;
  /** Where claims are counted, and where the samples lie in a shared double buffer. */
  readonly bufferIndex: 0 | 1;
}

/** The engine's messages to its workers. */
export type WorkerMessage =
  | { readonly kind: "setup"; readonly setup: WorkerSetup }
  | { readonly kind: "samples"; readonly id: number; readonly samples: Samples }
  | { readonly kind: "train"; readonly job: Job; readonly update: CompleteUpdate; readonly number: number }
  | { readonly kind: "evaluate"; readonly job: Job }
  | { readonly kind: "trace"; readonly job: Job }
  /** The stages of `train` and `evaluate`, one by one. The part whose `from` is 0 copies the parameters in. */
  | { readonly kind: "present"; readonly job: Job; readonly part: Part; readonly isTraining: boolean }
  | { readonly kind: "update"; readonly job: Job; readonly update: CompleteUpdate; readonly number: number };

/** A worker's answer to each message about a job. */
export interface WorkerReply {
  /** The error after which the worker has stopped. */
  readonly failure?: string;
  readonly trace?: SampleTrace;
}

/** The first message to a worker. */
export interface WorkerSetup {
  readonly kernels: KernelModule;
  readonly options: CoreOptions;
  readonly shared: SharedState;
  readonly worker: number;
  readonly workers: number;
}

/**
 * The samples of a shard. Half of the shards are large, a quarter half as large, and the last quarter a quarter as large: so
 * threads, which claim them in this order, finish close together.
 *
 * @param together Samples that go side by side: no shard but the last has a part of them. @default {1}
 */
export function shardRange(
  count: number,
  shards: number,
  shard: number,
  together = 1,
): readonly [from: number, to: number] {
  const large = Math.floor(shards / 2), medium = Math.floor(shards * 3 / 4);
  const weight = (n: number) => n + Math.min(n, medium) + 2 * Math.min(n, large);
  const groups = Math.ceil(count / together);
  const at = (n: number) => Math.min(count, together * Math.floor(groups * weight(n) / weight(shards)));
  return [at(shard), at(shard + 1)];
}

/** The number of shards. It depends on the batch alone, since the order of sums is part of the result. */
export function shardCount(batchSize: number): number {
  return Math.max(1, Math.min(24, Math.ceil(batchSize / 16)));
}

/** The shards of a batch that each worker has where samples meet in its midst: the next one goes to who has the fewest samples. */
export function shardsOfWorkers(
  count: number,
  shards: number,
  workers: number,
): readonly (readonly number[])[] {
  const own = Array.from({ length: workers }, (): number[] => []), samples = own.map(() => 0);
  for (let shard = 0; shard < shards; shard++) {
    const [from, to] = shardRange(count, shards, shard), least = samples.indexOf(Math.min(...samples));
    own[least]!.push(shard);
    samples[least]! += to - from;
  }
  return own;
}

/** The most samples of a training batch that a worker has at a time: all of its own, where samples meet; else one. */
export function samplesOfThread(
  { operators }: Plan,
  batchSize: number,
  workers: number,
  shards: number,
): number {
  if (operators.every(({ batchSums }) => batchSums === 0)) return 1;
  const [from, to] = shardRange(batchSize, Math.min(shards, batchSize), 0);
  return Math.min(batchSize, Math.ceil(batchSize / workers) + to - from);
}

/** One thread of the engine. */
export class EngineWorker {
  readonly #core: Core;
  readonly #setup: WorkerSetup;
  readonly #samples = new Map<number, Samples>();
  readonly #blocks: readonly GradientBlock[];
  #barriers = 0;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
    this.#core = new Core(setup.kernels, { ...setup.options, rows: setup.shared.rows });
    this.#blocks = gradientBlocks(this.#core.memory.layout);
  }

  /** Handles a message; `undefined` where it has no reply. */
  handle(message: WorkerMessage): WorkerReply | undefined {
    switch (message.kind) {
      case "setup":
        return undefined;
      case "samples":
        this.#samples.set(message.id, message.samples);
        return undefined;
      case "train":
        this.#train(message.job, message.update, message.number);
        return {};
      case "evaluate":
        this.#present(message.job, wholeOf(message.job), false);
        return {};
      case "trace":
        return this.#trace(message.job);
      case "present":
        this.#present(message.job, message.part, message.isTraining);
        return {};
      case "update":
        this.#update(message.job, message.update, message.number);
        return {};
      default:
        return message satisfies never;
    }
  }

  #train(job: Job, update: CompleteUpdate, number: number): void {
    if (this.#core.passes.length > 1) this.#presentInPasses(job);
    else this.#present(job, wholeOf(job), true);
    this.#barrier();
    this.#update(job, update, number);
    this.#barrier();
  }

  /** Runs the forward pass of a part's samples, and in training the backward pass, whose gradients it adds to the part's shards. */
  #present(job: Job, part: Part, isTraining: boolean): void {
    const core = this.#core, { shared: { shards, results }, worker } = this.#setup;
    const { apart } = core.memory.layout;
    if (part.from === 0) {
      this.#takeParameters();
      core.clearUnitSpikes();
    }
    this.#claim(part, (claimed) => {
      const [from, to] = shardRange(
        part.to - part.from,
        part.shards,
        claimed,
        core.goesBackTogether ? core.group : 1,
      );
      if (!isTraining) return this.#presentSamples(job, part, from, to, false);
      const shard = shards[part.firstShard + claimed]!;
      core.clearGradients(apart);
      if (part.adds) core.gradients.set(shard, apart);
      this.#presentSamples(job, part, from, to, true);
      shard.set(core.gradients.subarray(apart));
    });
    core.unitSpikes(results[job.bufferIndex].unitSpikes[worker]!);
  }

  /** Updates this worker's share of the parameters; with `clip` the workers meet at a barrier for the norm. */
  #update(job: Job, update: CompleteUpdate, number: number): void {
    const { optimizer } = this.#core, { parameters, moments, average, results } = this.#setup.shared;
    let parts = this.#parts(job), factor = 1;
    this.#core.sumRows(job.indices.length, parts[0]!.blocks);
    if (update.clip < Infinity) {
      for (const part of parts) optimizer.sumShards(part);
      this.#barrier();
      const square = results[job.bufferIndex].squares.reduce((sum, square) => sum + square, 0);
      factor = clipFactor(Math.sqrt(square), update.clip);
      // The sum is in the first shard now; its squares, which are the same again, go where no other worker reads.
      const summed = (part: GradientPart): GradientPart => ({
        ...part,
        shards: part.shards.slice(0, 1),
        squares: new Float64Array(part.blocks.length),
      });
      parts = [summed(parts[0]), summed(parts[1])];
    }
    for (const part of parts) {
      optimizer.update(part, { parameters, moments, average, update, number, factor });
    }
  }

  /** This worker's share of the parameters apart, and of those whose gradient is in the shards. */
  #parts({ shards: used, bufferIndex }: Job): readonly [apart: GradientPart, GradientPart] {
    const { shared: { given, shards, results }, worker, workers } = this.#setup;
    const { squares } = results[bufferIndex], all = this.#blocks;
    const partOf = (first: number, end: number, begin: number, shards: readonly Float32Array[]) => {
      const share = Math.ceil((end - first) / workers);
      const from = Math.min(first + worker * share, end), to = Math.min(from + share, end);
      return { blocks: all.slice(from, to), shards, begin, squares: squares.subarray(from, to) };
    };
    const { layout: { apart } } = this.#core.memory, middle = all.filter(({ to }) => to <= apart).length;
    return [
      partOf(0, middle, 0, [given.length > 0 ? given : this.#core.gradients]),
      partOf(middle, all.length, apart, shards.slice(0, used)),
    ];
  }

  #trace(job: Job): WorkerReply {
    this.#takeParameters();
    this.#core.load(this.#samplesOf(job), job.indices[0]!, job.stream, job.epoch);
    this.#core.forward();
    return { trace: this.#core.trace() };
  }

  #takeParameters(): void {
    const { parameters, given } = this.#setup.shared; // no thread reads weights of a product that is computed elsewhere
    this.#core.parameters.set(parameters.subarray(given.length), given.length);
    this.#core.prepare();
  }

  #samplesOf(job: Job): Samples {
    return this.#samples.get(job.samples)!; // sent before the first job that names it
  }

  /** Runs the forward pass of samples `from` … `to` of a part, and in training the backward pass. */
  #presentSamples(job: Job, part: Part, from: number, to: number, isTraining: boolean): void {
    const core = this.#core, samples = this.#samplesOf(job);
    const { augmentation, epoch, indices } = job, options = augmentation && { augmentation };
    for (let position = from, first = from; position < to; position++) {
      const i = part.from + position;
      if (position === first + core.group || position === from) {
        first = position;
        const last = Math.min(to, first + core.group);
        core.stage(samples, indices.subarray(part.from + first, part.from + last), epoch, augmentation);
      }
      const place: Place = { bufferIndex: part.bufferIndex, position };
      const slot = position - first;
      core.load(samples, indices[i]!, job.stream, epoch, {
        scale: 1 / indices.length,
        place,
        position: i,
        slot,
        isTraining,
        ...options,
      });
      core.forward();
      this.#keepResults(job, i);
      if (!isTraining) continue;
      if (!core.goesBackTogether) core.backward();
      else if (position + 1 === to || slot + 1 === core.group) core.backwardTogether(slot + 1);
    }
  }

  /**
   * Trains on samples that meet: each pass takes all of the thread's own samples, and ends with the sums of all threads' samples, in the
   * batch's order. At the end the statistics that follow the batch are the same in all threads.
   */
  #presentInPasses(job: Job): void {
    const core = this.#core, { shared, worker, workers } = this.#setup, { shards } = shared;
    const { layout } = core.memory, { indices, bufferIndex } = job, lossAt = core.plan.forward.length;
    const own = shardsOfWorkers(indices.length, job.shards, workers)[worker]!;
    this.#takeParameters();
    core.clearUnitSpikes();
    core.passes.forEach((pass, number) => {
      const goesBack = pass.to > lossAt, isFirstBack = goesBack && pass.from < lossAt;
      let context = 0;
      for (const shard of own) {
        const [from, to] = shardRange(indices.length, job.shards, shard);
        if (goesBack) {
          core.clearGradients(layout.apart);
          if (!isFirstBack) core.gradients.set(shards[shard]!, layout.apart);
        }
        for (let position = from; position < to; position++, context++) {
          if (number === 0) this.#loadOwn(job, position, context);
          else core.turnTo(context);
          core.pass(pass);
          if (isFirstBack) this.#keepResults(job, position);
          if (pass.meeting) this.#sumsOf(pass.meeting, position).set(core.sumsOf(pass.meeting));
        }
        if (goesBack) shards[shard]!.set(core.gradients.subarray(layout.apart));
      }
      if (!pass.meeting) return;
      this.#barrier();
      const totals = new Float64Array(core.plan.operators[pass.meeting.operator]!.batchSums);
      for (let position = 0; position < indices.length; position++) {
        this.#sumsOf(pass.meeting, position).forEach((sum, i) => totals[i]! += sum);
      }
      core.settle(pass.meeting, totals);
    });
    core.unitSpikes(shared.results[bufferIndex].unitSpikes[worker]!);
    if (worker !== 0) return;
    // All threads have taken the parameters before the first meeting.
    for (const { tensor: { role }, at, size } of layout.tensors) {
      if (role === "statistic") shared.parameters.set(core.parameters.subarray(at, at + size), at);
    }
  }

  /** Where the sums of a sample are kept for all threads. */
  #sumsOf({ operator, isBack }: Meeting, position: number): Float64Array {
    const all = this.#setup.shared.sums[operator]![isBack ? 1 : 0];
    const { batchSums } = this.#core.plan.operators[operator]!;
    return all.subarray(position * batchSums, (position + 1) * batchSums);
  }

  #loadOwn(job: Job, position: number, own: number): void {
    const { augmentation, epoch, indices, stream } = job;
    this.#core.load(this.#samplesOf(job), indices[position]!, stream, epoch, {
      scale: 1 / indices.length,
      position,
      own,
      isTraining: true,
      ...(augmentation && { augmentation }),
    });
  }

  /** Keeps what the present sample's forward pass gave. */
  #keepResults({ bufferIndex }: Job, position: number): void {
    const core = this.#core,
      { losses, logits, predictions, spikes } = this.#setup.shared.results[bufferIndex];
    losses[position] = core.loss;
    logits.set(core.logits(), position * core.plan.classes);
    predictions[position] = core.prediction();
    spikes[position] = core.spikes();
    core.addUnitSpikes();
  }

  #claim({ bufferIndex, shards }: Part, work: (shard: number) => void): void {
    const { control } = this.#setup.shared;
    for (;;) {
      const shard = Atomics.add(control, 1 + bufferIndex, 1);
      if (shard >= shards) return;
      work(shard);
    }
  }

  /** Waits until every worker has reached its n-th barrier, n as in this one. */
  #barrier(): void {
    const { workers, shared: { control } } = this.#setup;
    this.#barriers++;
    if (workers === 1) return;
    const all = this.#barriers * workers;
    if (Atomics.add(control, 0, 1) + 1 === all) Atomics.notify(control, 0);
    for (let here; (here = Atomics.load(control, 0)) < all;) Atomics.wait(control, 0, here);
  }
}

/** A job as one part. */
function wholeOf({ indices, shards, bufferIndex }: Job): Part {
  return { from: 0, to: indices.length, firstShard: 0, shards, adds: false, bufferIndex };
}
