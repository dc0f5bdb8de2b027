/** Adam and AdamW in WGSL; adam.ts has the equations and the constants. */
import type { WgslKernel } from "../wgsl.ts";

/** One update: result f32 w, m, s, `[count]` each, updated; `gradient` f32 `[count]`, `factor` f32 `[2]`. One call a parameter. */
export const ADAM: WgslKernel<"f32"> = {
  name: "adam",
  inputs: { gradient: "f32", factor: "f32" },
  uniforms: {
    rate: "f32",
    toMean: "f32",
    keep: "f32",
    toSquare: "f32",
    correction: "f32",
    epsilon: "f32",
    decay: "f32",
    shrink: "f32",
  },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let mean = uniforms.invocations + index;
  let square = mean + uniforms.invocations;
  let w = result[index];
  let g = factor[1] * (factor[0] * gradient[index]) + uniforms.decay * w;
  let m = result[mean] + uniforms.toMean * (g - result[mean]);
  let s = uniforms.keep * result[square] + uniforms.toSquare * g * g;
  result[mean] = m;
  result[square] = s;
  result[index] = uniforms.shrink * w - uniforms.rate * (m / (sqrt(s) / uniforms.correction + uniforms.epsilon));
}`,
};
