/**
 * Clipping by the gradient's norm in WGSL: g ← g · min(1, clip / (‖g‖ + 1e-6)), ‖g‖ over all parameters together.
 *
 * @module
 */
import type { WgslKernel } from "../wgsl.ts";

/** Parameters whose squares are summed by one call. */
export const CLIP_BLOCK = 1024;

/** Σ g² block by block: result f32, one number for each {@linkcode CLIP_BLOCK} of `gradient` f32 `[count]`, from `begin` on. */
export const SUM_SQUARES: WgslKernel<"f32"> = {
  name: "sumSquares",
  inputs: { gradient: "f32" },
  uniforms: { begin: "i32", count: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let first = ${CLIP_BLOCK} * index;
  var sum = 0.0;
  for (var i = first; i < min(first + ${CLIP_BLOCK}, uniforms.count); i++) { sum += gradient[i] * gradient[i]; }
  result[uniforms.begin + index] = sum;
}`,
};

/** What gradients are multiplied by: result f32 `[1]`, of all blocks' `squares` f32 `[blocks]`, added in their order. One call. */
export const CLIP_FACTOR: WgslKernel<"f32"> = {
  name: "clipFactor",
  inputs: { squares: "f32" },
  uniforms: { blocks: "i32", clip: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  var sum = 0.0;
  for (var block = 0; block < uniforms.blocks; block++) { sum += squares[block]; }
  result[index] = min(1.0, uniforms.clip / (sqrt(sum) + 1e-6));
}`,
};
