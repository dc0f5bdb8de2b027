/** Sums of values of every step, each shifted by whole steps, and rows of one step, in WGSL; sums.ts. */
import type { WgslKernel } from "./wgsl.ts";

/**
 * One term of a sum, of the steps `begin` ≤ t < `begin` + `count`: result f32 `[samples, steps, units]`, its t-th row is that of
 * `values` at t − `shift`, or 0 outside the sample's steps; `keep` 1: added to what is there.
 *
 * `values` has a row at `sample · sampleStride + step · stepStride` (0: the same at every step). `bias` f32 `[units]` is added to rows of
 * the sample where `hasBias` is 1. One call for each of samples · count · units.
 */
export const SUM_TERM: WgslKernel<"f32"> = {
  name: "sumTerm",
  inputs: { values: "f32", bias: "f32" },
  uniforms: {
    steps: "i32",
    units: "i32",
    begin: "i32",
    count: "i32",
    shift: "i32",
    sampleStride: "i32",
    stepStride: "i32",
    hasBias: "i32",
    keep: "i32",
  },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let row = index / uniforms.units;
  let unit = index - row * uniforms.units;
  let sample = row / uniforms.count;
  let step = uniforms.begin + row - sample * uniforms.count;
  let source = step - uniforms.shift;
  var value = 0.0;
  if (source >= 0 && source < uniforms.steps) {
    value = values[sample * uniforms.sampleStride + source * uniforms.stepStride + unit];
  }
  if (uniforms.hasBias == 1) { value += bias[unit]; }
  let at = (sample * uniforms.steps + step) * uniforms.units + unit;
  if (uniforms.keep == 1) { value += result[at]; }
  result[at] = value;
}`,
};

/** The rows of one step: result f32 `[samples, units]`, of `values` f32 `[samples, steps, units]` at `step`, 0 outside. One call a number. */
export const ROWS_OF_STEP: WgslKernel<"f32"> = {
  name: "rowsOfStep",
  inputs: { values: "f32" },
  uniforms: { steps: "i32", units: "i32", step: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let sample = index / uniforms.units;
  var value = 0.0;
  if (uniforms.step >= 0 && uniforms.step < uniforms.steps) {
    value = values[(sample * uniforms.steps + uniforms.step) * uniforms.units + index - sample * uniforms.units];
  }
  result[index] = value;
}`,
};

/** Puts rows of one step in place: result f32 `[samples, steps, units]` at `step` = `rows` f32 `[samples, units]` + `bias`. One call a number. */
export const PUT_ROWS: WgslKernel<"f32"> = {
  name: "putRows",
  inputs: { rows: "f32", bias: "f32" },
  uniforms: { steps: "i32", units: "i32", step: "i32", hasBias: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let sample = index / uniforms.units;
  let unit = index - sample * uniforms.units;
  var value = rows[index];
  if (uniforms.hasBias == 1) { value += bias[unit]; }
  result[(sample * uniforms.steps + uniforms.step) * uniforms.units + unit] = value;
}`,
};

/** Zeros. One call a number. */
export const ZEROS: WgslKernel<"f32"> = {
  name: "zeros",
  inputs: {},
  uniforms: {},
  result: "f32",
  code: `fn kernel(index : i32) { result[index] = 0.0; }`,
};
