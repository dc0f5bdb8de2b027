/** The backward pass of populations whose own outputs come back to them, of several samples side by side. */
import type { CoreMemory, PopulationMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import type { MatrixProduct } from "./matrix_product.ts";
import type { NeuronSteps } from "./neuron_steps.ts";

/** Samples that share each step's product in the backward pass. */
export const SIDE_BY_SIDE = 4;

/** One of the samples. */
export interface RecurrentSample {
  readonly memory: PopulationMemory;
  readonly neurons: NeuronSteps;
  /** T, or fewer for a shorter sequence. */
  readonly steps: number;
}

/** Scans up to {@linkcode SIDE_BY_SIDE} samples back; what each gets does not depend on the others. */
export class RecurrentScan {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;

  /** @param memory That has room for a product. */
  constructor(kernels: Kernels, memory: CoreMemory) {
    this.#kernels = kernels;
    this.#memory = memory;
  }

  /** δo, δu → δI at every step, up the steps, with Vᵀ·δI_{t+1} in δo_t. */
  back(samples: readonly RecurrentSample[], product: MatrixProduct): void {
    const { zeros, currentPanels } = this.#memory, { addRowOfFour } = this.#kernels;
    const last = Math.max(...samples.map(({ steps }) => steps)) - 1;
    const rows: [number, number, number, number] = [zeros, zeros, zeros, zeros];
    const places = samples.map((
      { memory: { population, currentGradients, outputGradients, distances, width } },
    ) => ({
      from: currentGradients!.at,
      to: outputGradients!.at,
      spikes: population.backwardFrom === "spikes" ? distances : 0,
      width,
    }));
    for (let t = last; t >= 0; t--) {
      if (t < last) {
        places.forEach(({ from, width }, i) => {
          rows[i] = t + 1 < samples[i]!.steps ? from + 4 * width * (t + 1) : zeros;
        });
        product.backFour(rows, currentPanels);
      }
      samples.forEach(({ memory, neurons, steps }, i) => {
        if (t >= steps) return;
        const { to, spikes, width } = places[i]!, row = 4 * width * t;
        if (t + 1 < steps) {
          addRowOfFour(currentPanels + 32 * i, spikes === 0 ? 0 : spikes + row, width, to + row);
        }
        neurons.scanBack(memory, t, t + 1, steps);
      });
    }
  }
}
