/** From the readout's population to the loss, and back. */
import type { Plan, PopulationPlan, ReadSteps } from "../plan/plan.ts";
import type { CoreMemory, PopulationMemory, ValueMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";

/** The steps `read`, `loss`, `readBack` and `rateBack` of a plan. */
export class Readout {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #plan: Plan;
  readonly #top: PopulationMemory;

  constructor(kernels: Kernels, memory: CoreMemory, plan: Plan) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#plan = plan;
    this.#top = memory.populations[plan.top]!;
  }

  /** The population's potentials or outputs → logits. */
  read({ from, reduce, first, last, scale, zero }: ReadSteps): void {
    const { potentials, outputs, width } = this.#top;
    const { logits, largest } = this.#memory;
    const rows = from === "state" ? potentials : outputs;
    if (reduce === "max") this.#kernels.readLargest(rows, first, last, width, zero ? 1 : 0, logits, largest);
    else this.#kernels.readStates(rows, first, last, width, scale, logits);
  }

  /**
   * Logits → loss, and its gradient with respect to each number that was read.
   *
   * @param share The sample's weight in its batch.
   * @param rateOf A population's firing rate in this sample.
   */
  loss(
    label: number,
    share: number,
    { scale }: ReadSteps,
    rateOf: (population: PopulationPlan) => number,
  ): number {
    const { logits, logProbabilities, logitGradients } = this.#memory;
    const { loss, classes, populations } = this.#plan;
    const k = this.#kernels, factor = share * scale;
    // Log-probabilities are wanted whatever the loss is; its gradient takes the place of this one's.
    const surprise = k.crossEntropy(logits, classes, label, factor, logProbabilities, logitGradients);
    const own = () => {
      switch (loss.kind) {
        case "crossEntropy":
          return surprise;
        case "meanSquaredError": {
          const { correct = 1, incorrect = 0 } = loss;
          return k.meanSquaredError(logits, classes, label, correct, incorrect, factor, logitGradients);
        }
        default:
          return loss satisfies never;
      }
    };
    let total = own();
    for (const population of populations) {
      const { rate } = population;
      if (rate) total += rate.weight * (rateOf(population) - rate.target) ** 2;
    }
    return total;
  }

  /** The logits' gradient → δu or δo of the readout's population. */
  readBack({ reduce, first, last }: ReadSteps, steps: number, { at, width }: ValueMemory): void {
    const { logitGradients, largest } = this.#memory;
    if (reduce === "max") this.#kernels.readLargestBack(logitGradients, largest, steps, width, at);
    else this.#kernels.readStatesBack(logitGradients, first, last, steps, width, at);
  }

  /** δo of a population += what the firing rate's part of the loss adds at every step. */
  rateBack(
    { rate, units }: PopulationPlan,
    rateOf: number,
    share: number,
    steps: number,
    { at, width }: ValueMemory,
  ): void {
    if (!rate) return;
    const value = share * 2 * rate.weight * (rateOf - rate.target) / (units * steps);
    this.#kernels.addToRows(at, steps, units, width, value);
  }
}
