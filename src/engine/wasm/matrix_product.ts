/**
 * Products whose weights lie by input, forward and back: sums of rows over the inputs' spikes, or whole products.
 *
 * A sum of rows costs work for each spike, a whole product for each input and step, but several times less for each of
 * them. The number of a sample's own spikes decides between them, so that a result's bits depend on nothing else. Panels for whole
 * products are packed when a batch first needs them.
 */
import type { CoreMemory, ProductMemory, SpikeLists, StepLists, ValueMemory } from "./core_memory.ts";
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

/** The share of units with a gradient above which the product back is one of all units: a list costs a load for each. */
const MOST_IN_USE = 0.85;

/** Spikes in lists. */
export interface ListedSpikes {
  readonly lists: SpikeLists | StepLists;
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

/** A sample's part in a weight gradient. */
export interface GradientSample {
  readonly view: InputView;
  /** δy. */
  readonly gradient: ValueMemory;
  readonly steps: number;
}

/** y_t = W·x_{t−delay} + b, and its gradients. */
export class MatrixProduct {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #product: ProductMemory;
  readonly #denseFrom: DenseFrom;
  readonly #words: Int32Array;
  /** See asm/long_sums.ts. */
  readonly #mostPlain: number;

  constructor(kernels: Kernels, memory: CoreMemory, product: ProductMemory, denseFrom: DenseFrom) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#product = product;
    this.#denseFrom = denseFrom;
    this.#words = new Int32Array(kernels.memory.buffer);
    this.#mostPlain = kernels.mostPlain();
  }

  /** Drops the panels: the parameters have changed. */
  dropPanels(): void {
    const { packed } = this.#product;
    this.#words[packed >> 2] = this.#words[(packed >> 2) + 1] = 0;
  }

  /** y of all steps. */
  forward(view: InputView, steps: number): void {
    const { product: { input: { delay } }, weights, bias, output: { at: output, width }, panels } =
      this.#product;
    const k = this.#kernels;
    if (view.spikes && view.rows === 0 && "counts" in view.spikes.lists) {
      const { unit, slots, lists: { counts, spikeSteps, spikeOutputs } } = view.spikes;
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
    if (!this.#wasPacked(0)) k.packRows(weights.at, view.width, width, panels);
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
    this.stepper(to)(t);
  }

  /**
   * What gives y of a step, for many of them.
   *
   * @param to Where y goes.
   * @param lists Where the inputs of a step are listed, if they are an earlier step's. @default {nowhere}
   */
  stepper(to: number, lists?: StepLists): (t: number) => void {
    const { product: { input: { delay } }, input: { at, stride, width }, output, weights, bias, list } =
      this.#product;
    const { productStep } = this.#kernels, words = this.#words, units = output.width;
    const numbers = lists ? lists.stepOutputs - lists.stepUnits : 4 * width;
    return (t) => {
      const from = t - delay, keeps = lists !== undefined && from >= 0;
      const entries = keeps ? lists.stepUnits + 4 * width * from : list;
      // deno-fmt-ignore
      const count = productStep(at + stride * from, weights.at, bias.at, to, width, units, entries,
        keeps ? numbers : 4 * width);
      if (keeps) words[(lists.stepCounts >> 2) + from] = count;
    };
  }

  /** ∂L/∂W[:, n] += Σ_t x_{n,t−delay}·δy_t; ∂L/∂b += Σ_t δy_t. @param samples Of several samples; their sparse inputs first. */
  weightGradient(samples: readonly GradientSample[]): void {
    const { product: { input: { delay } }, input, output: { width }, weights } = this.#product,
      k = this.#kernels;
    const sparse = samples.filter(({ view, steps }) => isSparse(view, steps, this.#denseFrom.gradient));
    if (sparse.length > 0) {
      const { sampleTable, columnStarts, columns, columnCapacity } = this.#memory, row = 4 * width;
      const table = sparse.flatMap(({ view, gradient, steps }) => {
        const { stepCounts, stepUnits, stepOutputs } = view.spikes!.lists;
        return [
          stepCounts,
          stepUnits,
          stepOutputs,
          view.width,
          Math.max(0, steps - delay),
          gradient.at + row * delay,
        ];
      });
      this.#words.set(table, sampleTable >> 2);
      const isLong = sparse.some(({ steps }) => steps > this.#mostPlain) ? 1 : 0;
      k.listSpikeColumns(sampleTable, sparse.length, input.width, row, columnStarts, columns, columnCapacity);
      k.spikeGradient(columnStarts, columns, columnCapacity, input.width, isLong, width, weights.gradientAt);
    }
    for (const { view, gradient, steps } of samples) {
      if (!isSparse(view, steps, this.#denseFrom.gradient)) {
        k.matmulGradient(this.#pack(view, steps), gradient.at, steps, view.width, width, weights.gradientAt);
      }
      this.#biasGradient(gradient, steps);
    }
  }

  /** ∂L/∂b += Σ_t δy_t. */
  biasGradient(steps: number): void {
    this.#biasGradient(this.#product.gradient!, steps);
  }

  #biasGradient({ at, width }: ValueMemory, steps: number): void {
    const { product, bias } = this.#product;
    if (product.bias !== undefined) this.#kernels.sumSteps(at, steps, width, bias.gradientAt);
  }

  /** δx_t = Wᵀ·δy_{t+delay} of all steps. */
  back(into: ValueMemory, steps: number): void {
    const { product: { input: { delay } }, gradient, panelsBack, unitsInUse } = this.#product;
    const { at, width } = gradient!;
    const { rows, currentPanels, zeros } = this.#memory;
    const k = this.#kernels, padded = roundUp(steps, 4);
    this.#packBack();
    const from = at + 4 * width * delay, used = k.listColumnsInUse(from, steps, width, unitsInUse);
    k.encodeDirect(from, rows, steps, width);
    // Units out of their surrogate's reach have no gradient at any step.
    if (used > MOST_IN_USE * width) {
      k.matmulF32(rows, panelsBack, zeros, currentPanels, padded, width, into.width);
    } else {
      // deno-fmt-ignore
      k.matmulListed(unitsInUse, used, rows, panelsBack, zeros, currentPanels, padded, width, into.width);
    }
    k.panelsToRows(currentPanels, padded, steps, into.width, into.at);
  }

  /** δx of one step. */
  backStep(into: ValueMemory, t: number): void {
    const { product: { input: { delay } }, gradient, weights, output } = this.#product;
    const from = gradient!.at + gradient!.stride * (t + delay), to = into.at + into.stride * t;
    this.#kernels.productStepBack(from, weights.at, to, into.width, output.width);
  }

  /**
   * δx of one step of up to four samples, which share the weights' loads: rows `[4][inputs]` in the product's layout.
   *
   * @param gradients Where their δy lie; `zeros` where there is none.
   * @param to f32 `[⌈inputs / 8⌉][4][8]`, written.
   */
  backFour([a, b, c, d]: readonly [number, number, number, number], to: number): void {
    const { gradient, panelsBack, input } = this.#product, { rows, zeros } = this.#memory;
    this.#packBack();
    this.#kernels.packFour(a, b, c, d, gradient!.width, rows);
    this.#kernels.matmulF32(rows, panelsBack, zeros, to, 4, gradient!.width, input.width);
  }

  /** Packs Wᵀ, once a batch. */
  #packBack(): void {
    if (this.#wasPacked(1)) return;
    const { product: { inputs }, weights, panelsBack, unit, gradient } = this.#product;
    const { ones, zeros, packedZeros } = this.#memory, panels = Math.ceil(inputs / 8);
    // A row of weights that lie by input is a unit's weights in the product with Wᵀ.
    this.#kernels.packPanels(ones, weights.at, zeros, unit, panels, panelsBack, packedZeros, gradient!.width);
  }

  /** Whether panels have been packed since {@linkcode dropPanels}; from now on they count as packed. */
  #wasPacked(which: 0 | 1): boolean {
    const place = (this.#product.packed >> 2) + which, was = this.#words[place] === 1;
    this.#words[place] = 1;
    return was;
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
