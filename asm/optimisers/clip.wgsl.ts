/**
 * Clipping by the gradient's norm in WGSL: g ← g · min(1, clip / (‖g‖ + 1e-6)), as src/engine/optimiser.ts has it.
 *
 * @module
 */
import type { WgslKernel } from "../wgsl.ts";

/** Numbers whose squares one call of `SUM_SQUARES` sums. */
export const SQUARES = 256;

/**
 * Sums squares: result f32, at `begin` and after, Σ g² over each 256 numbers of `gradient` f32 `[count]`. One call each.
 */
export const SUM_SQUARES: WgslKernel<"f32"> = {
  name: "sumSquares",
  inputs: { gradient: "f32" },
  uniforms: { begin: "i32", count: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  var sum = 0.0;
  for (var i = ${SQUARES} * index; i < min(uniforms.count, ${SQUARES} * (index + 1)); i++) {
    sum += gradient[i] * gradient[i];
  }
  result[uniforms.begin + index] = sum;
}`,
};

/** What a gradient is multiplied by: result f32 `[1]`, of `squares` f32 `[count]` in their order. One call. */
export const CLIP_FACTOR: WgslKernel<"f32"> = {
  name: "clipFactor",
  inputs: { squares: "f32" },
  uniforms: { count: "i32", clip: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  var sum = 0.0;
  for (var i = 0; i < uniforms.count; i++) { sum += squares[i]; }
  result[index] = min(1.0, uniforms.clip / (sqrt(sum) + 1e-6));
}`,
};
