/**
 * Lays a kernel's arguments out in an instance's memory, between guards.
 *
 * A kernel under test may write to its outputs only: arrays made by {@linkcode KernelMemory.floats} and
 * {@linkcode KernelMemory.integers} must not change, nor may the guards around every array.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Arena, instantiate, type KernelModule, type Kernels } from "../../src/engine/wasm/kernels.ts";

const GUARD_WORDS = 16;
/** As a float, 2.3e16: a kernel that reads a guard gives a result that fails every test. */
const GUARD = 0x5aa5c33c;
/** A NaN: no comparison passes on a value that the kernel did not write. */
const UNWRITTEN = 0x7fc0dead;

/** An array in memory; `before` is its content where it may not change. */
interface Piece {
  readonly at: number;
  readonly words: number;
  readonly before: Int32Array | undefined;
}

/** One instance of the kernels, with arrays in its memory. */
export class KernelMemory {
  readonly kernels: Kernels;
  #arena: Arena;
  #pieces: Piece[] = [];

  constructor({ module }: KernelModule) {
    this.kernels = instantiate(module);
    this.#arena = new Arena(this.kernels);
  }

  /** An array of floats that the kernel may only read. @returns Its address. */
  floats(values: ArrayLike<number>): number {
    return this.#place(new Int32Array(Float32Array.from(values).buffer), true);
  }

  /** An array of integers that the kernel may only read. @returns Its address. */
  integers(values: ArrayLike<number>): number {
    return this.#place(Int32Array.from(values), true);
  }

  /** An array of floats that the kernel updates. @returns Its address. */
  updated(values: ArrayLike<number>): number {
    return this.#place(new Int32Array(Float32Array.from(values).buffer), false);
  }

  /** An array that the kernel writes; it holds NaN until then. @returns Its address. */
  output(words: number): number {
    return this.#place(new Int32Array(words).fill(UNWRITTEN), false);
  }

  /** A copy of the floats at an address. */
  floatsAt(at: number, length: number): Float32Array {
    return new Float32Array(this.kernels.memory.buffer, at, length).slice();
  }

  /** A copy of the integers at an address. */
  integersAt(at: number, length: number): Int32Array {
    return new Int32Array(this.kernels.memory.buffer, at, length).slice();
  }

  /** Checks all guards and all read-only arrays, then frees every array. */
  clear(): void {
    for (const { at, words, before } of this.#pieces) {
      const memory = this.integersAt(at - 4 * GUARD_WORDS, words + 2 * GUARD_WORDS);
      const guards = [...memory.subarray(0, GUARD_WORDS), ...memory.subarray(GUARD_WORDS + words)];
      assert.ok(guards.every((word) => word === GUARD), "written outside of an array");
      if (before) assert.deepEqual(memory.subarray(GUARD_WORDS, GUARD_WORDS + words), before);
    }
    this.#pieces = [];
    this.#arena = new Arena(this.kernels);
  }

  #place(values: Int32Array, isFixed: boolean): number {
    const words = values.length;
    const at = this.#arena.take(4 * (words + 2 * GUARD_WORDS)) + 4 * GUARD_WORDS;
    const memory = new Int32Array(this.kernels.memory.buffer, at - 4 * GUARD_WORDS, words + 2 * GUARD_WORDS);
    memory.fill(GUARD);
    memory.set(values, GUARD_WORDS);
    this.#pieces.push({ at, words, before: isFixed ? values : undefined });
    return at;
  }
}
