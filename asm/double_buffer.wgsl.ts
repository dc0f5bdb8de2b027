/**
 * Kernels of the hybrid engine besides products, in WGSL: they add biases to currents, and expand listed coefficients to a matrix.
 */
import type { WgslKernel } from "./wgsl.ts";

/** Adds each unit's bias: result f32 `[rows, units]`, `bias` f32 `[units]`. One call a number. */
export const ADD_BIAS: WgslKernel<"f32"> = {
  name: "addBias",
  inputs: { bias: "f32" },
  uniforms: { units: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  result[index] += bias[index % uniforms.units];
}`,
};

/** Clears result f32 `[count]`. One call a number. */
export const CLEAR: WgslKernel<"f32"> = {
  name: "clear",
  inputs: {},
  uniforms: {},
  result: "f32",
  code: `
fn kernel(index : i32) {
  result[index] = 0.0;
}`,
};

/**
 * Writes listed numbers: `list` i32 `[count, 2]` holds an index into result and the bits of an f32. No index is
 * listed twice, so the order of the list has no effect. One call an entry.
 */
export const PLACE: WgslKernel<"f32"> = {
  name: "place",
  inputs: { list: "i32" },
  uniforms: {},
  result: "f32",
  code: `
fn kernel(index : i32) {
  result[list[2 * index]] = bitcast<f32>(list[2 * index + 1]);
}`,
};
