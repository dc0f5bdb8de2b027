/** The moving average of parameters in WGSL; average.ts has the equation. */
import type { WgslKernel } from "../wgsl.ts";

/** One update: result f32 a `[count]`, updated; `values` f32, of which the first `count` are w. One call a parameter. */
export const AVERAGE: WgslKernel<"f32"> = {
  name: "average",
  inputs: { values: "f32" },
  uniforms: { share: "f32" },
  result: "f32",
  code: `fn kernel(index : i32) { result[index] += uniforms.share * (values[index] - result[index]); }`,
};
