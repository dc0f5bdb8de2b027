/**
 * The operations of a plan that use a sample's inputs, by kernels in the core's own memory.
 *
 * @module
 */
import { type Augmentation, SampleFeatures } from "../../data/augment.ts";
import { arePixels, type Samples } from "../../data/samples.ts";
import { featuresOfPixels, foldsFeatures, latencyLevels, sampleFormOf } from "../../network/encoders.ts";
import type { NetworkSpec } from "../../network/spec.ts";
import type { DrawKey } from "../../random.ts";
import type { CoreMemory } from "./core_memory.ts";
import { InputMatmul, type InputMatmulOptions } from "./input_matmul.ts";
import type { Kernels } from "./kernels.ts";
import { roundUp } from "./layout.ts";
import type { Affine, InputView } from "./affine.ts";

/** A sample to load, on which the next operations work. */
export interface SampleToLoad {
  readonly samples: Samples;
  readonly index: number;
  readonly epoch: number;
  /** Of its draws. */
  readonly key: DrawKey;
  /** T, or fewer for a shorter sequence. */
  readonly steps: number;
  readonly augmentation: Augmentation | undefined;
  readonly place: Place;
}

/** A sample's place in a shared double buffer. */
export interface Place {
  readonly bufferIndex: 0 | 1;
  readonly position: number;
}

/**
 * The lowest layer's operations, named as in the plan. They write its currents to the core's memory, and read its δI or coefficients
 * there; an implementation decides where products are computed.
 */
export interface InputOperations {
  /** Makes a sample the present one. */
  load(sample: SampleToLoad): void;
  /** Computes what follows from the parameters and holds for a whole batch. */
  prepare(): void;
  encode(): void;
  /** @returns How many units were listed. */
  select(): number;
  /** @param slots How many units are listed. */
  pack(slots: number): void;
  matmul(slots: number): void;
  matmulRow(): void;
  /** The weights' gradient alone, from δI at every step; not where the input is the same at every step. */
  inputsBack(): void;
  traceGradient(decay: number, slots: number): void;
  /** From the sums over all steps. */
  outerGradient(): void;
}

/** How to make an input layer. */
export interface InputLayerOptions extends InputMatmulOptions {
  /** Of augmentation. */
  readonly seed: number;
  /** The lowest layer's, for weights that lie by input. */
  readonly affine: Affine;
}

/** Computes the operations in the core's own memory. */
export class InputLayer implements InputOperations {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #spec: NetworkSpec;
  readonly #matmul: InputMatmul;
  readonly #affine: Affine;
  readonly #floats: Float32Array;
  readonly #features: SampleFeatures;
  /** The feature of each pixel value. */
  readonly #pixels: Float32Array;
  #key: DrawKey = { key0: 0, key1: 0 };
  #steps: number;
  /** Numbers in the present sample's inputs that are not 0. */
  #fired = 0;
  /** Vectors of its features that are not all 0, where they are the same at every step. */
  #vectors = 0;

  constructor(kernels: Kernels, memory: CoreMemory, { seed, affine, ...options }: InputLayerOptions) {
    const { spec } = options.plan;
    this.#kernels = kernels;
    this.#memory = memory;
    this.#spec = spec;
    this.#affine = affine;
    this.#matmul = new InputMatmul(kernels, memory, options);
    this.#features = new SampleFeatures(seed);
    this.#floats = new Float32Array(kernels.memory.buffer);
    const { encoder, inputs, steps } = spec, { featureScale } = this.#matmul;
    this.#steps = steps;
    this.#pixels = featuresOfPixels(encoder, featureScale);
    if (!foldsFeatures(encoder)) this.#view(memory.features, inputs).fill(1);
    if (encoder.kind === "latency") {
      this.#view(memory.levels, 4).fill(Infinity);
      const levels = this.#view(memory.levels + 16, roundUp(steps, 4));
      levels.set(latencyLevels(encoder, steps));
      levels.fill(levels[steps - 1]!, steps);
    }
  }

  /** Copies a sample in, normalised for the encoder, each row padded to whole vectors. */
  load({ samples, index, epoch, key, steps, augmentation }: SampleToLoad): void {
    this.#key = key;
    this.#steps = steps;
    const { features, start } = this.#features.of(samples, index, epoch, augmentation);
    const { isSequence, channels } = sampleFormOf(this.#spec), { featureScale } = this.#matmul;
    const isTable = arePixels(samples);
    const place = (foldsFeatures(this.#spec.encoder) ? this.#memory.features : this.#memory.sequence) >> 2;
    for (let step = 0; step < (isSequence ? steps : 1); step++) {
      const from = start + step * channels;
      const to = place + step * roundUp(channels, 4);
      if (isTable) {
        for (let i = 0; i < channels; i++) this.#floats[to + i] = this.#pixels[features[from + i]!]!;
      } else {
        for (let i = 0; i < channels; i++) this.#floats[to + i] = features[from + i]! * featureScale;
      }
    }
  }

  /** Packs panels, where they do not depend on the features. */
  prepare(): void {
    const { byInput, width } = this.#memory.layers[0]!;
    if (!foldsFeatures(this.#spec.encoder) && !byInput) this.#matmul.pack(width);
  }

  encode(): void {
    this.#matmul.encode(this.#key, this.#steps);
  }

  select(): number {
    return this.#matmul.select();
  }

  pack(slots: number): void {
    this.#matmul.pack(this.#packed(slots));
  }

  /** Currents from inputs that differ from step to step. */
  matmul(slots: number): void {
    const { inputLists, x, currentPanels, layers } = this.#memory;
    const { layer, byInput, currents, width } = layers[0]!;
    const k = this.#kernels, steps = this.#steps;
    if (byInput && inputLists) {
      const { counts, spikeSteps, spikeOutputs, stepCounts, stepUnits, stepOutputs } = inputLists;
      // deno-fmt-ignore
      this.#fired = k.listInputSpikes(x, steps, roundUp(layer.inputs, 4), counts, spikeSteps, spikeOutputs, steps,
        stepCounts, stepUnits, stepOutputs);
      this.#affine.forward(this.#inputView(), steps);
    } else if (layer.keepsStates) {
      this.#matmul.matmul(this.#packed(slots), steps, currentPanels);
      k.panelsToRows(currentPanels, roundUp(steps, 4), steps, width, currents);
    } else {
      this.#matmul.matmul(this.#packed(slots), steps, currents);
    }
  }

  matmulRow(): void {
    const { features, vectors, layers } = this.#memory;
    const { layer, weightsAt, biasAt, currents, unitStride } = layers[0]!;
    const k = this.#kernels;
    this.#vectors = k.listVectors(features, unitStride, vectors);
    k.matmulRow(features, vectors, this.#vectors, weightsAt, biasAt, currents, layer.units, unitStride);
  }

  inputsBack(): void {
    const layer = this.#memory.layers[0]!;
    if (layer.byInput) this.#affine.gradient(this.#inputView(), this.#steps, layer.weightGradientsAt);
    else this.#matmul.stepsGradient(layer, this.#steps);
  }

  traceGradient(decay: number, slots: number): void {
    this.#matmul.gradient(decay, slots, this.#steps);
  }

  outerGradient(): void {
    const { features, vectors, sums, layers } = this.#memory;
    const { layer, weightGradientsAt, unitStride } = layers[0]!;
    // deno-fmt-ignore
    this.#kernels.outerGradient(features, vectors, this.#vectors, sums, weightGradientsAt, layer.units, unitStride);
  }

  /** Slots of a product with inputs; a layer that keeps its states has units of zeros besides, which pad a row. */
  #packed(slots: number): number {
    const { layer, width } = this.#memory.layers[0]!;
    return layer.keepsStates ? width : slots;
  }

  /** The inputs, for a layer whose weights lie by input. */
  #inputView(): InputView {
    const { x, inputLists } = this.#memory, { inputs } = this.#spec;
    return {
      lists: inputLists!,
      slots: inputs,
      unit: 0, // every input has a list
      spikes: this.#fired,
      rows: x,
      isPacked: true,
      width: roundUp(inputs, 4),
      delay: 0,
    };
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}
