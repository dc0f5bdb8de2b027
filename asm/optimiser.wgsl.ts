/**
 * Stochastic gradient descent with momentum in WGSL; optimiser.ts.
 *
 *     v ← m·v + g;  w ← w − lr·v
 *
 * @module
 */
import type { WgslKernel } from "./wgsl.ts";

/** One step. result f32: w `[count]`, then v `[count]`, both updated; `gradient` f32 `[count]`. One call a parameter. */
export const SGD: WgslKernel<"f32"> = {
  name: "sgd",
  inputs: { gradient: "f32" },
  uniforms: { learningRate: "f32", momentum: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let velocity = uniforms.invocations + index;
  let v = uniforms.momentum * result[velocity] + gradient[index];
  result[velocity] = v;
  result[index] -= uniforms.learningRate * v;
}`,
};
