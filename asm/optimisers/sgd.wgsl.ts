/**
 * Stochastic gradient descent with momentum and weight decay in WGSL; sgd.ts.
 *
 *     g = factor·gradient + λ·w;  v ← m·v + g;  w ← w − lr·v
 *
 * @module
 */
import type { WgslKernel } from "../wgsl.ts";

/**
 * One step. result f32: w `[count]`, then v `[count]`, both updated; `gradient` f32 `[count]`; `factor` f32 `[1]`, what it is
 * multiplied by. One call a parameter.
 */
export const SGD: WgslKernel<"f32"> = {
  name: "sgd",
  inputs: { gradient: "f32", factor: "f32" },
  uniforms: { learningRate: "f32", momentum: "f32", decay: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let velocity = uniforms.invocations + index;
  let g = factor[0] * gradient[index] + uniforms.decay * result[index];
  let v = uniforms.momentum * result[velocity] + g;
  result[velocity] = v;
  result[index] -= uniforms.learningRate * v;
}`,
};
