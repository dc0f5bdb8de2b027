/**
 * A delay of its own for each number in WGSL; delay.ts.
 *
 *     y_t[i] = x_{t − d_i}[i];   δx_t[i] = δy_{t + d_i}[i];   0 outside the sample
 */
import type { OperatorCode } from "../operator.wgsl.ts";

export const DELAY: OperatorCode = {
  name: "delay",
  tensors: ["steps"],
  forward: `y = valueAt(sample, step - i32(steps[i]), i);`,
  backward: `y = valueAt(sample, step + i32(steps[i]), i);`,
};
