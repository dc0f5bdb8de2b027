/**
 * The neurons of populations that keep their states: through the steps of a sample and back, whatever their kind.
 *
 * The plan names a population's kernels. A population whose own outputs come back after one step goes step by step, for a
 * step's currents need the outputs of the one before.
 */
import { type Constant, kindOf } from "../../network/neurons.ts";
import type { CoreMemory, PopulationMemory } from "./core_memory.ts";
import { type Kernels, type StepKernel, stepKernel } from "./kernels.ts";
import { fieldAt, writeDescriptor } from "./layer_descriptor.ts";
import type { MatrixProduct } from "./matrix_product.ts";

/** Fields of a descriptor that change from sample to sample. */
const STEPS_AT = fieldAt("steps"), CURRENTS_AT = fieldAt("currents");

/** Constants of padded units that are not 0: these units never fire. Those with a tensor are 0, and 0 is not above 0. */
const PADDING: Readonly<Partial<Record<Constant, number>>> = { threshold: Infinity };

/** The steps `scan` and `scanBack`, and their recurrent forms. */
export class NeuronSteps {
  readonly #kernels: Kernels;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  readonly #shares: number;
  /** Up to so many steps are summed one after the other, and longer samples in runs (asm/long_sums.ts). */
  readonly #mostPlain: number;
  readonly #run: number;
  /** Each population's kernels, by its index. */
  readonly #steps: readonly StepKernel[];
  readonly #stepsBack: readonly StepKernel[];

  constructor(kernels: Kernels, { populations, shares }: CoreMemory) {
    this.#kernels = kernels;
    this.#shares = shares;
    this.#mostPlain = kernels.mostPlain();
    this.#run = kernels.runLength();
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#integers = new Int32Array(kernels.memory.buffer);
    for (const population of populations) if (population.descriptor !== 0) this.#describe(population);
    const names = populations.map(({ population: { kernel, isPerUnit } }) =>
      isPerUnit ? `${kernel}PerUnit` : kernel
    );
    this.#steps = names.map((name) => stepKernel(kernels, "step", name));
    this.#stepsBack = names.map((name) => stepKernel(kernels, "stepBack", name));
  }

  /** Writes what differs from sample to sample into a descriptor: the number of steps, and where currents of a group's sample lie. */
  begin({ descriptor, currents }: PopulationMemory, steps: number, slot: number): void {
    this.#integers[(descriptor + STEPS_AT) >> 2] = steps;
    this.#integers[(descriptor + CURRENTS_AT) >> 2] = currents.at + slot * currents.groupStride;
  }

  /** Takes a population through the steps `from` ≤ t < `to`. */
  scan({ descriptor, population }: PopulationMemory, from: number, to: number): void {
    this.#steps[population.index]!(descriptor, from, to);
  }

  /** The same through all steps, with V·o_{t−1} in the currents. */
  scanRecurrent(memory: PopulationMemory, product: MatrixProduct, steps: number): void {
    const feedBack = product.stepper(memory.feedback, memory);
    for (let t = 0; t < steps; t++) {
      feedBack(t);
      this.scan(memory, t, t + 1);
    }
  }

  /** The backward pass of the steps `from` ≤ t < `to` of a sample of `steps`; later ones have been done. */
  scanBack(memory: PopulationMemory, from: number, to: number, steps: number): void {
    const stepBack = this.#stepsBack[memory.population.index]!, { descriptor } = memory;
    const isLong = memory.population.learned.length > 0 && steps > this.#mostPlain;
    if (!isLong) {
      stepBack(descriptor, from, to);
      return;
    }
    if (to === steps) this.#sumInParts(memory, true);
    for (let end = to; end > from;) {
      const begin = Math.max(from, this.#run * (Math.ceil(end / this.#run) - 1));
      stepBack(descriptor, begin, end);
      if (begin % this.#run === 0) this.#endPart(memory);
      end = begin;
    }
    if (from === 0) this.#sumInParts(memory, false);
  }

  /** Adds the parts of the gradients of learned constants to their totals, in float64. */
  #endPart({ population: { learned }, width, constantParts, constantTotals }: PopulationMemory): void {
    this.#kernels.addParts(constantParts, constantTotals, learned.length * width);
  }

  /** Has the kernels add gradients of learned constants to parts of a sum over many steps; at its end adds the totals to the gradients. */
  #sumInParts(memory: PopulationMemory, begins: boolean): void {
    const { population: { learned }, descriptor, width, constantParts, constantTotals, unitConstants } =
      memory;
    learned.forEach(({ name }, i) => {
      const { gradientAt } = unitConstants.get(name)!;
      this.#integers[(descriptor + fieldAt(`${name}Gradients`)) >> 2] = begins
        ? constantParts + 4 * width * i
        : gradientAt;
      if (!begins) this.#kernels.addTotals(constantTotals + 8 * width * i, gradientAt, width);
    });
  }

  /** Writes a population's constants, and the descriptor that its kernels read. */
  #describe(memory: PopulationMemory): void {
    const { population, width, unitConstants, constants, settings, currents } = memory;
    const { outputGradients, currentGradients } = memory;
    const { neuron, units, learned } = population, kind = kindOf(neuron);
    for (const { name, value, tensor } of population.constants) {
      if (tensor !== undefined) continue; // it lies among the parameters
      const at = unitConstants.get(name)!.at >> 2;
      this.#floats.fill(value, at, at + units);
      this.#floats.fill(PADDING[name] ?? 0, at + units, at + width);
    }
    this.#integers.set(kind.constants.map((name) => unitConstants.get(name)!.at), constants >> 2);
    this.#floats.set(kind.settings(neuron), settings >> 2);
    const gradientOf = (name: Constant) =>
      learned.some((given) => given.name === name) ? unitConstants.get(name)!.gradientAt : 0;
    writeDescriptor(this.#integers, memory.descriptor, {
      units: width,
      steps: 0,
      currents: currents.at,
      currentStride: currents.stride,
      feedback: memory.feedback,
      state: memory.state,
      decays: unitConstants.get("decay")!.at,
      thresholds: unitConstants.get("threshold")!.at,
      scales: unitConstants.get("scale")!.at,
      starts: unitConstants.get("start")!.at,
      constants,
      settings,
      potentials: memory.potentials,
      outputs: memory.outputs,
      distances: memory.distances,
      outputGradients: outputGradients?.at ?? 0,
      outputGradientStride: outputGradients?.stride ?? 0,
      shares: outputGradients?.value.rows === "in shares" ? this.#shares : 0,
      stateGradients: memory.stateGradients,
      currentGradients: currentGradients?.at ?? 0,
      currentGradientStride: currentGradients?.stride ?? 0,
      decayGradients: gradientOf("decay"),
      thresholdGradients: gradientOf("threshold"),
      scaleGradients: gradientOf("scale"),
      startGradients: gradientOf("start"),
    });
  }
}
