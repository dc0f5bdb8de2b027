/** Time to first spike in WGSL, x_t = [x ≥ level_t] − [x ≥ level_{t−1}]; see latency.ts. */
import type { WgslKernel } from "../wgsl.ts";

/**
 * `features` f32 `[samples, inputs]`; `levels` f32 `[steps]`, non-increasing. result X f32 `[samples, steps, inputs]`: 1 at a
 * spike, else 0. One call a number of X.
 */
export const ENCODE_LATENCY: WgslKernel<"f32"> = {
  name: "encodeLatency",
  inputs: { features: "f32", levels: "f32" },
  uniforms: { steps: "i32", inputs: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let row = index / uniforms.inputs;
  let sample = row / uniforms.steps;
  let step = row - sample * uniforms.steps;
  let x = features[sample * uniforms.inputs + index - row * uniforms.inputs];
  let before = step > 0 && x >= levels[max(0, step - 1)];
  result[index] = select(0.0, 1.0, x >= levels[step] && !before);
}`,
};
