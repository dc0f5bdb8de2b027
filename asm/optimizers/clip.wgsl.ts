/**
 * A gradient's norm, and clipping by it, in WGSL: g ← g · min(1, clip / (‖g‖ + 1e-6)), ‖g‖ over all parameters together.
 *
 * The square of a float32 overflows from 1.8e19 on. So the numbers of each block are divided by its scale before they are squared;
 * the scale is a power of two, so the division is exact.
 */
import type { WgslKernel } from "../wgsl.ts";

/** Parameters whose squares one call sums. */
export const NORM_BLOCK = 1024;

/** Numbers of a block: its scale s, and Σ (g / s)². */
export const BLOCK_NUMBERS = 2;

/**
 * The largest number of a block is scaled to about 2⁴⁰, so that small numbers beside it are not lost and no sum overflows. A scale is
 * at least 2⁻⁶⁰.
 */
const POWERS = `
fn inverse(power : f32) -> f32 { return bitcast<f32>((254u << 23u) - bitcast<u32>(power)); }
fn scaleOf(largest : f32) -> f32 {
  let exponent = bitcast<u32>(largest) >> 23u;
  return bitcast<f32>((clamp(exponent, 107u, 254u) - 40u) << 23u);
}`;

/**
 * Σ g² block by block: result f32, {@linkcode BLOCK_NUMBERS} for each {@linkcode NORM_BLOCK} of `gradient` f32 `[count]`, from block
 * `begin` on.
 */
export const SUM_SQUARES: WgslKernel<"f32"> = {
  name: "sumSquares",
  inputs: { gradient: "f32" },
  uniforms: { begin: "i32", count: "i32" },
  result: "f32",
  code: `${POWERS}
fn kernel(index : i32) {
  let first = ${NORM_BLOCK} * index;
  let last = min(first + ${NORM_BLOCK}, uniforms.count);
  var largest = 0.0;
  for (var i = first; i < last; i++) { largest = max(largest, abs(gradient[i])); }
  let scale = scaleOf(largest);
  let factor = inverse(scale);
  var sum = 0.0;
  for (var i = first; i < last; i++) {
    let g = factor * gradient[i];
    sum += g * g;
  }
  let at = ${BLOCK_NUMBERS} * (uniforms.begin + index);
  result[at] = scale;
  result[at + 1] = sum;
}`,
};

/**
 * Two factors by which gradients are multiplied one after the other: result f32 `[2]`, from all blocks' `squares` f32 `[blocks, 2]`,
 * added in order. One call.
 *
 * For norms near the largest float32 the product of the factors would be subnormal, which many devices flush to 0.
 */
export const CLIP_FACTOR: WgslKernel<"f32"> = {
  name: "clipFactor",
  inputs: { squares: "f32" },
  uniforms: { blocks: "i32", clip: "f32" },
  result: "f32",
  code: `${POWERS}
fn kernel(index : i32) {
  var scale = 0.0;
  for (var block = 0; block < uniforms.blocks; block++) { scale = max(scale, squares[2 * block]); }
  let factor = inverse(scale);
  var sum = 0.0;
  for (var block = 0; block < uniforms.blocks; block++) {
    let share = factor * squares[2 * block];
    sum += share * share * squares[2 * block + 1];
  }
  let rest = uniforms.clip / (sqrt(sum) + factor * 1e-6);
  let isClipped = factor * rest < 1.0;
  result[2 * index] = select(1.0, factor, isClipped);
  result[2 * index + 1] = select(1.0, rest, isClipped);
}`,
};
