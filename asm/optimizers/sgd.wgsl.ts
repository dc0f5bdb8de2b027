/**
 * Stochastic gradient descent with momentum and weight decay in WGSL; see sgd.ts.
 *
 *     g = factor·gradient + λ·w;  v ← m·v + g;  w ← w − lr·v
 */
import type { WgslKernel } from "../wgsl.ts";

/** One update: result f32 w, v, `[count]` each, updated; `gradient` f32 `[count]`, `factor` f32 `[2]`. One call a parameter. */
export const SGD: WgslKernel<"f32"> = {
  name: "sgd",
  inputs: { gradient: "f32", factor: "f32" },
  uniforms: { learningRate: "f32", momentum: "f32", weightDecay: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let velocity = uniforms.invocations + index;
  let w = result[index];
  var g = factor[1] * (factor[0] * gradient[index]);
  if (uniforms.weightDecay != 0.0) { g += uniforms.weightDecay * w; }
  let v = uniforms.momentum * result[velocity] + g;
  result[velocity] = v;
  result[index] = w - uniforms.learningRate * v;
}`,
};
