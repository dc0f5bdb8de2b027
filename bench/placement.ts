/**
 * Kernels with arguments laid out in an instance's memory, to be called over and over.
 *
 * @module
 */
import { Arena, type Kernels } from "../src/engine/wasm/kernels.ts";
import { drawKey, PURPOSE, uniform } from "../src/random.ts";

/** Arguments in an instance's memory. */
export class Placement {
  readonly kernels: Kernels;
  readonly #arena: Arena;
  #filled = 0;

  constructor(kernels: Kernels) {
    this.kernels = kernels;
    this.#arena = new Arena(kernels);
  }

  /** Uniform numbers in ±limit. @returns Their address. */
  floats(count: number, limit: number): number {
    const key = drawKey(0, PURPOSE.weights, 99, this.#filled++);
    return this.values(Float32Array.from({ length: count }, (_, i) => (2 * uniform(key, i) - 1) * limit));
  }

  /** These numbers, as floats. @returns Their address. */
  values(values: ArrayLike<number>): number {
    const at = this.#arena.take(4 * values.length);
    new Float32Array(this.kernels.memory.buffer, at, values.length).set(values);
    return at;
  }

  /** These numbers, as 32-bit integers. @returns Their address. */
  integers(values: readonly number[]): number {
    const at = this.#arena.take(4 * values.length);
    new Int32Array(this.kernels.memory.buffer, at, values.length).set(values);
    return at;
  }
}
