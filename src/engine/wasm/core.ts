/**
 * One thread's part of the WASM engine: executes a plan for one sample at a time, in an instance of the kernels.
 *
 * A core owns its memory and shares nothing. Parameters are copied in before a batch, a shard's gradient is copied out
 * after its last sample. It assumes neither Deno nor threads: the same code runs in a worker, a browser and at the edge.
 *
 * @module
 */
import type { Samples } from "../../data/samples.ts";
import { drawKey } from "../../random.ts";
import type { SampleTrace } from "../engine.ts";
import type { Operation, Plan } from "../plan.ts";
import { adamConstants, type CompleteStep } from "../optimiser.ts";
import { allocate, type CoreMemory, type LayerMemory, NORM_FLOATS, UPDATE_FLOATS } from "./core_memory.ts";
import { type Exchange, ExternalProduct } from "./external_product.ts";
import {
  type InputOperations,
  InputProduct,
  type Place,
  type Precision,
  type Tile,
} from "./input_product.ts";
import { instantiate, type KernelModule, type Kernels } from "./kernels.ts";
import { roundUp } from "./layout.ts";

/** A part of the flat parameters, in floats, and what moves it. */
export interface UpdatePart {
  readonly from: number;
  readonly to: number;
  /** The batch's gradient is their sum. */
  readonly shards: readonly Float32Array[];
  readonly parameters: Float32Array;
  /** What the optimiser remembers: SGD uses the first, Adam both. */
  readonly moments: readonly [Float32Array, Float32Array];
  readonly step: CompleteStep;
  /** Which step of the optimiser this is, from 1. */
  readonly number: number;
  /** What the gradient is multiplied by. */
  readonly factor: number;
}

/** What a thread needs to know to make its core. */
export interface CoreOptions {
  readonly plan: Plan;
  readonly seed: number;
  /** The most gradient shards that a batch is cut into. */
  readonly shards: number;
  /** The least Z (asm/skip.ts) at which a unit is left out. */
  readonly skipBound: number;
  /** What the noise encoder's product is computed in; other encoders' is always float32. */
  readonly precision?: Precision;
  /** Which kernel computes the product; one of the precision's. @default {the first} */
  readonly tile?: Tile;
  /** Where currents of the bottom layer come from, and its coefficients go to, if another computes its product. */
  readonly exchange?: Exchange;
}

/** The only sample there is. */
const ALONE: Place = { slot: 0, position: 0 };

/** Kernels and memory for one sample at a time. */
export class Core {
  readonly plan: Plan;
  readonly memory: CoreMemory;
  /** Parameters in the kernels' layout. Call {@linkcode prepare} after writing them. */
  readonly parameters: Float32Array;
  /** Gradients of all samples since {@linkcode clearGradients}, in the same layout. */
  readonly gradients: Float32Array;
  readonly #kernels: Kernels;
  readonly #inputs: InputOperations;
  readonly #seed: number;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  /** Slots in use, by layer: the units that may spike. */
  readonly #slots: number[];
  #label = 0;
  #scale = 1;
  #loss = 0;

  constructor(
    { module }: KernelModule,
    { plan, seed, shards, skipBound, precision = "f32", tile, exchange }: CoreOptions,
  ) {
    this.plan = plan;
    this.#seed = seed;
    this.#kernels = instantiate(module);
    this.memory = allocate(this.#kernels, plan, shards, exchange !== undefined);
    this.#floats = new Float32Array(this.#kernels.memory.buffer);
    this.#integers = new Int32Array(this.#kernels.memory.buffer);
    const { parameters, gradients, layout } = this.memory;
    this.parameters = this.#view(parameters, layout.size);
    this.gradients = this.#view(gradients, layout.size);
    this.#inputs = exchange
      ? new ExternalProduct(this.#kernels, this.memory, exchange)
      : new InputProduct(this.#kernels, this.memory, { plan, skipBound, precision, ...(tile && { tile }) });
    this.#slots = plan.layers.map((layer) => layer.units);
    for (const layer of this.memory.layers) this.#prepareLayer(layer);
  }

  /** What follows from the parameters and holds for a whole batch. */
  prepare(): void {
    this.#inputs.prepare();
  }

  /** @param from Of the flat parameters: those before are another's. */
  clearGradients(from = 0): void {
    this.gradients.fill(0, from);
  }

  /**
   * Makes a sample the present one: its features, its label, its draws.
   *
   * @param scale What its gradient counts in the batch's.
   * @param place Where it lies in an exchange, if there is one.
   */
  load(
    samples: Samples,
    index: number,
    purpose: number,
    epoch: number,
    scale = 1,
    place: Place = ALONE,
  ): void {
    const key = drawKey(this.#seed, purpose, epoch, samples.ids?.[index] ?? index);
    this.#inputs.load(samples, index, key, place);
    this.#label = samples.labels[index]!;
    this.#scale = scale;
  }

  /** The present sample's way forward. @returns Its loss. */
  forward(): number {
    for (const operation of this.plan.forward) this.execute(operation);
    return this.#loss;
  }

  /** The present sample's way back; its gradient is added to the others. */
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
    let total = 0;
    for (let i = 0; i < this.memory.layers.length - 1; i++) {
      const counts = this.memory.layers[i]!.counts >> 2;
      for (let slot = 0; slot < this.#slots[i]!; slot++) total += this.#integers[counts + slot]!;
    }
    return total;
  }

  /** How many units of each layer were computed for the last sample; the others could not spike. */
  get computed(): readonly number[] {
    return this.#slots;
  }

  /** All states of the last sample; the plan must have been made with `record`. */
  trace(): SampleTrace {
    const { steps } = this.plan.spec;
    const unpadded = (at: number, { layer: { units }, width }: LayerMemory) => {
      const rows = new Float32Array(steps * units);
      for (let step = 0; step < steps; step++) {
        rows.set(this.#view(at + 4 * step * width, units), step * units);
      }
      return rows;
    };
    return {
      potentials: this.memory.layers.map((layer) => unpadded(layer.potentials, layer)),
      outputs: this.memory.layers.map((layer) =>
        unpadded(layer.layer.neuron.kind === "integrator" ? layer.potentials : layer.outputs, layer)
      ),
      logits: this.logits().slice(),
      logProbabilities: this.#view(this.memory.logProbabilities, this.plan.classes).slice(),
      loss: this.#loss,
    };
  }

  /** Sums the shards of a part of the parameters in their order, and moves the part. */
  update({ from, to, shards, parameters, moments: [first, second], step, number, factor }: UpdatePart): void {
    const k = this.#kernels;
    const parametersAt = this.memory.shards;
    const firstAt = parametersAt + 4 * UPDATE_FLOATS, secondAt = firstAt + 4 * UPDATE_FLOATS;
    const gradientsAt = secondAt + 4 * UPDATE_FLOATS;
    for (let at = from; at < to; at += UPDATE_FLOATS) {
      const count = Math.min(UPDATE_FLOATS, to - at);
      const w = this.#view(parametersAt, count), m = this.#view(firstAt, count);
      w.set(parameters.subarray(at, at + count));
      m.set(first.subarray(at, at + count));
      this.#takeShards(shards, at, count, gradientsAt);
      switch (step.kind) {
        case "sgd":
          // deno-fmt-ignore
          k.sgd(parametersAt, firstAt, gradientsAt, count, shards.length, factor, step.learningRate, step.momentum,
            step.weightDecay);
          break;
        case "adam":
        case "adamw": {
          const s = this.#view(secondAt, count),
            { rate, correction, decay, shrink } = adamConstants(step, number);
          s.set(second.subarray(at, at + count));
          // deno-fmt-ignore
          k.adam(parametersAt, firstAt, secondAt, gradientsAt, count, shards.length, factor, rate, 1 - step.beta1,
            step.beta2, 1 - step.beta2, correction, step.epsilon, decay, shrink);
          second.set(s, at);
          break;
        }
        default:
          step satisfies never;
      }
      parameters.set(w, at);
      first.set(m, at);
    }
  }

  /**
   * Sums the shards of a part of the parameters into the first shard.
   *
   * @param from A multiple of {@linkcode NORM_FLOATS}.
   * @param squares One entry for each so many parameters, written: Σ g² over them.
   */
  sumShards(from: number, to: number, shards: readonly Float32Array[], squares: Float64Array): void {
    const gradientsAt = this.memory.shards;
    for (let at = from; at < to; at += NORM_FLOATS) {
      const count = Math.min(NORM_FLOATS, to - at);
      this.#takeShards(shards, at, count, gradientsAt);
      squares[at / NORM_FLOATS] = this.#kernels.sumShards(gradientsAt, count, shards.length);
      shards[0]!.set(this.#view(gradientsAt, count), at);
    }
  }

  #takeShards(shards: readonly Float32Array[], from: number, count: number, to: number): void {
    shards.forEach((shard, i) => {
      this.#view(to + 4 * i * count, count).set(shard.subarray(from, from + count));
    });
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }

  #prepareLayer({ layer, unit, powers, powerSums, powerNorms }: LayerMemory): void {
    for (let slot = 0; slot < roundUp(layer.units, 8); slot++) {
      this.#integers[(unit >> 2) + slot] = Math.min(slot, layer.units); // past the last unit: the row of zeros
    }
    const { steps } = this.plan.spec;
    const decay = Math.fround(layer.neuron.decay); // as the kernels have it
    let power = 1, sum = 0, squares = 0;
    for (let step = 0; step < roundUp(steps, 4); step++) {
      if (step < steps) {
        sum = Math.fround(sum + power);
        squares += power * power;
      }
      this.#floats[(powers >> 2) + step] = power;
      this.#floats[(powerSums >> 2) + step] = sum;
      this.#floats[(powerNorms >> 2) + step] = Math.sqrt(squares);
      power = Math.fround(power * decay);
    }
  }

  /** One operation of the plan, on the present sample. */
  execute(operation: Operation): void {
    const k = this.#kernels, m = this.memory;
    const { steps } = this.plan.spec;
    const { readout, classes } = this.plan;
    switch (operation.kind) {
      case "encode":
        this.#inputs.encode();
        return;
      case "choose":
        this.#slots[operation.layer] = this.#inputs.choose();
        return;
      case "pack":
        this.#inputs.pack(this.#slots[operation.layer]!);
        return;
      case "product":
        this.#inputs.product(this.#slots[operation.layer]!);
        return;
      case "productRow":
        this.#inputs.productRow();
        return;
      case "gather": {
        const { layer, weightsAt, biasAt, currents, width } = m.layers[operation.layer]!;
        const { unit, counts, spikeSteps, spikeOutputs } = m.layers[layer.index - 1]!;
        // deno-fmt-ignore
        k.gatherSpikes(unit, counts, spikeSteps, spikeOutputs, this.#slots[layer.index - 1]!, steps,
          layer.inputDelay, weightsAt, biasAt, currents, steps, width);
        return;
      }
      case "scan":
        this.#scan(m.layers[operation.layer]!);
        return;
      case "read": {
        const { potentials, width } = m.layers[m.layers.length - 1]!;
        k.readStates(potentials, readout.first, readout.last, width, readout.scale, m.logits);
        return;
      }
      case "loss":
        this.#loss = k.crossEntropy(
          m.logits,
          classes,
          this.#label,
          this.#scale * readout.scale,
          m.logProbabilities,
          m.logitGradients,
        );
        return;
      case "scanBack":
        this.#scanBack(m.layers[operation.layer]!);
        return;
      case "spikesBack": {
        const above = m.layers[operation.layer]!, below = m.layers[operation.layer - 1]!;
        // deno-fmt-ignore
        k.backThroughSpikes(below.unit, below.counts, below.spikeSteps, below.spikeOutputs, below.spikeGradients,
          this.#slots[below.layer.index]!, steps, above.layer.inputDelay, above.weightsAt, above.weightGradientsAt,
          above.currentGradients, steps, above.width);
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
      case "coefficients": {
        const { layer, unit, counts, spikeSteps, spikeGradients, powers, powerSums, biasGradientsAt } = m
          .layers[operation.layer]!;
        // deno-fmt-ignore
        k.spikeCoefficients(unit, counts, spikeSteps, spikeGradients, this.#slots[layer.index]!, steps, powers,
          powerSums, m.sums, biasGradientsAt);
        return;
      }
      case "everyStep": {
        const { layer, counts, spikeSteps, spikeGradients, currentGradients, biasGradientsAt, width } = m
          .layers[operation.layer]!;
        // deno-fmt-ignore
        k.everyStep(counts, spikeSteps, spikeGradients, layer.units, steps, currentGradients, steps, width, m.sums,
          biasGradientsAt);
        return;
      }
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

  #scan(memory: LayerMemory): void {
    const { layer, currents, counts, spikeSteps, spikeOutputs, potentials, outputs, width } = memory;
    const { steps } = this.plan.spec;
    const slots = this.#slots[layer.index]!;
    const { neuron } = layer;
    const fed = layer.source === "spikes" ? undefined : this.#inputs;
    const currentStride = fed?.currentStride ?? memory.currentStride;
    for (let slot = 0; slot < slots; slot += 4) {
      const from = fed?.currentsOf(slot) ?? currents + 4 * slot;
      const states = potentials && potentials + 4 * slot;
      switch (neuron.kind) {
        case "graded":
          // deno-fmt-ignore
          this.#kernels.scanGraded(from, currentStride, steps, neuron.decay, neuron.threshold, neuron.penalty,
            Math.min(4, slots - slot), counts + 4 * slot, spikeSteps + 4 * slot * steps,
            spikeOutputs + 4 * slot * steps, states, outputs && outputs + 4 * slot, 4 * width);
          break;
        case "integrator":
          this.#kernels.scanIntegrator(from, currentStride, steps, neuron.decay, states, 4 * width);
          break;
        default:
          neuron satisfies never;
      }
    }
  }

  #scanBack({ layer, outputs, outputGradients, currentGradients, width }: LayerMemory): void {
    const { steps } = this.plan.spec;
    const { readout, layers } = this.plan;
    const { neuron } = layer;
    const isRead = layer.index === layers.length - 1;
    const first = isRead ? readout.first : 0, last = isRead ? readout.last : -1;
    const gradient = this.memory.logitGradients;
    switch (neuron.kind) {
      case "graded":
        // deno-fmt-ignore
        this.#kernels.scanBackGraded(outputs, gradient, first, last, outputGradients, currentGradients, steps,
          width, neuron.decay);
        return;
      case "integrator":
        this.#kernels.scanBackIntegrator(gradient, first, last, currentGradients, steps, width, neuron.decay);
        return;
      default:
        neuron satisfies never;
    }
  }
}
