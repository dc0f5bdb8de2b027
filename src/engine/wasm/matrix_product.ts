/**
 * Products whose weights lie by input, forward and back: sums of rows over the inputs' spikes, or whole products.
 *
 * A sum of rows costs work for each spike, a whole product for each input and step, but several times less for each of
 * them. The number of a sample's own spikes decides between them, so that a result's bits depend on nothing else. Panels for whole
 * products are packed when a batch first needs them.
 */
import type { CoreMemory, ProductMemory, SpikeLists, ValueMemory } from "./core_memory.ts";
import type { Kernels } from "./kernels.ts";
import { roundUp } from "./layout.ts";

/** The shares of (input, step) pairs that spike above which a whole product is used, forward and for the weights' gradient. */
export interface DenseFrom {
  /** Forward. */
  readonly matmul: number;
  /** Back. */
  readonly gradient: number;
}

/** Where a whole product becomes faster: docs/performance.md, "Where sums of rows end", has the measurements. */
export const DENSE_FROM: DenseFrom = { matmul: 0.45, gradient: 0.5 };

/** Spikes in lists. */
export interface ListedSpikes {
  readonly lists: SpikeLists;
  /** How many lists there are by unit, and which unit each of these is. */
  readonly slots: number;
  readonly unit: number;
  /** How many spikes are in them. */
  readonly count: number;
}

/** A product's inputs: spikes in lists, rows of every step, or both. */
export interface InputView {
  readonly spikes: ListedSpikes | undefined;
  /** Rows `[steps][width]`, or X in the product's layout where `isPacked`; 0: there are lists by unit alone. */
  readonly rows: number;
  readonly isPacked: boolean;
  /** Inputs of a row, padding included. */
  readonly width: number;
}

/** y_t = W·x_{t−delay} + b, and its gradients. */
export class MatrixProduct {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #product: ProductMemory;
  readonly #denseFrom: DenseFrom;
  #isPacked = false;
  #isPackedBack = false;

  constructor(kernels: Kernels, memory: CoreMemory, product: ProductMemory, denseFrom: DenseFrom) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#product = product;
    this.#denseFrom = denseFrom;
  }

  /** Drops the panels: the parameters have changed. */
  dropPanels(): void {
    this.#isPacked = this.#isPackedBack = false;
  }

  /** y of all steps. */
  forward(view: InputView, steps: number): void {
    const { product: { input: { delay } }, weights, bias, output: { at: output, width }, panels } =
      this.#product;
    const k = this.#kernels;
    if (view.rows === 0) {
      const { unit, slots, lists: { counts, spikeSteps, spikeOutputs } } = view.spikes!;
      // deno-fmt-ignore
      k.sparseProduct(unit, counts, spikeSteps, spikeOutputs, slots, steps, delay, weights.at, bias.at, output, steps,
        width);
      return;
    }
    if (isSparse(view, steps, this.#denseFrom.matmul)) {
      const { stepCounts, stepUnits, stepOutputs } = view.spikes!.lists;
      // deno-fmt-ignore
      k.sparseProductRows(stepCounts, stepUnits, stepOutputs, view.width, delay, weights.at, bias.at, output, steps, width);
      return;
    }
    if (!this.#isPacked) k.packRows(weights.at, view.width, width, panels);
    this.#isPacked = true;
    const { currentPanels } = this.#memory, padded = roundUp(steps, 4);
    k.matmulF32(this.#pack(view, steps), panels, bias.at, currentPanels, padded, view.width, width);
    k.panelsToRows(currentPanels, padded, steps, width, output);
  }

  /** y of one step. */
  forwardStep(t: number): void {
    const { output } = this.#product;
    this.stepInto(output.at + output.stride * t, t);
  }

  /** The same, where the caller wants it. */
  stepInto(to: number, t: number): void {
    const { product: { input: { delay } }, input, output, weights, bias, list } = this.#product;
    const x = input.at + input.stride * (t - delay);
    this.#kernels.productStep(x, weights.at, bias.at, to, input.width, output.width, list);
  }

  /** ∂L/∂W[:, n] += Σ_t x_{n,t−delay}·δy_t; ∂L/∂b += Σ_t δy_t. */
  weightGradient(view: InputView, steps: number): void {
    const { product: { input: { delay } }, weights, gradient } = this.#product, { at, width } = gradient!;
    const k = this.#kernels;
    if (isSparse(view, steps, this.#denseFrom.gradient)) {
      const { slots, lists: { counts, spikeSteps, spikeOutputs } } = view.spikes!;
      // deno-fmt-ignore
      k.spikeGradient(counts, spikeSteps, spikeOutputs, slots, steps, delay, at, steps, width, weights.gradientAt);
    } else {
      k.matmulGradient(this.#pack(view, steps), at, steps, view.width, width, weights.gradientAt);
    }
    this.biasGradient(steps);
  }

  /** ∂L/∂b += Σ_t δy_t. */
  biasGradient(steps: number): void {
    const { product, gradient, bias } = this.#product;
    if (product.bias !== undefined) {
      this.#kernels.sumSteps(gradient!.at, steps, gradient!.width, bias.gradientAt);
    }
  }

  /** δx_t = Wᵀ·δy_{t+delay} of all steps. */
  back(into: ValueMemory, steps: number): void {
    const { product: { inputs, input: { delay } }, weights, gradient, panelsBack, unit } = this.#product;
    const { at, width } = gradient!;
    const { rows, currentPanels, ones, zeros, packedZeros } = this.#memory;
    const k = this.#kernels, padded = roundUp(steps, 4);
    if (!this.#isPackedBack) {
      // A row of weights that lie by input is a unit's weights in the product with Wᵀ.
      // deno-fmt-ignore
      k.packPanels(ones, weights.at, zeros, unit, Math.ceil(inputs / 8), panelsBack, packedZeros, width);
      this.#isPackedBack = true;
    }
    k.encodeDirect(at + 4 * width * delay, rows, steps, width);
    k.matmulF32(rows, panelsBack, zeros, currentPanels, padded, width, into.width);
    k.panelsToRows(currentPanels, padded, steps, into.width, into.at);
  }

  /** δx of one step. */
  backStep(into: ValueMemory, t: number, floats: Float32Array): void {
    const { product: { input: { delay } }, gradient } = this.#product;
    const to = into.at + into.stride * t;
    floats.fill(0, to >> 2, (to >> 2) + into.width);
    this.addBackStep(gradient!.at + gradient!.stride * (t + delay), to, 0, into.width);
  }

  /** δx += Wᵀ·δy of one step. @param distances See `productStepBack`. */
  addBackStep(gradients: number, to: number, distances: number, inputs: number): void {
    this.#kernels.productStepBack(
      gradients,
      this.#product.weights.at,
      to,
      distances,
      inputs,
      this.#product.output.width,
    );
  }

  /** A view's steps in the product's layout. */
  #pack({ rows, isPacked, width }: InputView, steps: number): number {
    if (isPacked) return rows;
    const { delay } = this.#product.product.input;
    this.#kernels.encodeDirect(rows - 4 * width * delay, this.#memory.rows, steps, width);
    return this.#memory.rows;
  }
}

function isSparse({ spikes }: InputView, steps: number, share: number): boolean {
  return spikes !== undefined && spikes.count <= share * spikes.slots * steps;
}
