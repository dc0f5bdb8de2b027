/**
 * The bottom layer's product where it is computed outside of the core (on a GPU, say): the core reads currents from shared memory, and
 * writes coefficients there. Samples come in runs; two runs may be in flight, each in a buffer of its own.
 *
 * @module
 */
import type { Plan } from "../plan.ts";
import type { CoreMemory } from "./core_memory.ts";
import type { InputOperations, Place, SampleToLoad } from "./input_layer.ts";
import type { Kernels } from "./kernels.ts";
import { layOut } from "./layout.ts";

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
 * Makes a shared double buffer for a plan. The list has room for every unit and step; memory that is never written is never taken.
 *
 * @param threaded Other threads can use its memory.
 */
export function createDoubleBuffer(plan: Plan, samples: number, threaded: boolean): SharedDoubleBuffer {
  const [bottom] = plan.layers;
  const isConstant = bottom!.source === "constant";
  const rows = isConstant ? 1 : plan.spec.steps;
  const { width } = layOut(plan, true).layers[0]!;
  const sendsRows = isConstant || plan.backward.some(({ kind }) => kind === "inputsBack");
  const words = samples * rows * width;
  const bytes = (n: number) => threaded ? new SharedArrayBuffer(n) : new ArrayBuffer(n);
  const buffer = (): SharedBuffer => ({
    currents: new Float32Array(bytes(4 * words)),
    list: new Int32Array(bytes(sendsRows ? 0 : 8 * words)),
    count: new Int32Array(bytes(4)),
  });
  return { rows, width, samples, sendsRows, buffers: [buffer(), buffer()] };
}

/** Copies a sample's currents in, and its coefficients out; encoding, selecting and packing do nothing. */
export class ExternalMatmul implements InputOperations {
  readonly #memory: CoreMemory;
  readonly #doubleBuffer: SharedDoubleBuffer;
  readonly #floats: Float32Array;
  readonly #integers: Int32Array;
  #place: Place = { bufferIndex: 0, position: 0 };
  /** Rows of the present sample. */
  #rows = 0;

  constructor(kernels: Kernels, memory: CoreMemory, doubleBuffer: SharedDoubleBuffer) {
    this.#memory = memory;
    this.#doubleBuffer = doubleBuffer;
    this.#floats = new Float32Array(kernels.memory.buffer);
    this.#integers = new Int32Array(kernels.memory.buffer);
  }

  load({ place, steps }: SampleToLoad): void {
    this.#place = place;
    this.#rows = Math.min(steps, this.#doubleBuffer.rows);
  }

  prepare(): void {}

  encode(): void {}

  /** All units: the external product leaves none out. */
  select(): number {
    return this.#memory.layers[0]!.layer.units;
  }

  pack(): void {}

  matmul(): void {
    const currents = this.#currents().subarray(0, this.#rows * this.#doubleBuffer.width);
    this.#floats.set(currents, this.#memory.layers[0]!.currents >> 2);
  }

  matmulRow(): void {
    this.matmul();
  }

  inputsBack(): void {
    this.#putRows(this.#memory.layers[0]!.currentGradients);
  }

  traceGradient(_decay: number, slots: number): void {
    this.#list(slots);
  }

  outerGradient(): void {
    this.#putRows(this.#memory.sums);
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

  #list(slots: number): void {
    const { unit, counts, spikeSteps, spikeGradients } = this.#memory.layers[0]!;
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
