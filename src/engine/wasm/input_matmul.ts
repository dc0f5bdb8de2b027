/**
 * The bottom layer's product with dense inputs, forward and back, which takes nearly all the time of training.
 *
 * It has the same four steps in float32 and in integers, and with any tile: draw or lay out the inputs, pack the weights,
 * multiply, and sum the weights' gradient over the trace of the inputs.
 */
import { DELTA_CHANNELS, featureScaleOf, sampleFormOf } from "../../network/encoders.ts";
import type { DrawKey } from "../../random.ts";
import { kindOf } from "../../network/neurons.ts";
import type { Plan } from "../plan/plan.ts";
import type { CoreMemory, PopulationMemory, ProductMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import { roundUp } from "./layout.ts";
import { type Precision, type Tile, TILES } from "./precision.ts";

/** 1 / the range of the draws, which are integers: noise-coded features are stored times this power of two, exactly. */
const DRAW_SCALE = { f32: 2 ** -16, i16: 2 ** -8 } as const satisfies Record<Precision, number>;

/** How the product is computed. */
export interface InputMatmulOptions {
  readonly plan: Plan;
  /** The least Z (asm/skip.ts) at which a unit is left out. */
  readonly skipBound: number;
  readonly precision: Precision;
  readonly tile?: Tile;
}

/** Kernels for the operations on inputs; `InputLayer` decides which to call. */
export class InputMatmul {
  /** The factor of a sample's features. */
  readonly featureScale: number;
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #plan: Plan;
  readonly #skipBound: number;
  /** Draws and their product are integers. */
  readonly #integer: boolean;
  readonly #tile: Tile;
  /** Inputs, padded. */
  readonly #row: number;
  /** The present sample's inputs that are not zero are listed. */
  #listed = false;

  constructor(
    kernels: Kernels,
    memory: CoreMemory,
    { plan, skipBound, precision, tile }: InputMatmulOptions,
  ) {
    const noisy = plan.spec.input.encoder.kind === "noise";
    this.#kernels = kernels;
    this.#memory = memory;
    this.#plan = plan;
    this.#skipBound = skipBound;
    this.#integer = noisy && precision === "i16";
    const tiles: readonly Tile[] = TILES[this.#integer ? "i16" : "f32"];
    this.#tile = tile && tiles.includes(tile) ? tile : tiles[0]!;
    this.featureScale = featureScaleOf(plan.spec.input.encoder, DRAW_SCALE[precision]);
    this.#row = roundUp(plan.values[plan.input]!.units, 4);
  }

  /** Encodes a sample's inputs at every step, without its features where these are multiplied into the weights. */
  encode({ key0, key1 }: DrawKey, steps: number): void {
    const k = this.#kernels, { x, sequence, levels } = this.#memory;
    const { encoder } = this.#plan.spec.input;
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
    this.#list(steps);
  }

  /** Lists the inputs that are not zero, where they are few. */
  #list(steps: number): void {
    const k = this.#kernels, { x, inputCounts, inputEntries, inputCapacity } = this.#memory;
    if (inputCapacity === 0) return;
    this.#listed = k.countInputs(x, steps, this.#row, inputCounts) <= inputCapacity;
    if (this.#listed) k.listInputs(x, steps, this.#row, inputCounts, inputEntries);
  }

  /** Lists the units that may spike in this sample. @returns Their number. */
  select(
    { weights, bias }: ProductMemory,
    { population, powerSums, powerNorms, unit }: PopulationMemory,
  ): number {
    const { neuron, units } = population, { threshold = 0 } = kindOf(neuron).values(neuron);
    // deno-fmt-ignore
    return this.#kernels.selectUnits(this.#memory.features, this.featureScale, weights.at, bias.at, units, this.#row,
      powerSums, powerNorms, this.#plan.spec.steps, threshold, this.#skipBound, unit);
  }

  /** Packs the weights of the first `slots` listed units, times the features. */
  pack(
    { weights: { at: weightsAt }, bias: { at: biasAt } }: ProductMemory,
    unit: number,
    slots: number,
  ): void {
    const { features, panels, packedBias, scales, factors } = this.#memory;
    const k = this.#kernels, count = Math.ceil(slots / 8);
    if (!this.#integer) {
      k.packPanels(features, weightsAt, biasAt, unit, count, panels, packedBias, this.#row);
      return;
    }
    k.scaleRows(features, weightsAt, biasAt, unit, 8 * count, packedBias, scales, factors, this.#row);
    const pack = this.#tile === "i8-4x4x2" ? k.packI8 : k.packI16;
    pack(features, weightsAt, unit, 2 * count, scales, panels, this.#row);
  }

  /** Currents of the packed units at every step, in panels. */
  matmul(slots: number, sampleSteps: number, currents: number): void {
    const { x, panels, packedBias, factors, stepSums, inputCounts, inputEntries } = this.#memory;
    const k = this.#kernels, steps = roundUp(sampleSteps, 4), row = this.#row;
    if (this.#listed) {
      // deno-fmt-ignore
      k.matmulSparse(inputCounts, inputEntries, panels, packedBias, currents, sampleSteps, row, slots);
      return;
    }
    switch (this.#tile) {
      case "f32-4x8-shuffle":
        k.matmulF32(x, panels, packedBias, currents, steps, row, slots);
        return;
      case "f32-4x8-load":
        k.matmulF32Loads(x, panels, packedBias, currents, steps, row, slots);
        return;
      case "i16-4x8":
        k.matmulI16(x, panels, packedBias, factors, currents, steps, row, slots);
        return;
      case "i8-4x4x2":
        k.matmulI8(x, panels, packedBias, factors, currents, stepSums, steps, row, slots);
        return;
      default:
        this.#tile satisfies never;
    }
  }

  /** Adds the weights' gradient, from the coefficients of the listed units' spikes. */
  traceGradient(
    { weights: { gradientAt }, sums }: ProductMemory,
    { unit, counts, spikeSteps, spikeGradients }: PopulationMemory,
    decay: number,
    slots: number,
    steps: number,
  ): void {
    const k = this.#kernels, { features, x, scratch } = this.#memory;
    if (this.#integer) {
      // deno-fmt-ignore
      k.traceGradientI8(features, x, this.#row, decay, unit, counts, spikeSteps, spikeGradients, sums, slots, steps,
        gradientAt, scratch);
    } else {
      // deno-fmt-ignore
      k.traceGradient(features, x, this.#row, decay, unit, counts, spikeSteps, spikeGradients, slots, steps,
        gradientAt, scratch);
    }
  }

  /** The same from δy at every step: one product, with the inputs as rows in place of δy and δy in place of the inputs. */
  weightGradient({ gradient, weights }: ProductMemory, steps: number): void {
    const { rows, currentPanels } = this.#memory, { at, width } = gradient!;
    const k = this.#kernels;
    this.unpack(rows, steps);
    k.encodeDirect(at, currentPanels, steps, width);
    k.matmulGradient(currentPanels, rows, steps, width, this.#row, weights.gradientAt);
  }

  /** Inputs of every step as rows. @param rows Where they go. */
  unpack(rows: number, steps: number): void {
    const { features, x } = this.#memory, row = this.#row;
    if (this.#integer) this.#kernels.inputRowsI8(x, features, steps, row, rows);
    else this.#kernels.inputRows(x, features, steps, row, rows);
  }
}
