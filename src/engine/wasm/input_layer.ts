/** The operations of a plan that touch a sample's inputs, by kernels in the core's own memory. */
import { type Augmentation, SampleFeatures } from "../../data/augment.ts";
import { areEvents, type Events } from "../../data/events.ts";
import { arePixels, type Samples } from "../../data/samples.ts";
import { featuresOfPixels, foldsFeatures, latencyLevels, sampleFormOf } from "../../network/encoders.ts";
import type { GraphSpec } from "../../network/graph.ts";
import { type Standardiser, standardiserOf } from "../../network/standardise.ts";
import type { DrawKey } from "../../random.ts";
import type { CoreMemory, PopulationMemory, ProductMemory, ValueMemory } from "./core_memory.ts";
import { InputMatmul, type InputMatmulOptions } from "./input_matmul.ts";
import type { Kernels } from "./kernels.ts";
import { channelsLast, roundUp } from "./layout.ts";
import type { DenseFrom, InputView } from "./matrix_product.ts";
import { fillsTiles, type RowStage } from "./row_stage.ts";

/** A sample whose features are copied in. */
export interface StagedSample {
  readonly samples: Samples;
  readonly index: number;
  readonly epoch: number;
  /** T, or fewer where it is a shorter sequence. */
  readonly steps: number;
  /** How it is moved before. */
  readonly augmentation: Augmentation | undefined;
}

/** A staged sample that the next steps work on. */
export interface SampleToLoad {
  /** Its place in its group. */
  readonly slot: number;
  /** Of its draws. */
  readonly key: DrawKey;
  /** T, or fewer where it is a shorter sequence. */
  readonly steps: number;
  /** Where several are under way: in which buffer of a shared double buffer it lies, and which of its samples it is. */
  readonly place: Place;
  /** Which of its batch's samples it is. */
  readonly position: number;
}

/** A sample's place in a shared double buffer. */
export interface Place {
  readonly bufferIndex: 0 | 1;
  readonly position: number;
}

/**
 * What a core does with a sample's inputs. Products whose weights lie by unit are part of it: their currents come into the core's
 * memory, and their gradients start from δy or coefficients there.
 */
export interface InputOperations {
  /** Copies the features of a sample in. @param slot Its place in its group. @param group Samples of the group. */
  stage(sample: StagedSample, slot: number, group: number): void;
  /** Makes a staged sample the present one. */
  load(sample: SampleToLoad): void;
  /** Packs what follows from the parameters and holds for a whole batch. */
  prepare(): void;
  /** The step of this name; so are the others. */
  encode(): void;
  listInputs(): void;
  unpack(into: ValueMemory): void;
  /** @returns How many units were listed. */
  select(product: ProductMemory, population: PopulationMemory): number;
  /** @param slots How many units are listed. */
  pack(product: ProductMemory, slots: number): void;
  matmul(product: ProductMemory, slots: number): void;
  matmulRow(product: ProductMemory): void;
  /** The weights' gradient alone, from δy at every step. */
  weightGradient(product: ProductMemory): void;
  traceGradient(product: ProductMemory, population: PopulationMemory, decay: number, slots: number): void;
  /** The gradient of the weights of one row, from the sum over all steps. @param sums Its address. */
  rowGradient(product: ProductMemory, sums: number): void;
  /** The encoder's inputs as products whose weights lie by input read them. */
  view(): InputView;
}

/** What it is made from. */
export interface InputLayerOptions extends InputMatmulOptions {
  /** Of augmentation. */
  readonly seed: number;
  /** Shares of inputs that are not 0 above which products are whole. */
  readonly denseFrom: DenseFrom;
  /** The stage of the gradients of weights of one row. */
  readonly stage: RowStage;
}

/** Computes the operations in the core's own memory. */
export class InputLayer implements InputOperations {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #spec: GraphSpec;
  readonly #matmul: InputMatmul;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  readonly #features: SampleFeatures;
  readonly #standardiser: Standardiser | undefined;
  readonly #stage: RowStage;
  readonly #denseFrom: DenseFrom;
  readonly #input: ValueMemory;
  /** Where each of the inputs lies among others' inputs, where the orders differ: they lie in a file's order themselves. */
  readonly #order: Uint32Array | undefined;
  #key: DrawKey = { key0: 0, key1: 0 };
  #steps: number;
  /** The present sample is events, which become lists at once: the first one's place among all samples', and whether all are 1. */
  #fromEvents = false;
  #firstEvent = 0;
  #areOnes = true;
  readonly #halves: Uint16Array;
  /** Numbers in the present sample's inputs that are not 0. */
  #listed = 0;
  #position = 0;
  /** Samples of the present group, and the present one's place in it. */
  #group = 1;
  #slot = 0;

  constructor(
    kernels: Kernels,
    memory: CoreMemory,
    { seed, stage, denseFrom, ...options }: InputLayerOptions,
  ) {
    this.#stage = stage;
    this.#denseFrom = denseFrom;
    const { spec } = options.plan;
    this.#kernels = kernels;
    this.#memory = memory;
    this.#spec = spec;
    this.#matmul = new InputMatmul(kernels, memory, options);
    this.#features = new SampleFeatures(seed);
    this.#standardiser = standardiserOf(spec.input);
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#integers = new Int32Array(kernels.memory.buffer);
    this.#halves = new Uint16Array(kernels.memory.buffer);
    const { input: { encoder, shape }, steps } = spec, { featureScale } = this.#matmul;
    this.#steps = steps;
    this.#order = channelsLast(shape);
    this.#view(memory.pixels, 256).set(featuresOfPixels(encoder, featureScale));
    this.#input = memory.values[options.plan.input]!;
    if (!foldsFeatures(encoder)) this.#view(memory.features, this.#input.value.units).fill(1);
    if (encoder.kind === "latency") {
      this.#view(memory.levels, 4).fill(Infinity);
      const levels = this.#view(memory.levels + 16, roundUp(steps, 4));
      levels.set(latencyLevels(encoder, steps));
      levels.fill(levels[steps - 1]!, steps);
    }
  }

  load({ slot, key, steps, position }: SampleToLoad): void {
    this.#slot = slot;
    this.#position = position;
    this.#key = key;
    this.#steps = steps;
  }

  stage(sample: StagedSample, slot: number, group: number): void {
    const { features, rowLists, rowCounts } = this.#memory, { width } = this.#input;
    this.#group = group;
    this.#copy(sample, slot);
    if (rowLists === 0) return;
    const list = rowLists + 8 * slot * width, x = features + 4 * slot * width;
    this.#integers[(rowCounts >> 2) + slot] = this.#kernels.listRow(x, width, list, width);
  }

  /** Copies a sample in, normalised for the encoder, each row padded to whole vectors. */
  #copy({ samples, index, epoch, steps, augmentation }: StagedSample, slot: number): void {
    const standardiser = this.#standardiser; // which leaves few numbers at 0
    this.#fromEvents = !standardiser && areEvents(samples.features) &&
      this.#copyEvents(samples.features, samples.steps!, index, steps);
    if (this.#fromEvents) return;
    const { features, start } = this.#features.of(samples, index, epoch, augmentation);
    const { isSequence, channels } = sampleFormOf(this.#spec), { featureScale } = this.#matmul;
    const isTable = arePixels(samples), { bytes, pixels } = this.#memory;
    const place = foldsFeatures(this.#spec.input.encoder)
      ? (this.#memory.features >> 2) + slot * this.#input.width
      : this.#memory.sequence >> 2;
    for (let step = 0; step < (isSequence ? steps : 1); step++) {
      const from = start + step * channels;
      const to = place + step * roundUp(channels, 4);
      if (standardiser) standardiser.row(features, from, isTable ? 255 : 1, this.#floats, to);
      else if (isTable) {
        new Uint8Array(this.#kernels.memory.buffer, bytes, channels).set(
          features.subarray(from, from + channels),
        );
        this.#kernels.featuresOfBytes(bytes, channels, pixels, 4 * to);
      } else if (featureScale === 1) this.#floats.set(features.subarray(from, from + channels), to);
      else {
        for (let i = 0; i < channels; i++) this.#floats[to + i] = features[from + i]! * featureScale;
      }
    }
  }

  /** Copies a sample's events in. @returns Whether they are few enough for lists alone. */
  #copyEvents({ ends, channels, values }: Events, padded: number, index: number, steps: number): boolean {
    const { eventEnds, eventChannels, eventValues, eventCapacity } = this.#memory;
    const step = index * padded, first = step === 0 ? 0 : ends[step - 1]!, end = ends[step + steps - 1]!;
    const most = Math.min(this.#denseFrom.matmul, this.#denseFrom.gradient) * this.#input.value.units * steps;
    if (end - first > Math.min(most, eventCapacity)) return false;
    this.#integers.set(ends.subarray(step, step + steps), eventEnds >> 2);
    this.#halves.set(channels.subarray(first, end), eventChannels >> 1);
    if (values) this.#floats.set(values.subarray(first, end), eventValues >> 2);
    this.#firstEvent = first;
    this.#areOnes = !values;
    return true;
  }

  /** Packs panels, where they do not depend on the features. */
  prepare(): void {
    const packed = this.#memory.products.find(({ product, input }) =>
      product.weightsBy === "unit" && input.value.rows === "each step"
    );
    if (packed && !foldsFeatures(this.#spec.input.encoder)) this.pack(packed, packed.output.width);
  }

  encode(): void {
    if (this.#fromEvents) return;
    this.#matmul.encode(this.#key, this.#steps);
  }

  listInputs(): void {
    const { x, inputLists } = this.#memory;
    const { stepCounts, stepUnits, stepOutputs } = inputLists!;
    if (this.#fromEvents) {
      const { eventEnds, eventChannels, eventValues } = this.#memory,
        values = this.#areOnes ? 0 : eventValues;
      // deno-fmt-ignore
      this.#listed = this.#kernels.listEvents(eventEnds, this.#firstEvent, eventChannels, values, this.#steps,
        this.#input.width, stepCounts, stepUnits, stepOutputs);
      return;
    }
    const { width } = this.#input;
    this.#listed = this.#kernels.listInputSpikes(x, this.#steps, width, stepCounts, stepUnits, stepOutputs);
  }

  unpack({ at, width, groupStride, value: { rows, units } }: ValueMemory): void {
    const isRow = rows === "one", order = this.#order, place = this.#slot * groupStride, to = at + place;
    if (isRow) this.#view(to, width).set(this.#view(this.#memory.features + place, width));
    else this.#matmul.unpack(to, this.#steps);
    for (let step = 0; order && step < (isRow ? 1 : this.#steps); step++) {
      const row = this.#view(to + 4 * width * step, units);
      row.slice().forEach((x, i) => row[order[i]!] = x);
    }
  }

  select(product: ProductMemory, population: PopulationMemory): number {
    return this.#matmul.select(product, population);
  }

  pack(product: ProductMemory, slots: number): void {
    const population = this.#memory.populations.find(({ currents }) => currents === product.output);
    this.#matmul.pack(product, population?.unit ?? product.unit, this.#packed(product, slots));
  }

  /** Currents from inputs that differ from step to step. */
  matmul(product: ProductMemory, slots: number): void {
    const { currentPanels } = this.#memory, { output: { at, isInPanels, width } } = product;
    const steps = this.#steps;
    if (isInPanels) {
      this.#matmul.matmul(this.#packed(product, slots), steps, at);
      return;
    }
    this.#matmul.matmul(this.#packed(product, slots), steps, currentPanels);
    this.#kernels.panelsToRows(currentPanels, roundUp(steps, 4), steps, width, at);
  }

  /** Rows of the whole group, with its first sample. */
  matmulRow({ weights, bias, output, input, panel: { panels, width } }: ProductMemory): void {
    if (this.#slot > 0) return;
    const { features, rowLists, rowCounts, rowTiles } = this.#memory, row = input.width, k = this.#kernels;
    const there = this.#integers.subarray(rowCounts >> 2, (rowCounts >> 2) + this.#group).reduce(
      (a, b) => a + b,
      0,
    );
    if (fillsTiles(there, this.#group, row)) {
      k.encodeDirect(features, rowTiles, this.#group, row);
      // deno-fmt-ignore
      k.panelTiles(rowTiles, this.#group, weights.at, bias.at, output.at, output.groupStride, panels, row, width);
      return;
    }
    // deno-fmt-ignore
    k.panelRows(rowLists, rowCounts, input.width, this.#group, weights.at, bias.at, output.at,
      output.groupStride, panels, input.width, width);
  }

  weightGradient(product: ProductMemory): void {
    this.#matmul.weightGradient(product, this.#steps);
  }

  traceGradient(product: ProductMemory, population: PopulationMemory, decay: number, slots: number): void {
    this.#matmul.traceGradient(product, population, decay, slots, this.#steps);
  }

  rowGradient(product: ProductMemory, sums: number): void {
    this.#stage.take(product, this.#slot, sums, this.#position);
  }

  view(): InputView {
    const { x, inputLists } = this.#memory, { width, value: { units } } = this.#input;
    return {
      // Every input has a list.
      spikes: inputLists && { lists: inputLists, slots: units, unit: 0, count: this.#listed },
      rows: x,
      isPacked: true,
      width,
    };
  }

  /** Slots of a product: where it gives rows also those that pad a row, which are units of zeros. */
  #packed({ output: { isInPanels, width } }: ProductMemory, slots: number): number {
    return isInPanels ? slots : width;
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}
