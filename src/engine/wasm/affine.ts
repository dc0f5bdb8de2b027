/**
 * Products of a layer whose weights lie by input, forward and back: sums of rows over its inputs' spikes, or whole products.
 *
 * A sum of rows costs work for each spike, a whole product for each input and step, but several times less for each of
 * them. The number of a sample's own spikes decides between them, so that a result's bits depend on nothing else. Panels for whole
 * products are packed when a batch first needs them.
 *
 * @module
 */
import type { CoreMemory, LayerMemory, SpikeLists } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import { roundUp } from "./layout.ts";

/** The shares of (input, step) pairs that spike above which a whole product is used, forward and for the weights' gradient. */
export interface DenseFrom {
  /** Forward. */
  readonly matmul: number;
  /** Backward. */
  readonly gradient: number;
}

/** Where a whole product becomes faster: docs/performance.md, "Where sums of rows end", has the measurements. */
export const DENSE_FROM: DenseFrom = { matmul: 0.45, gradient: 0.5 };

/** A layer's inputs as lists of spikes and as rows. */
export interface InputView {
  readonly lists: SpikeLists;
  /** Lists by unit, and the unit of each. */
  readonly slots: number;
  readonly unit: number;
  /** Spikes in the lists; undefined where none are listed. */
  readonly spikes: number | undefined;
  /** Rows `[steps][width]`, or X in the product's layout where `isPacked`; 0 where there are lists by unit alone. */
  readonly rows: number;
  readonly isPacked: boolean;
  /** Inputs of a row, padding included. */
  readonly width: number;
  /** Steps from an input to its current. */
  readonly delay: number;
}

/** I = W·x + b of one layer, and the gradient of W. */
export class Affine {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #layer: LayerMemory;
  readonly #denseFrom: DenseFrom;
  #isPacked = false;
  #isPackedBack = false;

  constructor(kernels: Kernels, memory: CoreMemory, layer: LayerMemory, denseFrom: DenseFrom) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#layer = layer;
    this.#denseFrom = denseFrom;
  }

  /** Marks the packed weights as outdated, after the parameters have changed. */
  invalidate(): void {
    this.#isPacked = this.#isPackedBack = false;
  }

  /** I_t = W·o_{t−delay} + b. */
  forward(view: InputView, steps: number): void {
    const { weightsAt, biasAt, currents, width, panels } = this.#layer;
    const k = this.#kernels;
    if (view.rows === 0) {
      const { unit, slots, delay, lists: { counts, spikeSteps, spikeOutputs } } = view;
      // deno-fmt-ignore
      k.sparseProduct(unit, counts, spikeSteps, spikeOutputs, slots, steps, delay, weightsAt, biasAt, currents, steps,
        width);
      return;
    }
    if (isSparse(view, steps, this.#denseFrom.matmul)) {
      const { delay, lists: { stepCounts, stepUnits, stepOutputs } } = view;
      // deno-fmt-ignore
      k.sparseProductRows(stepCounts, stepUnits, stepOutputs, view.width, delay, weightsAt, biasAt, currents, steps, width);
      return;
    }
    if (!this.#isPacked) k.packRows(weightsAt, view.width, width, panels);
    this.#isPacked = true;
    const { currentPanels } = this.#memory, padded = roundUp(steps, 4);
    k.matmulF32(this.#pack(view, steps), panels, biasAt, currentPanels, padded, view.width, width);
    k.panelsToRows(currentPanels, padded, steps, width, currents);
  }

  /** ∂L/∂W[:, n] += Σ_t o_{n,t−delay}·δI_t, of W or of V. */
  gradient(view: InputView, steps: number, weightGradients: number): void {
    const { currentGradients, width } = this.#layer;
    const k = this.#kernels;
    if (isSparse(view, steps, this.#denseFrom.gradient)) {
      const { slots, delay, lists: { counts, spikeSteps, spikeOutputs } } = view;
      // deno-fmt-ignore
      k.spikeGradient(counts, spikeSteps, spikeOutputs, slots, steps, delay, currentGradients, steps, width,
        weightGradients);
      return;
    }
    k.matmulGradient(this.#pack(view, steps), currentGradients, steps, view.width, width, weightGradients);
  }

  /** δo_t of the layer below at every step, Wᵀ·δI_{t+delay}. */
  back(below: LayerMemory, delay: number, steps: number): void {
    const { weightsAt, currentGradients, width, layer: { inputs }, panelsBack } = this.#layer;
    const { rows, currentPanels, ones, zeros, packedZeros } = this.#memory;
    const k = this.#kernels, padded = roundUp(steps, 4);
    if (!this.#isPackedBack) {
      // A row of weights that lie by input is a unit's weights in the product with Wᵀ.
      // deno-fmt-ignore
      k.packPanels(ones, weightsAt, zeros, below.unit, Math.ceil(inputs / 8), panelsBack, packedZeros, width);
      this.#isPackedBack = true;
    }
    k.encodeDirect(currentGradients + 4 * width * delay, rows, steps, width);
    k.matmulF32(rows, panelsBack, zeros, currentPanels, padded, width, below.width);
    k.panelsToRows(currentPanels, padded, steps, below.width, below.outputGradients);
  }

  /** A view's steps in the product's layout. */
  #pack({ rows, isPacked, width, delay }: InputView, steps: number): number {
    if (isPacked) return rows;
    this.#kernels.encodeDirect(rows - 4 * width * delay, this.#memory.rows, steps, width);
    return this.#memory.rows;
  }
}

function isSparse({ spikes, slots }: InputView, steps: number, share: number): boolean {
  return spikes !== undefined && spikes <= share * slots * steps;
}
