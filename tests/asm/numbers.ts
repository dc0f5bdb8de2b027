/**
 * Numbers for tests, the same in every run, and how to compare those that were rounded.
 *
 * @module
 */
import assert from "node:assert/strict";

/** A stream of uniform float32 numbers from −1 to 1 (xorshift32, Marsaglia 2003: not the generator under test). */
export function numbersFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.fround(state / 0x80000000);
  };
}

/** `length` numbers from −scale to scale. */
export function uniformFloats(seed: number, length: number, scale = 1): Float32Array {
  const next = numbersFrom(seed);
  return Float32Array.from({ length }, () => next() * scale);
}

/** Asserts that two arrays agree: within `absolute`, or `relative` to what was expected. */
export function assertClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  what: string,
  { relative = 1e-5, absolute = 1e-5 } = {},
): void {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    assert.ok( // a NaN is close to nothing
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
