/**
 * The weights' gradient of products of one row a sample: a stage of its own, over the whole batch.
 *
 * Sample by sample, each would read and write all of a weight's gradient for one row of it. So a sample keeps its inputs and Σ_t δy_t in
 * memory that all threads share, and when all samples are through, each thread sums some of the weights' gradient over the batch in the
 * samples' order: whichever thread does which, the bits are the same.
 */
import type { CoreMemory, ProductMemory } from "./core_memory.ts";
import type { GradientBlock } from "./gradient_blocks.ts";
import type { Kernels } from "./kernels.ts";
import { panelUnits, roundUp, widthOf } from "./layout.ts";
import type { Plan, Product } from "../plan/plan.ts";

/** What samples of a batch keep for the stage. */
export interface BatchRows {
  /** The inputs of each sample that are not 0, in a list of some capacity (asm/panel_rows.ts), and how long it is. */
  readonly lists: Int32Array;
  readonly counts: Int32Array;
  /** Σ_t δy_t of each product that has the stage, f32 `[samples][units]`, padded to whole panels with zeros. */
  readonly gradients: readonly Float32Array[];
}

/** Words of each sample in {@linkcode BatchRows}: of its list's capacity, and of each product's row. None where a plan has no such product. */
export interface RowSizes {
  readonly capacity: number;
  readonly units: readonly number[];
}

/** The products whose weights' gradient is a stage of its own. */
function stagedProducts({ products, backward }: Plan): readonly Product[] {
  return products.filter(({ index, weightsBy }) =>
    weightsBy === "panel" &&
    backward.some((step) =>
      (step.kind === "rowGradient" || step.kind === "outerGradient") && step.product === index
    )
  );
}

/** The sizes that a plan needs. */
export function rowSizesOf(plan: Plan): RowSizes {
  const units = stagedProducts(plan).map(panelUnits);
  return { capacity: units.length > 0 ? widthOf(plan, plan.input) : 0, units };
}

/** Samples that are summed at a time: their rows of a panel stay in the nearest cache. */
export const STAGE_SAMPLES = 64;

/** Whether so few of some samples' inputs are 0 that tiles are faster than lists; their sums have the same bits. */
export function fillsTiles(there: number, samples: number, inputs: number): boolean {
  return there > 0.6 * samples * inputs;
}

/** Sums gradients in one thread's kernels and memory. */
export class RowStage {
  readonly #kernels: Kernels;
  readonly #memory: CoreMemory;
  readonly #floats: Float32Array;
  readonly #words: Int32Array;
  readonly #products: readonly ProductMemory[];
  readonly #rows: BatchRows | undefined;

  /** @param rows What the batch's samples share; without it each one's gradient is added as it comes. */
  constructor(kernels: Kernels, memory: CoreMemory, plan: Plan, rows: BatchRows | undefined) {
    this.#rows = rows;
    this.#kernels = kernels;
    this.#memory = memory;
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#words = new Int32Array(kernels.memory.buffer);
    this.#products = stagedProducts(plan).map(({ index }) => memory.products[index]!);
  }

  /**
   * Takes the gradient of one sample: keeps it for {@linkcode RowStage.sum}, or, where nothing is shared, adds it at once.
   *
   * @param slot Its place in its group.
   * @param row Where its Σ_t δy_t lies.
   * @param position Its place in the batch.
   */
  take(product: ProductMemory, slot: number, row: number, position: number): void {
    if (!this.#rows) return this.#addOne(product, slot, row);
    const { lists, counts, gradients } = this.#rows, place = this.#products.indexOf(product);
    if (place === 0) {
      const capacity = product.input.width, count = this.#words[(this.#memory.rowCounts >> 2) + slot]!;
      const from = (this.#memory.rowLists >> 2) + 2 * capacity * slot, to = 2 * capacity * position;
      lists.set(this.#words.subarray(from, from + count), to);
      lists.set(this.#words.subarray(from + capacity, from + capacity + count), to + capacity);
      counts[position] = count;
    }
    gradients[place]!.set(this.#view(row, product.output.width), position * panelUnits(product.product));
  }

  /** Clears the gradients of some blocks, and sums them over the first `count` samples. */
  sum(count: number, blocks: readonly GradientBlock[]): void {
    if (!this.#rows) return;
    const { gradients } = this.#memory;
    for (const { from, to } of blocks) this.#view(gradients + 4 * from, to - from).fill(0);
    if (this.#products.length === 0) return;
    for (let first = 0; first < count; first += STAGE_SAMPLES) {
      this.#add(this.#rows, first, Math.min(count, first + STAGE_SAMPLES), blocks);
    }
  }

  #addOne(
    { weights, input, output, panel: { panels, width, stride } }: ProductMemory,
    slot: number,
    row: number,
  ): void {
    const { rowLists, rowCounts, stage } = this.#memory, k = this.#kernels;
    const capacity = input.width, list = rowLists + 8 * capacity * slot;
    k.listColumns(list, rowCounts + 4 * slot, capacity, 1, capacity, stage.starts, stage.columns);
    for (let panel = 0; panel < panels; panel++) {
      const units = Math.min(width, output.width - panel * width);
      this.#view(stage.panel, width).fill(0);
      this.#view(stage.panel, units).set(this.#view(row + 4 * panel * width, units));
      const gradients = weights.gradientAt + 4 * panel * stride;
      k.panelGradients(stage.columns, capacity, stage.starts, 0, capacity, stage.panel, width, gradients);
    }
  }

  #add(rows: BatchRows, first: number, end: number, blocks: readonly GradientBlock[]): void {
    const { gradients: gradientsAt, stage } = this.#memory, k = this.#kernels, samples = end - first;
    const { lists, counts, gradients } = rows, capacity = this.#products[0]!.input.width;
    this.#words.set(counts.subarray(first, end), stage.counts >> 2);
    for (let sample = 0; sample < samples; sample++) {
      const from = 2 * capacity * (first + sample), to = (stage.lists >> 2) + 2 * capacity * sample;
      const count = counts[first + sample]!;
      this.#words.set(lists.subarray(from, from + count), to);
      this.#words.set(lists.subarray(from + capacity, from + capacity + count), to + capacity);
    }
    const there = counts.subarray(first, end).reduce((a, b) => a + b, 0);
    const usesTiles = fillsTiles(there, samples, capacity), padded = roundUp(samples, 4);
    if (usesTiles) {
      for (let sample = 0; sample < padded; sample++) {
        const list = stage.lists + 8 * capacity * sample,
          count = sample < samples ? counts[first + sample]! : 0;
        k.rowOfList(list, count, capacity, capacity, stage.inputs + 4 * capacity * sample);
      }
      k.encodeDirect(stage.inputs, stage.tiles, samples, capacity);
    } else k.listColumns(stage.lists, stage.counts, capacity, samples, capacity, stage.starts, stage.columns);
    this.#products.forEach(({ product, weights, panel: { width, stride } }, i) => {
      const units = panelUnits(product), begin = (weights.gradientAt - gradientsAt) >> 2;
      this.#view(stage.rows, samples * units).set(gradients[i]!.subarray(first * units, end * units));
      let present = -1; // the panel whose columns are there
      for (const { from, to } of blocks) {
        if (from < begin || from >= begin + units / width * stride) continue;
        const panel = Math.floor((from - begin) / stride), within = from - begin - panel * stride;
        if (panel !== present) {
          present = panel;
          k.panelOfRows(stage.rows + 4 * panel * width, 4 * units, samples, width, stage.panel);
          this.#view(stage.panel + 4 * width * samples, width * (padded - samples)).fill(0);
        }
        const input = within / width, last = input + (to - from) / width;
        if (usesTiles) {
          // deno-fmt-ignore
          k.panelTileGradients(stage.tiles, capacity, stage.panel, padded, input, last, width, gradientsAt + 4 * from);
        } else {
          // deno-fmt-ignore
          k.panelGradients(stage.columns, samples * capacity, stage.starts, input, last, stage.panel, width,
            gradientsAt + 4 * from);
        }
      }
    });
  }

  #view(at: number, length: number): Float32Array {
    return this.#floats.subarray(at >> 2, (at >> 2) + length);
  }
}
