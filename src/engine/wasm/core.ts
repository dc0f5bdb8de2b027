/**
 * One thread's part of the WASM engine: executes a plan for one sample at a time, in an instance of the kernels.
 *
 * A core owns its memory and shares nothing. Parameters are copied in before a batch, a shard's gradient is copied out
 * after its last sample. It needs neither Deno nor threads: the same code runs in a worker, a browser and at the edge.
 */
import type { Augmentation } from "../../data/augment.ts";
import type { Samples } from "../../data/samples.ts";
import { drawKey } from "../../random.ts";
import type { SampleTrace } from "../engine.ts";
import { readStepsOf } from "../plan/compile.ts";
import type { Plan } from "../plan/plan.ts";
import { allocate } from "./allocate.ts";
import type { CoreMemory, ValueMemory } from "./core_memory.ts";
import { ExternalMatmul, type SharedDoubleBuffer } from "./external_matmul.ts";
import { InputLayer, type InputOperations, type Place } from "./input_layer.ts";
import { instantiate, type KernelModule, type Kernels } from "./kernels.ts";
import { DENSE_FROM, type DenseFrom } from "./matrix_product.ts";
import type { Precision, Tile } from "./precision.ts";
import { ShardedUpdate } from "./sharded_update.ts";
import { StepExecutor } from "./step_executor.ts";
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
  /** Where currents of the encoder's inputs come from, and coefficients go to, if their product is computed elsewhere. */
  readonly doubleBuffer?: SharedDoubleBuffer;
}

/** Where a sample is the only one. */
const ALONE: Place = { bufferIndex: 0, position: 0 };

/** Kernels and memory for one sample at a time. */
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
  readonly #inputs: InputOperations;
  readonly #executor: StepExecutor;
  readonly #seed: number;
  readonly #floats: Float32Array;
  /** Steps of the present sample: T, or fewer for a shorter sequence. */
  #steps: number;
  /** What lies around a value's rows may be other values', or a longer sample's. */
  #clears = true;

  constructor(
    { module }: KernelModule,
    { plan, seed, shards, skipBound, precision = "f32", tile, denseFrom = DENSE_FROM, small, doubleBuffer }:
      CoreOptions,
  ) {
    this.plan = plan;
    this.#seed = seed;
    this.#kernels = instantiate(module);
    this.memory = allocate(this.#kernels, plan, shards, small);
    this.#floats = new Float32Array(this.#kernels.memory.buffer);
    const { parameters, gradients, layout } = this.memory;
    this.parameters = this.#view(parameters, layout.size);
    this.gradients = this.#view(gradients, layout.size);
    this.#inputs = doubleBuffer
      ? new ExternalMatmul(this.#kernels, doubleBuffer)
      : new InputLayer(this.#kernels, this.memory, {
        plan,
        seed,
        skipBound,
        precision,
        ...(tile && { tile }),
      });
    this.optimizer = new ShardedUpdate(this.#kernels, this.memory);
    this.#executor = new StepExecutor(this.#kernels, this.memory, plan, this.#inputs, denseFrom);
    this.#steps = plan.spec.steps;
  }

  /** Prepares what follows from the parameters and holds for a whole batch. */
  prepare(): void {
    this.#inputs.prepare();
    for (const product of this.#executor.products) product.dropPanels();
  }

  /** Clears the gradients of the flat parameters from the `from`-th on. */
  clearGradients(from = 0): void {
    this.gradients.fill(0, from);
  }

  /** The most samples of a group. */
  get group(): number {
    return this.memory.group;
  }

  /** Copies the features of a group of samples in; they share the products of inputs that are the same at every step. */
  stage(samples: Samples, indices: ArrayLike<number>, epoch: number, augmentation?: Augmentation): void {
    for (let slot = 0; slot < indices.length; slot++) {
      const index = indices[slot]!, steps = samples.lengths?.[index] ?? this.plan.spec.steps;
      this.#inputs.stage({ samples, index, epoch, steps, augmentation }, slot, indices.length);
    }
  }

  /**
   * Makes a sample the present one: its features, its label, its draws.
   *
   * @param scale The weight of its gradient in the batch's.
   * @param augmentation How it is moved first; its features must be pixels then.
   * @param place Its place in the shared double buffer, if there is one.
   * @param slot Its place in the group that was staged. @default {a group of its own, which is staged now}
   */
  load(
    samples: Samples,
    index: number,
    stream: number,
    epoch: number,
    { scale = 1, augmentation, place = ALONE, slot }: {
      readonly scale?: number;
      readonly augmentation?: Augmentation;
      readonly place?: Place;
      readonly slot?: number;
    } = {},
  ): void {
    const steps = samples.lengths?.[index] ?? this.plan.spec.steps;
    this.#steps = steps;
    this.#clears = this.memory.sharesValues || samples.lengths !== undefined;
    const key = drawKey(this.#seed, stream, epoch, samples.ids?.[index] ?? index);
    if (slot === undefined) this.stage(samples, [index], epoch, augmentation);
    this.#inputs.load({ slot: slot ?? 0, key, steps, place });
    const read = samples.lengths ? readStepsOf(this.plan.spec, steps) : this.plan.readout;
    this.#executor.begin({ steps, read, label: samples.labels[index]!, scale, member: slot ?? 0 });
  }

  /** The present sample's forward pass. @returns Its loss. */
  forward(): number {
    for (let i = 0; i < this.plan.forward.length; i++) this.execute(i);
    return this.#executor.loss;
  }

  /** The present sample's backward pass; its gradient is added to the others. */
  backward(): void {
    const { forward, backward } = this.plan;
    for (let i = 0; i < backward.length; i++) this.execute(forward.length + i);
  }

  /** Executes one step of the plan on the present sample. @param index Of the step, counted through the forward and the backward pass. */
  execute(index: number): void {
    const { forward, backward } = this.plan;
    if (this.#clears) { for (const value of this.memory.begins[index]!) this.#clear(value); }
    this.#executor.execute(index < forward.length ? forward[index]! : backward[index - forward.length]!);
  }

  /** Clears what is read of a value but not written, where other values may have lain: rows before and behind its steps, and padding. */
  #clear({ at, stride, width, isInPanels, value: { units } }: ValueMemory): void {
    if (stride === 0 || isInPanels) return;
    const begin = at >> 2, end = begin + this.#steps * width, behind = end + 5 * width;
    this.#floats.fill(0, begin - width, units < width ? behind : begin);
    if (units === width) this.#floats.fill(0, end, behind);
  }

  /** The class of the largest logit of the last sample (the first of equals). */
  prediction(): number {
    const logits = this.memory.logits >> 2;
    let best = 0;
    for (let i = 1; i < this.plan.classes; i++) {
      if (this.#floats[logits + i]! > this.#floats[logits + best]!) best = i;
    }
    return best;
  }

  /** The readout of the last sample, `[classes]`: a view, which the next sample overwrites. */
  logits(): Float32Array {
    return this.#view(this.memory.logits, this.plan.classes);
  }

  /** Spikes of the last sample in the populations that are not read out. */
  spikes(): number {
    return this.plan.populations.reduce(
      (total, { index }) => index === this.plan.top ? total : total + this.#executor.spikes.countOf(index),
      0,
    );
  }

  /** Steps of the last sample. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Adds the last sample's spikes, unit by unit.
   *
   * @param sums The units of the populations that are not read out, one population after the other.
   */
  addUnitSpikes(sums: Uint32Array): void {
    let first = 0;
    for (const { population: { index, units } } of this.memory.populations) {
      if (index === this.plan.top) continue;
      this.#executor.spikes.addUnitSpikes(index, sums.subarray(first, first + units));
      first += units;
    }
  }

  /** How many units of each population were computed for the last sample; the others could not spike. */
  get computed(): readonly number[] {
    return this.#executor.spikes.slots;
  }

  /** All states of the last sample; the plan must have been made with `recordStates`. */
  trace(): SampleTrace {
    return readTrace({
      kernels: this.#kernels,
      memory: this.memory,
      steps: this.#steps,
      classes: this.plan.classes,
      loss: this.#executor.loss,
      feedBack: ({ population: { index }, feedback }, t) => {
        const scan = this.plan.forward.find((step) =>
          step.kind === "scanRecurrent" && step.population === index
        );
        if (scan?.kind === "scanRecurrent") this.#executor.products[scan.product]!.stepInto(feedback, t);
      },
    });
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}
