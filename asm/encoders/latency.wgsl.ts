/**
 * Time to first spike in WGSL; latency.ts.
 *
 * @module
 */
import type { WgslKernel } from "../wgsl.ts";

/**
 * x_t = [x ≥ level_t] − [x ≥ level_{t−1}], level_{−1} = ∞.
 *
 * `intensities` f32 `[samples, inputs]`; `levels` f32 `[steps]`, none of them rising; result X. One call a number.
 */
export const ENCODE_LATENCY: WgslKernel<"f32"> = {
  name: "encodeLatency",
  inputs: { intensities: "f32", levels: "f32" },
  uniforms: { steps: "i32", inputs: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let row = index / uniforms.inputs;
  let sample = row / uniforms.steps;
  let step = row - sample * uniforms.steps;
  let x = intensities[sample * uniforms.inputs + index - row * uniforms.inputs];
  var fires = x >= levels[step];
  if (step > 0) { fires = fires && x < levels[step - 1]; }
  result[index] = select(0.0, 1.0, fires);
}`,
};
