/**
 * Steps on lists of spikes: making them, products of them in the backward pass, and the exact gradient that follows from them.
 */
import type { CoreMemory, PopulationMemory, ProductMemory, ValueMemory } from "./core_memory.ts";
import { TRAINABLE } from "../../network/neurons.ts";
import { type Kernels, type ScanKernel, scanKernel } from "./kernels.ts";
import type { Plan } from "../plan/plan.ts";
import { roundUp } from "./layout.ts";
import type { ListedSpikes } from "./matrix_product.ts";

/** The steps `list`, `count`, `scanSpikes`, `spikesBack`, `spread` and `coefficients`. */
export class SpikeSteps {
  /** Slots in use, by population: the units that may spike. */
  readonly slots: number[];
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #integers: Int32Array;
  /** Of the present sample and each population: its (unit, step) pairs that spiked, which are the lists' entries, and its spikes. */
  readonly #counts: number[];
  readonly #spikes: number[];
  /** Of each population of which spikes alone are wanted, its kernel and constants. */
  readonly #scans: readonly (SpikeScan | undefined)[];
  /** The population whose outputs each value is, by the value's index. */
  readonly #makers: readonly (PopulationMemory | undefined)[];
  #slot = 0;

  constructor(kernels: Kernels, memory: CoreMemory, { forward }: Plan) {
    const scanned = new Set(forward.map((step) => step.kind === "scanSpikes" ? step.population : -1));
    this.#kernels = kernels;
    this.#memory = memory;
    this.#integers = new Int32Array(kernels.memory.buffer);
    this.slots = memory.populations.map(({ population }) => population.units);
    this.#counts = memory.populations.map(() => 0);
    this.#spikes = memory.populations.map(() => 0);
    this.#scans = memory.populations.map(({ population: { index, constants, kernel } }) => {
      if (!scanned.has(index)) return undefined;
      const [decay, threshold] = constants.map(({ value }) => value);
      const constant = constants[TRAINABLE.length]?.value;
      return { scan: scanKernel(kernels, kernel), decay: decay!, threshold: threshold!, constant: constant! };
    });
    this.#makers = memory.values.map(({ value }) =>
      memory.populations.find(({ population }) => population.isSpiking && population.output === value.index)
    );
  }

  /** @param slot The present sample's place in its group. */
  begin(slot: number): void {
    this.#slot = slot;
  }

  /** How many spikes a population has fired. */
  countOf(index: number): number {
    return this.#spikes[index]!;
  }

  /** The lists of the population whose outputs a value is; undefined where it is no spikes. */
  listsOf({ value }: ValueMemory): ListedSpikes | undefined {
    const memory = this.#makers[value.index];
    if (!memory) return undefined;
    const { index } = memory.population;
    return { lists: memory, slots: this.slots[index]!, unit: memory.unit, count: this.#counts[index]! };
  }

  /** Adds a population's spikes to {@linkcode PopulationMemory.unitSpikes}. */
  addUnitSpikes(index: number): void {
    const { spikeCounts, unit, unitSpikes } = this.#memory.populations[index]!;
    this.#kernels.addCounts(unit, spikeCounts, this.slots[index]!, unitSpikes);
  }

  /** Lists the spikes of a population that keeps its states. */
  list(index: number, steps: number): void {
    const memory = this.#memory.populations[index]!;
    const {
      gates,
      outputs,
      width,
      counts,
      spikeSteps,
      spikeOutputs,
      stepCounts,
      stepUnits,
      stepOutputs,
    } = memory;
    // deno-fmt-ignore
    const pairs = this.#kernels.listSpikes(gates, outputs, steps, width, counts, spikeSteps, spikeOutputs,
      steps, stepCounts, stepUnits, stepOutputs);
    this.#note(memory, pairs, steps);
  }

  /** Counts the spikes of a population that keeps its states. */
  count(index: number, steps: number): void {
    const memory = this.#memory.populations[index]!, { gates, width, counts } = memory;
    this.#note(memory, this.#kernels.countSpikes(gates, steps, width, counts), steps);
  }

  /** Weighs a population's outputs, and counts its spikes. */
  weigh(index: number, into: ValueMemory, steps: number): void {
    const memory = this.#memory.populations[index]!, { gates, outputs, width, counts } = memory;
    const { shares } = this.#memory;
    const pairs = this.#kernels.weighSpikes(gates, outputs, steps, width, shares, into.at, counts);
    this.#note(memory, pairs, steps);
  }

  /** Scans a population of which spikes alone are wanted. */
  scan(index: number, steps: number): void {
    const memory = this.#memory.populations[index]!, slots = this.slots[index]!;
    const { currents, counts, spikeSteps, spikeOutputs } = memory;
    const { scan, decay, threshold, constant } = this.#scans[index]!;
    const begin = this.#slot * currents.groupStride;
    let fired = 0;
    for (let slot = 0; slot < slots; slot += 4) {
      // deno-fmt-ignore
      scan(begin + currentsOf(currents, slot, steps), currents.stride, steps, decay, threshold, constant,
        Math.min(4, slots - slot), counts + 4 * slot, spikeSteps + 4 * slot * steps, spikeOutputs + 4 * slot * steps);
      for (let i = slot; i < Math.min(slot + 4, slots); i++) fired += this.#integers[(counts >> 2) + i]!;
    }
    this.#counts[index] = this.#spikes[index] = fired;
  }

  /** Notes the (unit, step) pairs of a population that spiked, and how many spikes these are. */
  #note(
    { population: { index, firesMany }, outputs, width, spikeCounts }: PopulationMemory,
    pairs: number,
    steps: number,
  ): void {
    this.#counts[index] = pairs;
    this.#spikes[index] = firesMany
      ? this.#kernels.countManySpikes(outputs, steps, width, spikeCounts)
      : pairs;
  }

  /** δo at a population's spikes from δy of the product that they feed, and the weights' gradient. */
  back(
    { product: { input: { delay } }, weights, gradient }: ProductMemory,
    index: number,
    steps: number,
  ): void {
    const { unit, counts, spikeSteps, spikeOutputs, spikeGradients } = this.#memory.populations[index]!;
    // deno-fmt-ignore
    this.#kernels.backThroughSpikes(unit, counts, spikeSteps, spikeOutputs, spikeGradients, this.slots[index]!, steps,
      delay, weights.at, weights.gradientAt, gradient!.at, steps, gradient!.width);
  }

  /** δo at spikes → δo at every step. */
  spread(index: number, steps: number): void {
    const { unit, counts, spikeSteps, spikeGradients, width } = this.#memory.populations[index]!;
    const outputGradients = this.#memory.populations[index]!.outputGradients!.at;
    // deno-fmt-ignore
    this.#kernels.spreadSpikes(unit, counts, spikeSteps, spikeGradients, this.slots[index]!, steps, outputGradients,
      steps, width);
  }

  /** Coefficients of the exact gradient, and the gradient of the product's bias. */
  coefficients(product: ProductMemory, index: number, from: "spikes" | "steps", steps: number): void {
    const { bias, gradient } = product, isRow = gradient?.value.rows === "one";
    const sums = isRow ? gradient.at : product.sums;
    const memory = this.#memory.populations[index]!, k = this.#kernels, slots = this.slots[index]!;
    const { population: { neuron: { decay } }, unit, counts, spikeSteps, spikeGradients, powers, powerSums } =
      memory;
    if (from === "spikes") {
      // deno-fmt-ignore
      k.spikeCoefficients(unit, counts, spikeSteps, spikeGradients, slots, steps, powers, powerSums, sums,
        bias.gradientAt);
    } else {
      // deno-fmt-ignore
      k.stepCoefficients(counts, spikeSteps, spikeGradients, slots, steps, memory.currentGradients!.at, steps,
        memory.width, decay, powerSums, sums, bias.gradientAt);
    }
  }
}

/** A scan for spikes alone. */
interface SpikeScan {
  readonly scan: ScanKernel;
  readonly decay: number;
  readonly threshold: number;
  readonly constant: number;
}

/** Where a slot's currents begin: in rows, or in panels of 8 units, as a product leaves them. */
function currentsOf({ at, isInPanels }: ValueMemory, slot: number, steps: number): number {
  return isInPanels ? at + 32 * roundUp(steps, 4) * (slot >> 3) + 4 * (slot & 7) : at + 4 * slot;
}
