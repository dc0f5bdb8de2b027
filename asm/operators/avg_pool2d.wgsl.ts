/**
 * The mean over windows, in which zeros of the padding count, in WGSL; avg_pool2d.ts.
 *
 *     y_t[q] = 1/(kh·kw)·Σ_k x_t[q·stride + k − padding]
 */
import type { OperatorCode } from "../operator.wgsl.ts";
import { POOL_GEOMETRY, sumOfWindow, sumOverWindows, WINDOWS, windowTurns } from "../pool.wgsl.ts";

const FACTOR = "1.0 / f32(uniforms.kh * uniforms.kw)";

export const AVG_POOL2D: OperatorCode = {
  name: "avgPool2d",
  geometry: POOL_GEOMETRY,
  functions: WINDOWS,
  forward: sumOfWindow(FACTOR),
  backward: sumOverWindows(FACTOR),
  turns: windowTurns,
};
