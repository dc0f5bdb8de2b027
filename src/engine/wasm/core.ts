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
import type { Plan, PopulationPlan, ReadSteps, Step } from "../plan/plan.ts";
import { allocate } from "./allocate.ts";
import type { CoreMemory, ProductMemory, ValueMemory } from "./core_memory.ts";
import { ExternalMatmul, type SharedDoubleBuffer } from "./external_matmul.ts";
import { InputLayer, type InputOperations, type Place } from "./input_layer.ts";
import { instantiate, type KernelModule, type Kernels } from "./kernels.ts";
import { DENSE_FROM, type DenseFrom, type InputView, MatrixProduct } from "./matrix_product.ts";
import { NeuronSteps } from "./neuron_steps.ts";
import { OperatorSteps } from "./operator_steps.ts";
import type { Precision, Tile } from "./precision.ts";
import { Readout } from "./readout.ts";
import { ShardedUpdate } from "./sharded_update.ts";
import { SpikeSteps } from "./spike_steps.ts";
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
  readonly #products: readonly MatrixProduct[];
  readonly #operators: OperatorSteps;
  readonly #neurons: NeuronSteps;
  readonly #spikes: SpikeSteps;
  readonly #readout: Readout;
  /** The population that reads each value as its currents, −1 where there is none. */
  readonly #fed: readonly number[];
  readonly #seed: number;
  readonly #floats: Float32Array;
  /** Steps of the present sample: T, or fewer for a shorter sequence. */
  #steps: number;
  #read: ReadSteps;
  /** What lies around a value's rows may be other values', or a longer sample's. */
  #clears = true;
  /** The present sample's place in its group. */
  #slot = 0;
  #label = 0;
  #scale = 1;
  #loss = 0;

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
    const { parameters, gradients, layout, products } = this.memory;
    this.parameters = this.#view(parameters, layout.size);
    this.gradients = this.#view(gradients, layout.size);
    this.#products = products.map((product) =>
      new MatrixProduct(this.#kernels, this.memory, product, denseFrom)
    );
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
    this.#readout = new Readout(this.#kernels, this.memory, plan);
    this.#operators = new OperatorSteps(this.#kernels, this.memory);
    this.#neurons = new NeuronSteps(this.#kernels, this.memory);
    this.#spikes = new SpikeSteps(this.#kernels, this.memory);
    this.#fed = plan.values.map(({ index }) => plan.populations.findIndex(({ input }) => input === index));
    this.#steps = plan.spec.steps;
    this.#read = plan.readout;
  }

  /** Prepares what follows from the parameters and holds for a whole batch. */
  prepare(): void {
    this.#inputs.prepare();
    for (const product of this.#products) product.dropPanels();
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
    this.#read = samples.lengths ? readStepsOf(this.plan.spec, steps) : this.plan.readout;
    const key = drawKey(this.#seed, stream, epoch, samples.ids?.[index] ?? index);
    if (slot === undefined) this.stage(samples, [index], epoch, augmentation);
    this.#slot = slot ?? 0;
    this.#inputs.load({ slot: this.#slot, key, steps, place });
    this.#label = samples.labels[index]!;
    this.#scale = scale;
    this.#operators.begin(steps, this.#slot);
    this.#spikes.begin(this.#slot);
    for (const population of this.memory.populations) {
      if (population.descriptor !== 0) this.#neurons.begin(population, steps, this.#slot);
    }
  }

  /** The present sample's forward pass. @returns Its loss. */
  forward(): number {
    for (let i = 0; i < this.plan.forward.length; i++) this.execute(i);
    return this.#loss;
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
    this.#execute(index < forward.length ? forward[index]! : backward[index - forward.length]!);
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
      (total, { index }) => index === this.plan.top ? total : total + this.#spikes.countOf(index),
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
      this.#spikes.addUnitSpikes(index, sums.subarray(first, first + units));
      first += units;
    }
  }

  /** How many units of each population were computed for the last sample; the others could not spike. */
  get computed(): readonly number[] {
    return this.#spikes.slots;
  }

  /** All states of the last sample; the plan must have been made with `recordStates`. */
  trace(): SampleTrace {
    return readTrace({
      kernels: this.#kernels,
      memory: this.memory,
      steps: this.#steps,
      classes: this.plan.classes,
      loss: this.#loss,
      feedBack: ({ population: { index }, feedback }, t) => {
        const scan = this.plan.forward.find((step) =>
          step.kind === "scanRecurrent" && step.population === index
        );
        if (scan?.kind === "scanRecurrent") this.#products[scan.product]!.stepInto(feedback, t);
      },
    });
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }

  /** A step of the plan: all of its time steps. */
  #execute(step: Step): void {
    const { products, populations, values } = this.memory, steps = this.#steps;
    switch (step.kind) {
      case "encode":
        this.#inputs.encode();
        return;
      case "listInputs":
        this.#inputs.listInputs();
        return;
      case "unpack":
        this.#inputs.unpack(values[step.into]!);
        return;
      case "select":
        this.#spikes.slots[step.population] = this.#inputs.select(
          products[step.product]!,
          populations[step.population]!,
        );
        return;
      case "pack":
        this.#inputs.pack(products[step.product]!, this.#slotsOf(products[step.product]!));
        return;
      case "inputMatmul":
        this.#inputs.matmul(products[step.product]!, this.#slotsOf(products[step.product]!));
        return;
      case "matmulRow":
        this.#inputs.matmulRow(products[step.product]!);
        return;
      case "matmul":
        this.#products[step.product]!.forward(this.#viewOf(products[step.product]!), steps);
        return;
      case "list":
        this.#spikes.list(step.population, steps);
        return;
      case "scanSpikes":
        this.#spikes.scan(step.population, steps);
        return;
      case "scanRecurrent":
        this.#neurons.scanRecurrent(populations[step.population]!, this.#products[step.product]!, steps);
        return;
      case "loop":
        for (let t = 0; t < steps; t++) for (const inner of step.body) this.#executeAt(inner, t, t + 1);
        return;
      case "read":
        this.#readout.read(this.#read);
        return;
      case "loss":
        this.#loss = this.#readout.loss(
          this.#label,
          this.#scale,
          this.#read,
          (population) => this.#rateOf(population),
        );
        return;
      case "readBack":
        this.#readout.readBack(this.#read, steps, values[step.into]!);
        return;
      case "rateBack": {
        const { population } = populations[step.population]!;
        this.#readout.rateBack(population, this.#rateOf(population), this.#scale, steps, values[step.into]!);
        return;
      }
      case "clear": {
        const { at, width } = values[step.into]!;
        this.#view(at, steps * width).fill(0);
        return;
      }
      case "scanRecurrentBack": {
        const product = this.#products[step.product]!;
        this.#neurons.scanRecurrentBack(populations[step.population]!, product, steps);
        product.weightGradient(this.#viewOf(products[step.product]!), steps);
        return;
      }
      case "matmulBack":
        this.#products[step.product]!.back(values[step.into]!, steps);
        return;
      case "weightGradient":
        this.#weightGradient(products[step.product]!);
        return;
      case "rowGradient":
        this.#rowGradient(products[step.product]!);
        return;
      case "operatorGradient":
        this.#operators.weightGradient(step.operator, steps);
        return;
      case "loopBack":
        for (let t = steps - 1; t >= 0; t--) for (const inner of step.body) this.#executeAt(inner, t, t + 1);
        return;
      case "spikesBack":
        this.#spikes.back(products[step.product]!, step.population, steps);
        this.#products[step.product]!.biasGradient(steps);
        return;
      case "spread":
        this.#spikes.spread(step.population, steps);
        return;
      case "coefficients":
        this.#spikes.coefficients(products[step.product]!, step.population, step.from, steps);
        return;
      case "traceGradient":
        this.#inputs.traceGradient(
          products[step.product]!,
          populations[step.population]!,
          step.decay,
          this.#spikes.slots[step.population]!,
        );
        return;
      case "outerGradient":
        this.#inputs.outerGradient(products[step.product]!);
        return;
      case "sum":
      case "operate":
      case "operateBack":
      case "scan":
      case "scanBack":
        this.#executeAt(step, 0, steps);
        return;
      default:
        step satisfies never;
    }
  }

  /** A step of the plan through the time steps `from` ≤ t < `to`: one of them in a loop, else all. */
  #executeAt(step: Step, from: number, to: number): void {
    const { populations, values } = this.memory, steps = this.#steps;
    switch (step.kind) {
      case "matmul":
        this.#products[step.product]!.forwardStep(from);
        return;
      case "matmulBack":
        this.#products[step.product]!.backStep(values[step.into]!, from, this.#floats);
        return;
      case "operate":
        this.#operators.forward(step.operator, from, to);
        return;
      case "operateBack":
        this.#operators.backward(step.operator, from, to);
        return;
      case "sum":
        this.#operators.sum(step, from, to, steps);
        return;
      case "scan":
        this.#neurons.scan(populations[step.population]!, from, to);
        return;
      case "scanBack":
        this.#neurons.scanBack(populations[step.population]!, from, to, steps);
        return;
      default:
        throw new TypeError(`${step.kind}: no step of a loop`);
    }
  }

  /** What a product reads. */
  #viewOf({ input }: ProductMemory): InputView {
    if (input.value.index === this.plan.input) return this.#inputs.view();
    return { spikes: this.#spikes.listsOf(input), rows: input.at, isPacked: false, width: input.width };
  }

  /** Units of a product that are computed for this sample. */
  #slotsOf({ output, product }: ProductMemory): number {
    const population = this.#fed[output.value.index]!;
    return population < 0 ? product.units : this.#spikes.slots[population]!;
  }

  #weightGradient(memory: ProductMemory): void {
    const product = this.#products[memory.product.index]!;
    if (memory.product.weightsBy === "input") {
      product.weightGradient(this.#viewOf(memory), this.#steps);
      return;
    }
    this.#inputs.weightGradient(memory);
    product.biasGradient(this.#steps);
  }

  /** The gradient of a product of one row, from δy at every step. */
  #rowGradient(memory: ProductMemory): void {
    const { gradient, sumStride } = memory,
      { at, width } = gradient!,
      sums = memory.sums + this.#slot * sumStride;
    this.#view(sums, width).fill(0);
    this.#kernels.sumSteps(at, this.#steps, width, sums);
    this.#inputs.outerGradient(memory);
    this.#products[memory.product.index]!.biasGradient(this.#steps);
  }

  /** Share of a population's (unit, step) pairs that spiked in the present sample. */
  #rateOf({ index, units }: PopulationPlan): number {
    return this.#spikes.countOf(index) / (units * this.#steps);
  }
}
