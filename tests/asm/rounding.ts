/**
 * The bits of a float32 multiply-add a·b + c, rounded once (fused) or twice.
 *
 * @module
 */

/** a·b + c of three float32 numbers, as a float32 number. */
export type MultiplyAdd = (a: number, b: number, c: number) => number;

/** The multiply-add of a build. */
export function multiplyAddOf(isFused: boolean): MultiplyAdd {
  return isFused ? fusedMultiplyAdd : (a, b, c) => Math.fround(Math.fround(a * b) + c);
}

const float64 = new Float64Array(1);
const bits = new BigInt64Array(float64.buffer);

/**
 * a·b + c, rounded once. In float64 the product is exact and the sum is not. The sum is rounded to odd, so that rounding it to
 * float32 gives the result of the exact sum (Boldo & Melquiond, Emulation of FMA and correctly rounded sums, 2008).
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const part = sum - product;
  const error = (product - (sum - part)) + (c - part);
  if (error === 0) return Math.fround(sum);
  float64[0] = sum;
  if ((bits[0]! & 1n) === 0n) bits[0]! += (error > 0) === (sum > 0) ? 1n : -1n;
  return Math.fround(float64[0]!);
}
