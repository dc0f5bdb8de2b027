/**
 * The product of the encoder's inputs where it is computed outside of the core (on a GPU, say): the core reads currents from shared
 * memory, and writes coefficients there. Samples come in runs; two runs may be in flight, each in a buffer of its own.
 */
import type { Plan, Product } from "../plan/plan.ts";
import type { PopulationMemory, ProductMemory } from "./core_memory.ts";
import type { InputOperations, Place, SampleToLoad } from "./input_layer.ts";
import type { Kernels } from "./kernels.ts";
import { widthOf } from "./layout.ts";
import type { InputView } from "./matrix_product.ts";

/** The memory that cores share with the external product. */
export interface SharedDoubleBuffer {
  /** Rows of currents of a sample: its steps, or 1 where the input is the same at all of them. */
  readonly rows: number;
  /** Units of a row, padded to a multiple of 4. */
  readonly width: number;
  /** Samples that a buffer has room for. */
  readonly samples: number;
  /** Coefficients are written over the currents, one for each; else they are listed. */
  readonly sendsRows: boolean;
  readonly buffers: readonly [SharedBuffer, SharedBuffer];
}

/** One run of samples. */
export interface SharedBuffer {
  /** f32 `[samples][rows][width]`. */
  readonly currents: Float32Array;
  /** Each coefficient that is not 0, in no order: its index, as in `currents`, and its bits. */
  readonly list: Int32Array;
  /** The length of the list. */
  readonly count: Int32Array;
}

/**
 * Makes a shared double buffer for a plan whose product of the encoder's inputs is computed elsewhere.
 *
 * The list has room for every unit and step; memory that is never written is never taken.
 *
 * @param threaded Other threads can use its memory.
 */
export function createDoubleBuffer(plan: Plan, samples: number, threaded: boolean): SharedDoubleBuffer {
  const product = externalProductOf(plan);
  const isRow = plan.values[product.output]!.rows === "one";
  const rows = isRow ? 1 : plan.spec.steps;
  const width = widthOf(plan, product.output);
  const sendsRows = isRow ||
    plan.backward.some((step) => step.kind === "weightGradient" && step.product === product.index);
  const words = samples * rows * width;
  const bytes = (n: number) => threaded ? new SharedArrayBuffer(n) : new ArrayBuffer(n);
  const buffer = (): SharedBuffer => ({
    currents: new Float32Array(bytes(4 * words)),
    list: new Int32Array(bytes(sendsRows ? 0 : 8 * words)),
    count: new Int32Array(bytes(4)),
  });
  return { rows, width, samples, sendsRows, buffers: [buffer(), buffer()] };
}

/** The product that is computed elsewhere. */
export function externalProductOf({ products, input }: Plan): Product {
  return products.find((product) => product.input.value === input)!;
}

/** Copies a sample's currents in, and its coefficients out; encoding, selecting and packing do nothing. */
export class ExternalMatmul implements InputOperations {
  readonly #doubleBuffer: SharedDoubleBuffer;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  #place: Place = { bufferIndex: 0, position: 0 };
  /** Rows of the present sample. */
  #rows = 0;

  constructor(kernels: Kernels, doubleBuffer: SharedDoubleBuffer) {
    this.#doubleBuffer = doubleBuffer;
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#integers = new Int32Array(kernels.memory.buffer);
  }

  load({ place, steps }: SampleToLoad): void {
    this.#place = place;
    this.#rows = Math.min(steps, this.#doubleBuffer.rows);
  }

  stage(): void {}

  prepare(): void {}

  encode(): void {}

  listInputs(): void {}

  unpack(): never {
    throw new TypeError("inputs whose product is computed elsewhere are not here");
  }

  /** All units: their currents are computed elsewhere. */
  select(_: ProductMemory, { population }: PopulationMemory): number {
    return population.units;
  }

  pack(): void {}

  matmul({ output }: ProductMemory): void {
    const currents = this.#currents().subarray(0, this.#rows * this.#doubleBuffer.width);
    this.#floats.set(currents, output.at >> 2);
  }

  matmulRow(product: ProductMemory): void {
    this.matmul(product);
  }

  weightGradient({ gradient }: ProductMemory): void {
    this.#putRows(gradient!.at);
  }

  traceGradient(_: ProductMemory, population: PopulationMemory, _decay: number, slots: number): void {
    this.#list(population, slots);
  }

  rowGradient(_: ProductMemory, sums: number): void {
    this.#putRows(sums);
  }

  view(): InputView {
    return this.unpack();
  }

  /** The present sample's part of its buffer. */
  #currents(): Float32Array {
    const { rows, width, buffers } = this.#doubleBuffer, { bufferIndex, position } = this.#place;
    const size = rows * width;
    return buffers[bufferIndex].currents.subarray(position * size, (position + 1) * size);
  }

  #putRows(at: number): void {
    const to = this.#currents(), count = this.#rows * this.#doubleBuffer.width;
    to.set(this.#floats.subarray(at >> 2, (at >> 2) + count));
    to.fill(0, count);
  }

  #list({ unit, counts, spikeSteps, spikeGradients }: PopulationMemory, slots: number): void {
    const { rows, width } = this.#doubleBuffer, { bufferIndex, position } = this.#place;
    const { list, count } = this.#doubleBuffer.buffers[bufferIndex];
    const words = this.#integers;
    let total = 0;
    for (let i = 0; i < slots; i++) total += words[(counts >> 2) + i]!;
    let to = 2 * Atomics.add(count, 0, total);
    for (let i = 0; i < slots; i++) {
      const first = position * rows * width + words[(unit >> 2) + i]!;
      let at = i * this.#rows; // a slot's entries are one a step
      for (let left = words[(counts >> 2) + i]!; left > 0; left--, at++) {
        list[to++] = first + words[(spikeSteps >> 2) + at]! * width;
        list[to++] = words[(spikeGradients >> 2) + at]!;
      }
    }
  }
}
