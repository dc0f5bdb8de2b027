/**
 * One thread's part of the WASM engine: executes a plan for one sample at a time, in an instance of the kernels.
 *
 * A core owns its memory and shares nothing. Parameters are copied in before a batch, a shard's gradient is copied out
 * after its last sample. It needs neither Deno nor threads: the same code runs in a worker, a browser and at the edge.
 *
 * @module
 */
import type { Augmentation } from "../../data/augment.ts";
import type { Samples } from "../../data/samples.ts";
import { drawKey } from "../../random.ts";
import type { SampleTrace } from "../engine.ts";
import { kindOf } from "../../network/neurons.ts";
import { type LayerPlan, type Operation, type Plan, type ReadSteps, readStepsOf } from "../plan.ts";
import { allocate, type CoreMemory, type LayerMemory } from "./core_memory.ts";
import { ExternalMatmul, type SharedDoubleBuffer } from "./external_matmul.ts";
import { InputLayer, type InputOperations, type Place } from "./input_layer.ts";
import type { Precision, Tile } from "./precision.ts";
import { instantiate, type KernelModule, type Kernels } from "./kernels.ts";
import { roundUp } from "./layout.ts";
import { NeuronSteps } from "./neuron_steps.ts";
import { Readout } from "./readout.ts";
import { Affine, DENSE_FROM, type DenseFrom, type InputView } from "./affine.ts";
import { ShardedUpdate } from "./sharded_update.ts";
import { readTrace } from "./trace.ts";

/** How to make a core. */
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
  /** Holds the lowest layer's currents, and then its coefficients, where the product is computed outside of the core. */
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
  /** By layer; used where weights lie by input. */
  readonly #affines: readonly Affine[];
  readonly #neurons: NeuronSteps;
  readonly #readout: Readout;
  /** Currents of a lowest layer that keeps no states lie in panels. */
  readonly #arePanels: boolean;
  readonly #seed: number;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  /** Slots in use, by layer: the units that may spike. */
  readonly #slots: number[];
  /** Spikes of the present sample in each layer that lists them. */
  readonly #fired: number[];
  /** Steps of the present sample: T, or fewer for a shorter sequence. */
  #steps: number;
  #read: ReadSteps;
  #label = 0;
  #scale = 1;
  #loss = 0;

  constructor(
    { module }: KernelModule,
    { plan, seed, shards, skipBound, precision = "f32", tile, denseFrom = DENSE_FROM, doubleBuffer }:
      CoreOptions,
  ) {
    this.plan = plan;
    this.#seed = seed;
    this.#kernels = instantiate(module);
    this.memory = allocate(this.#kernels, plan, shards, doubleBuffer !== undefined);
    this.#floats = new Float32Array(this.#kernels.memory.buffer);
    this.#integers = new Int32Array(this.#kernels.memory.buffer);
    const { parameters, gradients, layout } = this.memory;
    this.parameters = this.#view(parameters, layout.size);
    this.gradients = this.#view(gradients, layout.size);
    this.#affines = this.memory.layers.map((layer) =>
      new Affine(this.#kernels, this.memory, layer, denseFrom)
    );
    this.#inputs = doubleBuffer
      ? new ExternalMatmul(this.#kernels, this.memory, doubleBuffer)
      : new InputLayer(this.#kernels, this.memory, {
        plan,
        seed,
        skipBound,
        precision,
        affine: this.#affines[0]!,
        ...(tile && { tile }),
      });
    this.#arePanels = doubleBuffer === undefined;
    this.optimizer = new ShardedUpdate(this.#kernels, this.memory);
    this.#readout = new Readout(this.#kernels, this.memory, plan);
    this.#neurons = new NeuronSteps(this.#kernels, this.memory);
    this.#slots = plan.layers.map((layer) => layer.units);
    this.#fired = plan.layers.map(() => 0);
    this.#steps = plan.spec.steps;
    this.#read = plan.readout;
  }

  /** Computes what follows from the parameters and holds for a whole batch. */
  prepare(): void {
    this.#inputs.prepare();
    for (const affine of this.#affines) affine.invalidate();
  }

  /** Clears the gradients of the flat parameters from the `from`-th on. */
  clearGradients(from = 0): void {
    this.gradients.fill(0, from);
  }

  /**
   * Makes a sample the present one: its features, its label, its draws.
   *
   * @param scale The weight of its gradient in the batch's.
   * @param augmentation How it is moved first; its features must be pixels then.
   * @param place Its place in the shared double buffer, if there is one.
   */
  load(
    samples: Samples,
    index: number,
    stream: number,
    epoch: number,
    { scale = 1, augmentation, place = ALONE }: {
      readonly scale?: number;
      readonly augmentation?: Augmentation;
      readonly place?: Place;
    } = {},
  ): void {
    const steps = samples.lengths?.[index] ?? this.plan.spec.steps;
    this.#steps = steps;
    this.#read = samples.lengths ? readStepsOf(this.plan.spec, steps) : this.plan.readout;
    const key = drawKey(this.#seed, stream, epoch, samples.ids?.[index] ?? index);
    this.#inputs.load({ samples, index, epoch, key, steps, augmentation, place });
    this.#label = samples.labels[index]!;
    this.#scale = scale;
  }

  /** The present sample's forward pass. @returns Its loss. */
  forward(): number {
    for (const operation of this.plan.forward) this.execute(operation);
    return this.#loss;
  }

  /** The present sample's backward pass; its gradient is added to the others. */
  backward(): void {
    for (const operation of this.plan.backward) this.execute(operation);
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

  /** Spikes of the last sample in the layers below the top. */
  spikes(): number {
    return this.memory.layers.slice(0, -1).reduce((total, { layer }) => total + this.#fired[layer.index]!, 0);
  }

  /** Steps of the last sample. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Adds the last sample's spikes, unit by unit.
   *
   * @param sums The units of the layers below the top, one layer after the other.
   */
  addUnitSpikes(sums: Uint32Array): void {
    let first = 0;
    for (let i = 0; i < this.memory.layers.length - 1; i++) {
      const { counts, unit, layer: { units } } = this.memory.layers[i]!;
      for (let slot = 0; slot < this.#slots[i]!; slot++) {
        sums[first + this.#integers[(unit >> 2) + slot]!]! += this.#integers[(counts >> 2) + slot]!;
      }
      first += units;
    }
  }

  /** Units of each layer that were computed for the last sample; the others could not spike. */
  get computed(): readonly number[] {
    return this.#slots;
  }

  /** All states of the last sample; the plan must have been made with `recordStates`. */
  trace(): SampleTrace {
    return readTrace(this.#kernels, this.memory, this.#steps, this.#loss);
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }

  /** One operation of the plan, on the present sample. */
  execute(operation: Operation): void {
    const k = this.#kernels, m = this.memory, steps = this.#steps;
    switch (operation.kind) {
      case "encode":
        this.#inputs.encode();
        return;
      case "select":
        this.#slots[operation.layer] = this.#inputs.select();
        return;
      case "pack":
        this.#inputs.pack(this.#slots[operation.layer]!);
        return;
      case "matmul":
        this.#inputs.matmul(this.#slots[operation.layer]!);
        return;
      case "matmulRow":
        this.#inputs.matmulRow();
        return;
      case "sparseProduct":
        this.#affines[operation.layer]!.forward(this.#inputViewOf(m.layers[operation.layer]!), steps);
        return;
      case "scan":
        this.#scan(m.layers[operation.layer]!);
        return;
      case "read":
        this.#readout.read(this.#read);
        return;
      case "loss":
        this.#loss = this.#readout.loss(this.#label, this.#scale, this.#read, (layer) => this.#rateOf(layer));
        return;
      case "readBack":
        this.#readout.readBack(this.#read, steps);
        return;
      case "rateBack": {
        const layer = m.layers[operation.layer]!;
        this.#readout.rateBack(layer, this.#rateOf(layer.layer), this.#scale, steps);
        return;
      }
      case "scanBack":
        this.#neurons.scanBack(m.layers[operation.layer]!, steps);
        return;
      case "recurrentGradient": {
        const { recurrentGradientsAt } = m.layers[operation.layer]!;
        const view = this.#outputsOf(operation.layer, 1);
        this.#affines[operation.layer]!.gradient(view, steps, recurrentGradientsAt);
        return;
      }
      case "spikesBack": {
        const above = m.layers[operation.layer]!, below = m.layers[operation.layer - 1]!;
        // deno-fmt-ignore
        k.backThroughSpikes(below.unit, below.counts, below.spikeSteps, below.spikeOutputs, below.spikeGradients,
          this.#slots[below.layer.index]!, steps, above.layer.inputDelay, above.weightsAt, above.weightGradientsAt,
          above.currentGradients, steps, above.width);
        k.sumSteps(above.currentGradients, steps, above.width, above.biasGradientsAt);
        return;
      }
      case "stepsBack": {
        const above = m.layers[operation.layer]!, below = m.layers[operation.layer - 1]!;
        const affine = this.#affines[operation.layer]!;
        affine.gradient(this.#inputViewOf(above), steps, above.weightGradientsAt);
        affine.back(below, above.layer.inputDelay, steps);
        k.sumSteps(above.currentGradients, steps, above.width, above.biasGradientsAt);
        return;
      }
      case "spread": {
        const { layer, unit, counts, spikeSteps, spikeGradients, outputGradients, width } = m
          .layers[operation.layer]!;
        // deno-fmt-ignore
        k.spreadSpikes(unit, counts, spikeSteps, spikeGradients, this.#slots[layer.index]!, steps, outputGradients,
          steps, width);
        return;
      }
      case "inputsBack":
        this.#inputsBack(m.layers[operation.layer]!);
        return;
      case "coefficients":
        this.#coefficients(m.layers[operation.layer]!, operation.from);
        return;
      case "traceGradient":
        this.#inputs.traceGradient(operation.decay, this.#slots[operation.layer]!);
        return;
      case "outerGradient":
        this.#inputs.outerGradient();
        return;
      default:
        operation satisfies never;
    }
  }

  #inputViewOf({ layer }: LayerMemory): InputView {
    return this.#outputsOf(layer.index - 1, layer.inputDelay);
  }

  /** A layer's outputs as a view. */
  #outputsOf(index: number, delay: number): InputView {
    const memory = this.memory.layers[index]!;
    const { layer, outputs, width } = memory;
    const spikes = kindOf(layer.neuron).isSpiking ? this.#fired[index]! : undefined;
    return {
      lists: memory,
      slots: this.#slots[index]!,
      unit: memory.unit,
      spikes,
      rows: outputs,
      isPacked: false,
      width,
      delay,
    };
  }

  /** Address of a slot's currents: those of a layer that keeps no states lie in panels of 8 units, as the product writes them. */
  #currentsOf({ layer, currents }: LayerMemory, slot: number): number {
    if (layer.keepsStates || layer.source !== "inputs" || !this.#arePanels) return currents + 4 * slot;
    return currents + 32 * roundUp(this.#steps, 4) * (slot >> 3) + 4 * (slot & 7);
  }

  #scan(memory: LayerMemory): void {
    const { layer, distances, outputs, width } = memory;
    const steps = this.#steps;
    if (!layer.keepsStates) {
      this.#scanSpikes(memory);
      return;
    }
    this.#neurons.scan(memory, steps);
    if (!kindOf(layer.neuron).isSpiking) return;
    const { counts, spikeSteps, spikeOutputs, stepCounts, stepUnits, stepOutputs } = memory;
    // deno-fmt-ignore
    this.#fired[layer.index] = this.#kernels.listSpikes(distances, outputs, steps, width, counts, spikeSteps, spikeOutputs,
      steps, stepCounts, stepUnits, stepOutputs);
  }

  /** A layer of which only the spikes are kept, such as the notebook's lowest one. */
  #scanSpikes(memory: LayerMemory): void {
    const { layer, currentStride, counts, spikeSteps, spikeOutputs } = memory;
    const steps = this.#steps;
    const slots = this.#slots[layer.index]!;
    const { neuron } = layer;
    if (neuron.kind !== "graded") {
      throw new TypeError(`a layer of ${neuron.kind} neurons must keep its states`);
    }
    let fired = 0;
    for (let slot = 0; slot < slots; slot += 4) {
      const from = this.#currentsOf(memory, slot);
      // deno-fmt-ignore
      this.#kernels.scanGraded(from, currentStride, steps, neuron.decay, neuron.threshold, neuron.penalty,
        Math.min(4, slots - slot), counts + 4 * slot, spikeSteps + 4 * slot * steps, spikeOutputs + 4 * slot * steps);
      for (let i = slot; i < Math.min(slot + 4, slots); i++) fired += this.#integers[(counts >> 2) + i]!;
    }
    this.#fired[layer.index] = fired;
  }

  /** Share of a layer's (unit, step) pairs that spiked in the present sample. */
  #rateOf({ index, units }: LayerPlan): number {
    return this.#fired[index]! / (units * this.#steps);
  }

  #coefficients(memory: LayerMemory, from: "spikes" | "steps"): void {
    const { layer, unit, counts, spikeSteps, spikeGradients, powers, powerSums, biasGradientsAt } = memory;
    const k = this.#kernels, { sums } = this.memory, steps = this.#steps;
    const slots = this.#slots[layer.index]!;
    if (from === "spikes") {
      // deno-fmt-ignore
      k.spikeCoefficients(unit, counts, spikeSteps, spikeGradients, slots, steps, powers, powerSums, sums,
        biasGradientsAt);
    } else {
      // deno-fmt-ignore
      k.stepCoefficients(counts, spikeSteps, spikeGradients, slots, steps, memory.currentGradients, steps,
        memory.width, layer.neuron.decay, powerSums, sums, biasGradientsAt);
    }
  }

  /** The lowest layer's gradient from δI at every step. */
  #inputsBack({ layer, biasGradientsAt, currentGradients, width }: LayerMemory): void {
    const { sums } = this.memory, k = this.#kernels, steps = this.#steps;
    if (layer.source === "constant") {
      this.#view(sums, width).fill(0);
      k.sumSteps(currentGradients, steps, width, sums);
      this.#inputs.outerGradient();
    } else {
      this.#inputs.inputsBack();
    }
    k.sumSteps(currentGradients, steps, width, biasGradientsAt);
  }
}
