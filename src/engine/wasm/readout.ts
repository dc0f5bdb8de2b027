/**
 * From the last layer to the loss, and back to the last layer.
 *
 * @module
 */
import type { LayerPlan, Plan, ReadSteps } from "../plan.ts";
import type { CoreMemory, LayerMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";

/** The operations `read`, `loss`, `readBack` and `rateBack` of a plan. */
export class Readout {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #plan: Plan;
  readonly #top: LayerMemory;

  constructor(kernels: Kernels, memory: CoreMemory, plan: Plan) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#plan = plan;
    this.#top = memory.layers[memory.layers.length - 1]!;
  }

  /** The last layer's potentials or outputs → logits. */
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
   * @param rates Each layer's firing rate in this sample.
   */
  loss(label: number, share: number, { scale }: ReadSteps, rates: (layer: LayerPlan) => number): number {
    const { logits, logProbabilities, logitGradients } = this.#memory;
    const { loss, classes, layers } = this.#plan;
    const k = this.#kernels, factor = share * scale;
    // Traces need log-probabilities for every loss; another loss overwrites the gradient.
    let total = k.crossEntropy(logits, classes, label, factor, logProbabilities, logitGradients);
    switch (loss.kind) {
      case "crossEntropy":
        break;
      case "meanSquaredError": {
        const { correct = 1, incorrect = 0 } = loss;
        total = k.meanSquaredError(logits, classes, label, correct, incorrect, factor, logitGradients);
        break;
      }
      default:
        loss satisfies never;
    }
    for (const layer of layers) {
      if (layer.rate) total += layer.rate.weight * (rates(layer) - layer.rate.target) ** 2;
    }
    return total;
  }

  /** The logits' gradient → δu or δo of the last layer. */
  readBack({ from, reduce, first, last }: ReadSteps, steps: number): void {
    const { stateGradients, outputGradients, width } = this.#top;
    const { logitGradients, largest } = this.#memory;
    const k = this.#kernels;
    const rows = from === "state" ? stateGradients : outputGradients;
    if (from === "state") k.readStatesBack(logitGradients, 0, -1, steps, width, outputGradients); // zeros
    if (reduce === "max") k.readLargestBack(logitGradients, largest, steps, width, rows);
    else k.readStatesBack(logitGradients, first, last, steps, width, rows);
  }

  /** δo of a layer += the gradient of the firing rate's part of the loss, at every step. */
  rateBack({ layer, outputGradients, width }: LayerMemory, rate: number, share: number, steps: number): void {
    if (!layer.rate) return;
    const value = share * 2 * layer.rate.weight * (rate - layer.rate.target) / (layer.units * steps);
    this.#kernels.addToRows(outputGradients, steps, layer.units, width, value);
  }
}
