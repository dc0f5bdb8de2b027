/**
 * A factor for each number in WGSL; scale.ts.
 *
 *     y_t = s ∘ x_t;   δx_t = s ∘ δy_t;   ∂L/∂s = Σ_t δy_t ∘ x_t
 */
import type { OperatorCode } from "../operator.wgsl.ts";

export const SCALE: OperatorCode = {
  name: "scale",
  tensors: ["weight"],
  forward: `y = weight[i] * valueAt(sample, step, i);`,
  backward: `y = weight[i] * valueAt(sample, step, i);`,
  gradients: {
    weight: { over: "rows", term: `term = inputAt(sample, step, i) * valueAt(sample, step, i);` },
  },
};
