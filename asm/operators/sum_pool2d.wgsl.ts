/**
 * The sum over windows in WGSL; sum_pool2d.ts.
 *
 *     y_t[q] = Σ_k x_t[q·stride + k − padding]
 */
import type { OperatorCode } from "../operator.wgsl.ts";
import { POOL_GEOMETRY, sumOfWindow, sumOverWindows, WINDOWS, windowTurns } from "../pool.wgsl.ts";

export const SUM_POOL2D: OperatorCode = {
  name: "sumPool2d",
  geometry: POOL_GEOMETRY,
  functions: WINDOWS,
  forward: sumOfWindow("1.0"),
  backward: sumOverWindows("1.0"),
  turns: windowTurns,
};
