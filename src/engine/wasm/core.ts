/**
 * One thread's part of the WASM engine: executes a plan for a sample, or for some side by side, in an instance of the kernels.
 *
 * A core owns its memory; only what threads sum over a whole batch (row_stage.ts) lies in memory that they share.
 * Parameters are copied in before a batch, a shard's gradient is copied out after its last sample. A core needs neither
 * Deno nor threads: the same code runs in a worker, a browser and at the edge.
 */
import type { Augmentation } from "../../data/augment.ts";
import type { Samples } from "../../data/samples.ts";
import { drawKey } from "../../random.ts";
import type { SampleTrace } from "../engine.ts";
import { readStepsOf } from "../plan/compile.ts";
import { type Meeting, type Pass, passesOf } from "../plan/passes.ts";
import type { Plan } from "../plan/plan.ts";
import { allocate } from "./allocate.ts";
import type { CoreMemory } from "./core_memory.ts";
import { ExternalMatmul, type SharedDoubleBuffer } from "./external_matmul.ts";
import { InputLayer, type InputOperations, type Place } from "./input_layer.ts";
import { instantiate, type KernelModule, type Kernels } from "./kernels.ts";
import { DENSE_FROM, type DenseFrom } from "./matrix_product.ts";
import type { Precision, Tile } from "./precision.ts";
import { ShardedUpdate } from "./sharded_update.ts";
import { SampleContext } from "./sample_context.ts";
import type { GradientBlock } from "./gradient_blocks.ts";
import { type BatchRows, RowStage } from "./row_stage.ts";
import { readTrace } from "./trace.ts";

/** What a thread's core is made from. */
export interface CoreOptions {
  readonly plan: Plan;
  readonly seed: number;
  /** The most gradient shards that a batch is cut into. */
  readonly shards: number;
  /** The least Z (asm/skip.ts) at which a unit is left out. */
  readonly skipBound: number;
  /** Of the noise encoder's product; other encoders' is always float32. */
  readonly precision?: Precision;
  /** The product's kernel, one of the precision's. @default {the first} */
  readonly tile?: Tile;
  /** Shares of spikes above which products are whole. @default {as measured} */
  readonly denseFrom?: DenseFrom;
  /** Floats of all values up to which none share memory. @default {as many as stay in the second cache} */
  readonly small?: number;
  /** Samples of a training batch that the thread has at most, where they meet in its midst; see {@linkcode Core.passes}. @default {1} */
  readonly meeting?: number;
  /** Where samples of a batch keep what {@linkcode Core.sumRows} needs; without it, {@linkcode Core.backward} adds their gradients. */
  readonly rows?: BatchRows | undefined;
  /** Where currents of the encoder's inputs come from, and coefficients go to, if their product is computed elsewhere. */
  readonly doubleBuffer?: SharedDoubleBuffer;
}

/** Where a sample is the only one. */
const ALONE: Place = { bufferIndex: 0, position: 0 };

/** Kernels and memory for the samples of one thread. */
export class Core {
  readonly plan: Plan;
  readonly memory: CoreMemory;
  /** Parameters in the kernels' layout. Call {@linkcode prepare} after writing them. */
  readonly parameters: Float32Array;
  /** Gradients of all samples since {@linkcode clearGradients}, in the same layout. */
  readonly gradients: Float32Array;
  /** The optimizer's work, which needs no sample. */
  readonly optimizer: ShardedUpdate;
  readonly #kernels: Kernels;
  readonly #seed: number;
  readonly #stage: RowStage;
  readonly #floats: Float32Array;
  /** The passes that training consists of; where samples are independent there is one. */
  readonly passes: readonly Pass[];
  /** Samples that go through some steps side by side, or meet in the midst of training, have one each; else there is one. */
  readonly #contexts: readonly SampleContext[];
  #present: SampleContext;

  constructor({ module }: KernelModule, options: CoreOptions) {
    const { plan, seed, shards, small, rows, denseFrom = DENSE_FROM } = options;
    this.plan = plan;
    this.#seed = seed;
    const kernels = this.#kernels = instantiate(module);
    const memories = allocate(kernels, plan, shards, small, options.meeting); // all, before the first view of it
    this.memory = memories[0];
    this.#floats = new Float32Array(kernels.memory.buffer);
    const { parameters, gradients, layout } = this.memory;
    this.parameters = this.#view(parameters, layout.size);
    this.gradients = this.#view(gradients, layout.size);
    this.#stage = new RowStage(kernels, this.memory, plan, rows);
    this.#contexts = memories.map((memory) =>
      new SampleContext(kernels, memory, plan, inputsOf(kernels, memory, options), denseFrom)
    );
    this.#present = this.#contexts[0]!;
    this.passes = passesOf(plan);
    this.optimizer = new ShardedUpdate(kernels, this.memory);
  }

  /** Prepares what follows from the parameters and holds for a whole batch. */
  prepare(): void {
    for (const context of this.#contexts) context.prepare();
  }

  /** Clears the gradients of the flat parameters from the `from`-th on. */
  clearGradients(from = 0): void {
    this.gradients.fill(0, from);
  }

  /** The most samples of a group. */
  get group(): number {
    return this.goesBackTogether ? this.#contexts.length : this.memory.group;
  }

  /** The samples of a group go back together, by {@linkcode backwardTogether}. */
  get goesBackTogether(): boolean {
    return this.#contexts.length > 1 && this.passes.length === 1;
  }

  /** Copies the features of a group of samples in; they share the products of inputs that are the same at every step. */
  stage(samples: Samples, indices: ArrayLike<number>, epoch: number, augmentation?: Augmentation): void {
    this.#present = this.#contexts[0]!;
    for (let slot = 0; slot < indices.length; slot++) {
      const index = indices[slot]!, steps = samples.lengths?.[index] ?? this.plan.spec.steps;
      const sample = { samples, index, epoch, steps, augmentation };
      if (this.goesBackTogether) this.#contexts[slot]!.inputs.stage(sample, 0, 1);
      else this.#present.inputs.stage(sample, slot, indices.length);
    }
  }

  /**
   * Makes a sample the present one: its features, its label, its draws.
   *
   * @param scale The weight of its gradient in the batch's.
   * @param augmentation How it is moved first; its features must be pixels then.
   * @param place Its place in the shared double buffer, if there is one.
   * @param position Its place in its batch.
   * @param slot Its place in the group that was staged. @default {a group of its own, which is staged now}
   * @param isTraining It is trained on, not measured.
   * @param own Its place among the thread's samples of a training batch, where these meet.
   */
  load(
    samples: Samples,
    index: number,
    stream: number,
    epoch: number,
    { scale = 1, augmentation, place: bufferPlace = ALONE, slot, position = 0, isTraining = false, own }: {
      readonly scale?: number;
      readonly augmentation?: Augmentation;
      readonly place?: Place;
      readonly slot?: number;
      readonly position?: number;
      readonly isTraining?: boolean;
      readonly own?: number;
    } = {},
  ): void {
    if (own !== undefined) {
      this.#present = this.#contexts[own]!;
      const steps = samples.lengths?.[index] ?? this.plan.spec.steps;
      this.#present.inputs.stage({ samples, index, epoch, steps, augmentation }, 0, 1);
    } else if (slot === undefined) this.stage(samples, [index], epoch, augmentation);
    const steps = samples.lengths?.[index] ?? this.plan.spec.steps, place = slot ?? 0;
    const id = samples.ids?.[index] ?? index,
      keyOf = (stream: number) => drawKey(this.#seed, stream, epoch, id);
    const key = keyOf(stream);
    const read = samples.lengths ? readStepsOf(this.plan.spec, steps) : this.plan.readout;
    if (this.goesBackTogether) this.#present = this.#contexts[place]!;
    const member = this.goesBackTogether ? 0 : place;
    this.#present.load(
      { slot: member, key, steps, place: bufferPlace, position },
      { steps, read, label: samples.labels[index]!, scale, member, isTraining, keyOf },
      samples.lengths !== undefined,
    );
  }

  /** Makes a sample that was loaded the present one. @param own See {@linkcode Core.load}. */
  turnTo(own: number): void {
    this.#present = this.#contexts[own]!;
  }

  /** Takes the present sample through a pass of its training. */
  pass({ from, to }: Pass): void {
    for (let i = from; i < to; i++) this.execute(i);
  }

  /** The present sample's sums at the end of a pass: a view, f64. */
  sumsOf({ operator }: Meeting): Float64Array {
    const { sums, operator: { batchSums } } = this.memory.operators[operator]!;
    return new Float64Array(this.#kernels.memory.buffer, sums, batchSums);
  }

  /** Has an operator take the sums of all samples of the batch. */
  settle(meeting: Meeting, totals: Float64Array): void {
    this.sumsOf(meeting).set(totals);
    this.#contexts[0]!.executor.settle(meeting.isBack ? "settleBack" : "settle", meeting.operator);
  }

  /** The loss of the present sample. */
  get loss(): number {
    return this.#present.executor.loss;
  }

  /** The present sample's forward pass. @returns Its loss. */
  forward(): number {
    for (let i = 0; i < this.plan.forward.length; i++) this.execute(i);
    return this.loss;
  }

  /** The present sample's backward pass; its gradient is added to the others. */
  backward(): void {
    const { forward, backward } = this.plan;
    for (let i = 0; i < backward.length; i++) this.execute(forward.length + i);
  }

  /** The backward pass of the first `count` samples of the group, whose forward passes are done. */
  backwardTogether(count: number): void {
    const { forward, backward } = this.plan, contexts = this.#contexts.slice(0, count);
    backward.forEach((step, i) => {
      if (step.kind !== "scanRecurrentBack" && step.kind !== "weightGradient") {
        for (const context of contexts) context.execute(forward.length + i);
        return;
      }
      for (const context of contexts) context.beginStep(forward.length + i);
      const executors = contexts.map(({ executor }) => executor), [first] = executors;
      if (step.kind === "weightGradient") first!.weightGradient(step.product, executors);
      else first!.scanRecurrentBack(step, executors);
    });
  }

  /** Sums the gradients of weights of one row over the first `count` samples of a batch. @param blocks Of which parameters. */
  sumRows(count: number, blocks: readonly GradientBlock[]): void {
    this.#stage.sum(count, blocks);
  }

  /** Executes one step of the plan on the present sample. @param index Of the step, counted through the forward and the backward pass. */
  execute(index: number): void {
    this.#present.execute(index);
  }

  /** The class of the largest logit of the last sample (the first of equals). */
  prediction(): number {
    const logits = this.#present.memory.logits >> 2;
    let best = 0;
    for (let i = 1; i < this.plan.classes; i++) {
      if (this.#floats[logits + i]! > this.#floats[logits + best]!) best = i;
    }
    return best;
  }

  /** The readout of the last sample, `[classes]`: a view, which the next sample overwrites. */
  logits(): Float32Array {
    return this.#view(this.#present.memory.logits, this.plan.classes);
  }

  /** Spikes of the last sample in the populations that are not read out. */
  spikes(): number {
    return this.plan.populations.reduce(
      (total, { index }) =>
        index === this.plan.top ? total : total + this.#present.executor.spikes.countOf(index),
      0,
    );
  }

  /** Steps of the last sample. */
  get steps(): number {
    return this.#present.steps;
  }

  /** Adds the last sample's spikes, unit by unit. */
  addUnitSpikes(): void {
    for (const { index } of this.plan.populations) {
      if (index !== this.plan.top) this.#present.executor.spikes.addUnitSpikes(index);
    }
  }

  /**
   * Spikes unit by unit of all samples that were added since {@linkcode Core.clearUnitSpikes}.
   *
   * @param sums The units of the populations that are not read out, one population after the other; written.
   */
  unitSpikes(sums: Uint32Array): void {
    let first = 0;
    for (const { population: { index, units }, unitSpikes } of this.memory.populations) {
      if (index === this.plan.top) continue;
      sums.set(new Uint32Array(this.#kernels.memory.buffer, unitSpikes, units), first);
      first += units;
    }
  }

  /** Begins new sums of spikes. */
  clearUnitSpikes(): void {
    for (const { unitSpikes, width } of this.memory.populations) this.#view(unitSpikes, width).fill(0);
  }

  /** How many units of each population were computed for the last sample; the others could not spike. */
  get computed(): readonly number[] {
    return this.#present.executor.spikes.slots;
  }

  /** All states of the last sample; the plan must have been made with `recordStates`. */
  trace(): SampleTrace {
    return readTrace({
      kernels: this.#kernels,
      memory: this.#present.memory,
      steps: this.#present.steps,
      classes: this.plan.classes,
      loss: this.#present.executor.loss,
      feedBack: ({ population: { index }, feedback }, t) => {
        const scan = this.plan.forward.find((step) =>
          step.kind === "scanRecurrent" && step.population === index
        );
        if (scan?.kind === "scanRecurrent") {
          this.#present.executor.products[scan.product]!.stepInto(feedback, t);
        }
      },
    });
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}

/** The operations on a sample's inputs, which lie in some memory. */
function inputsOf(
  kernels: Kernels,
  memory: CoreMemory,
  { plan, seed, skipBound, precision = "f32", tile, denseFrom = DENSE_FROM, rows, doubleBuffer }: CoreOptions,
): InputOperations {
  if (doubleBuffer) return new ExternalMatmul(kernels, doubleBuffer);
  const stage = new RowStage(kernels, memory, plan, rows);
  return new InputLayer(kernels, memory, {
    plan,
    seed,
    skipBound,
    precision,
    stage,
    denseFrom,
    ...(tile && { tile }),
  });
}
