/**
 * Pseudo-random numbers that are the same in every run, and comparisons of arrays.
 *
 * @module
 */
import assert from "node:assert/strict";

/** Uniform float32 numbers from −1 to 1 (xorshift32, Marsaglia 2003: not the generator under test). */
export function numbersFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.fround(state / 0x80000000);
  };
}

/** 0 to n − 1. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** `length` numbers from −scale to scale. */
export function uniformFloats(seed: number, length: number, scale = 1): Float32Array {
  const next = numbersFrom(seed);
  return Float32Array.from({ length }, () => next() * scale);
}

/** Asserts that |found − expected| ≤ absolute + relative · |expected| for every element. */
export function assertClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  { relative = 1e-5, absolute = 1e-5 } = {},
): void {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    if (found[i] === expected[i]) continue; // also where both are infinite
    const difference = Math.abs(found[i]! - expected[i]!);
    assert.ok( // fails on NaN
      difference <= absolute + relative * Math.abs(expected[i]!),
      `${what}: ${found[i]} at ${i}, expected ${expected[i]}`,
    );
  }
}

/** Asserts that two arrays of floats have the same bits. */
export function assertSameBits(found: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(found.length, expected.length, what);
  const a = new Int32Array(found.buffer, found.byteOffset, found.length);
  const b = new Int32Array(expected.buffer, expected.byteOffset, expected.length);
  const i = a.findIndex((word, at) => word !== b[at]);
  assert.ok(i < 0, `${what}: ${found[i]} at ${i}, expected ${expected[i]}, bit for bit`);
}
