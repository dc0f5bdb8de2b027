/**
 * Probabilities from logits, in the same bits on every runtime.
 *
 * `Math.exp` may differ in its last bit from one JavaScript engine to the next; sums, products and powers of two may not.
 */

/** ln 2 in two parts: the first has zeros at its end, so that a product with a small integer is exact (Cody and Waite 1980). */
const LN2 = Math.LN2;
const LN2_HIGH = 0.693147180369123816490;
const LN2_LOW = 1.90821492927058770002e-10;

/** 1 / n!, from n = 13 down: the rest of the series is below 1e-17 where |r| ≤ ln 2 / 2. */
const COEFFICIENTS = [1];
for (let n = 1, factorial = 1; n <= 13; n++) COEFFICIENTS.unshift(1 / (factorial *= n));

const word = new DataView(new ArrayBuffer(8));

/**
 * eˣ for x ≤ 0, to within two units of its last place; 0 where it would be below 2⁻¹⁰²².
 *
 * x = k·ln 2 + r with |r| ≤ ln 2 / 2, so eˣ = 2ᵏ·eʳ, and eʳ by its Taylor series.
 */
export function expOfNegative(x: number): number {
  const k = Math.round(x / LN2);
  if (!(k >= -1022)) return 0;
  const r = (x - k * LN2_HIGH) - k * LN2_LOW;
  let sum = 0;
  for (const coefficient of COEFFICIENTS) sum = sum * r + coefficient;
  word.setInt32(0, (k + 1023) << 20);
  return sum * word.getFloat64(0);
}

/**
 * Softmax: pₙ = exp(zₙ − max z) / Σ exp(zₘ − max z).
 *
 * @param logits z, one a class; finite.
 * @returns Numbers from 0 to 1 whose sum is 1 but for rounding.
 *
 * @example
 * ```ts
 * import { softmax } from "@spikelet/spikelet";
 *
 * console.log(softmax(Float32Array.of(1, 1))); // [ 0.5, 0.5 ]
 * ```
 */
export function softmax(logits: Float32Array): number[] {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const powers = Array.from(logits, (z) => expOfNegative(z - highest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
