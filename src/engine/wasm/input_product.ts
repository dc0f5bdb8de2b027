/**
 * The bottom layer's product with dense inputs, forward and back: where nearly all the time of training goes.
 *
 * It is the same four steps in float32 and in integers, and with any tile: draw or lay out the inputs, pack the weights,
 * multiply, and sum the weights' gradient over the trace of the inputs.
 *
 * @module
 */
import type { Samples } from "../../data/samples.ts";
import {
  DELTA_CHANNELS,
  type Encoder,
  foldsFeatures,
  latencyLevels,
  sampleFormOf,
} from "../../network/encoders.ts";
import type { DrawKey } from "../../random.ts";
import type { Plan } from "../plan.ts";
import type { CoreMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import { roundUp } from "./layout.ts";

/** In what the product of the bottom layer's draws and weights is computed. */
export type Precision = "f32" | "i16";

/** A kernel for the product, named after its numbers and its tile of steps × units (× planes). */
export type Tile = "f32-4x8-shuffle" | "f32-4x8-load" | "i16-4x8" | "i8-4x4x2";

/**
 * Kernels for the bottom layer's product, of each precision, the one that is best on most machines first. All of one
 * precision give the same bits.
 */
export const TILES = {
  f32: ["f32-4x8-shuffle", "f32-4x8-load"],
  i16: ["i16-4x8", "i8-4x4x2"],
} as const satisfies Record<Precision, readonly Tile[]>;

/** Draws are integers; a noise-coded sample's features are kept divided by their range, a power of two: exactly. */
const DRAW_SCALE = { f32: 2 ** -16, i16: 2 ** -8 } as const satisfies Record<Precision, number>;

/** What the features of an encoder's samples are multiplied by before they are handed over. */
function featureScaleOf(encoder: Encoder, precision: Precision): number {
  switch (encoder.kind) {
    case "noise":
      return DRAW_SCALE[precision];
    case "poisson":
      return 2 ** 16 * encoder.rate; // compared with 16 bits
    case "latency":
    case "delta":
    case "constant":
    case "direct":
      return 1;
    default:
      return encoder satisfies never;
  }
}

/** How the product is computed. */
export interface InputProductOptions {
  readonly plan: Plan;
  /** The least Z (asm/skip.ts) at which a unit is left out. */
  readonly skipBound: number;
  readonly precision: Precision;
  readonly tile?: Tile;
}

/**
 * The operations of a plan that touch a sample's inputs, as a core carries them out: all of them belong to the bottom layer.
 *
 * Whoever implements them takes currents from and gives coefficients to the core's memory; where the product itself is
 * computed is its own affair (`external_product.ts`).
 */
export interface InputOperations {
  /** How far apart the currents of one unit lie, in bytes, from step to step; 0: the same at every step. */
  readonly currentStride: number;
  /** Where the currents of a slot, a multiple of 4, begin. */
  currentsOf(slot: number): number;
  /** Makes a sample the present one. */
  load(samples: Samples, index: number, key: DrawKey, place: Place): void;
  /** What follows from the parameters and holds for a whole batch. */
  prepare(): void;
  /** The operation of this name; so are the others. */
  encode(): void;
  /** @returns How many units were listed. */
  choose(): number;
  pack(slots: number): void;
  product(slots: number): void;
  productRow(): void;
  traceGradient(decay: number, slots: number): void;
  outerGradient(): void;
}

/** A sample's place where several are under way: in which slot of an exchange, and which of its samples. */
export interface Place {
  readonly slot: 0 | 1;
  readonly position: number;
}

/** Computes them by kernels, in the core's own memory. */
export class InputProduct implements InputOperations {
  readonly currentStride: number;
  readonly #floats: Float32Array;
  /** Feature of each pixel value. */
  readonly #pixels: Float32Array;
  /** What features are multiplied by before they are handed over. */
  readonly #featureScale: number;
  #key: DrawKey = { key0: 0, key1: 0 };
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #plan: Plan;
  readonly #skipBound: number;
  /** Draws and their product are integers. */
  readonly #integer: boolean;
  readonly #tile: Tile;
  /** Inputs and steps, padded. */
  readonly #row: number;
  readonly #steps: number;
  /** The present sample's inputs are listed, those that are not zero. */
  #listed = false;

  constructor(
    kernels: Kernels,
    memory: CoreMemory,
    { plan, skipBound, precision, tile }: InputProductOptions,
  ) {
    const noisy = plan.spec.encoder.kind === "noise";
    this.#kernels = kernels;
    this.#memory = memory;
    this.#plan = plan;
    this.#skipBound = skipBound;
    this.#integer = noisy && precision === "i16";
    const tiles: readonly Tile[] = TILES[this.#integer ? "i16" : "f32"];
    this.#tile = tile && tiles.includes(tile) ? tile : tiles[0]!;
    const scale = featureScaleOf(plan.spec.encoder, precision);
    this.#featureScale = scale;
    this.#row = roundUp(plan.spec.inputs, 4);
    this.#steps = roundUp(plan.spec.steps, 4);
    this.currentStride = memory.layers[0]!.currentStride;
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#pixels = featuresOfPixels(plan).map((feature) => feature * scale);
    const { encoder, inputs, steps } = plan.spec;
    const view = (at: number, length: number) => this.#floats.subarray(at >> 2, (at >> 2) + length);
    if (!foldsFeatures(encoder)) view(memory.features, inputs).fill(1);
    if (encoder.kind === "latency") {
      view(memory.levels, 4).fill(Infinity);
      const levels = view(memory.levels + 16, this.#steps);
      levels.set(latencyLevels(encoder, steps));
      levels.fill(levels[steps - 1]!, steps);
    }
  }

  currentsOf(slot: number): number {
    const { currents, layer } = this.#memory.layers[0]!;
    return layer.source === "inputs"
      ? currents + (slot >> 3) * 32 * this.#steps + 4 * (slot & 7)
      : currents + 4 * slot;
  }

  /** Copies a sample in, normalised as the encoder says, each row padded to whole vectors. */
  load({ features, size }: Samples, index: number, key: DrawKey): void {
    this.#key = key;
    const { encoder, steps } = this.#plan.spec;
    const { isSequence, channels } = sampleFormOf(this.#plan.spec);
    const start = (foldsFeatures(encoder) ? this.#memory.features : this.#memory.sequence) >> 2;
    for (let step = 0; step < (isSequence ? steps : 1); step++) {
      const from = index * size + step * channels;
      const to = start + step * roundUp(channels, 4);
      if (features instanceof Uint8Array) {
        for (let i = 0; i < channels; i++) this.#floats[to + i] = this.#pixels[features[from + i]!]!;
      } else {
        for (let i = 0; i < channels; i++) this.#floats[to + i] = features[from + i]! * this.#featureScale;
      }
    }
  }

  /** Panels, where features do not change them. */
  prepare(): void {
    if (!foldsFeatures(this.#plan.spec.encoder)) this.pack(this.#plan.layers[0]!.units);
  }

  /** A sample's inputs at every step, without its features where these do not change. */
  encode(): void {
    const k = this.#kernels, { x, sequence, levels } = this.#memory, { key0, key1 } = this.#key;
    const { encoder, steps } = this.#plan.spec;
    switch (encoder.kind) {
      case "noise":
        if (this.#integer) k.encodeNoiseI8(key0, key1, x, steps, this.#row);
        else k.encodeNoise(key0, key1, x, steps, this.#row);
        return;
      case "poisson":
        k.encodePoisson(key0, key1, sequence, x, steps, this.#row);
        break;
      case "latency":
        k.encodeLatency(sequence, levels, x, steps, this.#row);
        break;
      case "delta": {
        const { channels } = sampleFormOf(this.#plan.spec);
        const kind = DELTA_CHANNELS.indexOf(encoder.channels);
        k.encodeDelta(sequence, channels, encoder.threshold, kind, x, steps, this.#row);
        break;
      }
      case "constant":
        return;
      case "direct":
        k.encodeDirect(sequence, x, steps, this.#row);
        break;
      default:
        encoder satisfies never;
    }
    this.#list();
  }

  /** Lists the inputs that are not zero, where they are few. */
  #list(): void {
    const k = this.#kernels, { x, inputCounts, inputEntries, inputCapacity } = this.#memory;
    const { steps } = this.#plan.spec;
    this.#listed = k.countInputs(x, steps, this.#row, inputCounts) <= inputCapacity;
    if (this.#listed) k.listInputs(x, steps, this.#row, inputCounts, inputEntries);
  }

  /** Lists the units that may spike in this sample. @returns How many there are. */
  choose(): number {
    const { features, layers } = this.#memory;
    const { layer, weightsAt, biasAt, powerSums, powerNorms, unit } = layers[0]!;
    if (layer.neuron.kind !== "graded") return layer.units;
    // deno-fmt-ignore
    return this.#kernels.chooseUnits(features, this.#featureScale, weightsAt, biasAt, layer.units, this.#row,
      powerSums, powerNorms, this.#plan.spec.steps, layer.neuron.threshold, this.#skipBound, unit);
  }

  /** Packs the weights of the first `slots` listed units, times the features. */
  pack(slots: number): void {
    const { features, panels, packedBias, scales, factors, layers } = this.#memory;
    const { weightsAt, biasAt, unit } = layers[0]!;
    const k = this.#kernels, count = Math.ceil(slots / 8);
    if (!this.#integer) {
      k.packPanels(features, weightsAt, biasAt, unit, count, panels, packedBias, this.#row);
      return;
    }
    k.scaleRows(features, weightsAt, biasAt, unit, 8 * count, packedBias, scales, factors, this.#row);
    const pack = this.#tile === "i8-4x4x2" ? k.packI8 : k.packI16;
    pack(features, weightsAt, unit, 2 * count, scales, panels, this.#row);
  }

  /** Currents of the packed units at every step. */
  product(slots: number): void {
    const { x, panels, packedBias, factors, stepSums, layers, inputCounts, inputEntries } = this.#memory;
    const { currents } = layers[0]!;
    const k = this.#kernels, steps = this.#steps, row = this.#row;
    if (this.#listed) {
      // deno-fmt-ignore
      k.productSparse(inputCounts, inputEntries, panels, packedBias, currents, this.#plan.spec.steps, row, slots);
      return;
    }
    switch (this.#tile) {
      case "f32-4x8-shuffle":
        k.productF32(x, panels, packedBias, currents, steps, row, slots);
        return;
      case "f32-4x8-load":
        k.productF32Loads(x, panels, packedBias, currents, steps, row, slots);
        return;
      case "i16-4x8":
        k.productI16(x, panels, packedBias, factors, currents, steps, row, slots);
        return;
      case "i8-4x4x2":
        k.productI8(x, panels, packedBias, factors, currents, stepSums, steps, row, slots);
        return;
      default:
        this.#tile satisfies never;
    }
  }

  /** Currents that are the same at every step. */
  productRow(): void {
    const { layer, weightsAt, biasAt, currents, unitStride } = this.#memory.layers[0]!;
    this.#kernels.productRow(this.#memory.features, weightsAt, biasAt, 1, currents, layer.units, unitStride);
  }

  /** Adds the weights' gradient, from the coefficients of the listed units' spikes. */
  traceGradient(decay: number, slots: number): void {
    const k = this.#kernels, { features, x, sums, scratch, layers } = this.#memory;
    const { unit, counts, spikeSteps, spikeGradients, weightGradientsAt } = layers[0]!;
    const { steps } = this.#plan.spec;
    if (this.#integer) {
      // deno-fmt-ignore
      k.traceGradientI8(features, x, this.#row, decay, unit, counts, spikeSteps, spikeGradients, sums, slots, steps,
        weightGradientsAt, scratch);
    } else {
      // deno-fmt-ignore
      k.traceGradient(features, x, this.#row, decay, unit, counts, spikeSteps, spikeGradients, slots, steps,
        weightGradientsAt, scratch);
    }
  }

  /** Adds the weights' gradient where the input is the same at every step. */
  outerGradient(): void {
    const { features, sums, layers } = this.#memory;
    const { layer, weightGradientsAt, unitStride } = layers[0]!;
    this.#kernels.outerGradient(features, sums, weightGradientsAt, layer.units, unitStride);
  }
}

/** The feature that each pixel value stands for, f32 `[256]`: the same bits in every engine. */
export function featuresOfPixels({ spec: { encoder } }: Plan): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: 256 },
    (_, pixel) => Math.fround(Math.fround(pixel / 255) + encoder.offset),
  );
}
