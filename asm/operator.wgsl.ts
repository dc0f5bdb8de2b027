/** What a kind of operator is in WGSL: one number of one step, forward and back; operator.ts. */
import { carry, MOST_PLAIN, partsOfSum, wholeSum } from "./long_sums.wgsl.ts";
import type { WgslKernel } from "./wgsl.ts";

/**
 * A kind of operator. Its code reads `values[at(step, i)]`, a number of the sample's row of a step (x forward, δy backward), 0 outside
 * the sample by `valueAt(step, i)`; `tensor[i]`, its first tensor; `uniforms.g0` and `g1`, its geometry; `step`; and sets `y`.
 * A row's memory order on a device is that of files: channel, row, column.
 */
export interface OperatorCode {
  /** The kind's. */
  readonly name: string;
  /** From `i`, a place in y's row, to `y`. */
  readonly forward: string;
  /** From `i`, a place in x's row, to δx, called `y`. */
  readonly backward: string;
  /** Of a kind with a learned tensor of x's shape: from `x` and `delta`, x_t[i] and δy_t[i], to what is added to ∂L/∂tensor[i]. */
  readonly gradient?: string;
}

const UNIFORMS = {
  steps: "i32",
  begin: "i32",
  count: "i32",
  inputUnits: "i32",
  units: "i32",
  g0: "i32",
  g1: "i32",
} as const;

/**
 * Rows of the steps `begin` ≤ t < `begin` + `count`: `values` f32 `[samples, steps, inputUnits]` → result f32
 * `[samples, steps, units]`. One call for each of samples · count · units.
 */
export function operatorKernel(code: OperatorCode, direction: "forward" | "backward"): WgslKernel<"f32"> {
  return {
    name: `${direction}_${code.name}`,
    inputs: { values: "f32", tensor: "f32" },
    uniforms: UNIFORMS,
    result: "f32",
    code: `
fn valueAt(sample : i32, step : i32, i : i32) -> f32 {
  if (step < 0 || step >= uniforms.steps) { return 0.0; }
  return values[(sample * uniforms.steps + step) * uniforms.inputUnits + i];
}
fn kernel(index : i32) {
  let row = index / uniforms.units;
  let i = index - row * uniforms.units;
  let sample = row / uniforms.count;
  let step = uniforms.begin + row - sample * uniforms.count;
  var y = 0.0;
  _ = tensor[0]; // bound, whether the kind has a tensor or not
  ${code[direction]}
  result[(sample * uniforms.steps + step) * uniforms.units + i] = y;
}`,
  };
}

/**
 * The gradient of a learned tensor, sample by sample: result f32 `[samples, units]`, from `values` (x) and `deltas` (δy) f32
 * `[samples, steps, units]`. One call a number.
 */
export function operatorGradientKernel({ name, gradient = "0.0" }: OperatorCode): WgslKernel<"f32"> {
  return {
    name: `gradient_${name}`,
    inputs: { values: "f32", deltas: "f32" },
    uniforms: { steps: "i32", units: "i32" },
    result: "f32",
    code: `
fn kernel(index : i32) {
  let sample = index / uniforms.units;
  var at = sample * uniforms.steps * uniforms.units + index - sample * uniforms.units;
  let isLong = uniforms.steps > ${MOST_PLAIN};
  var sum = 0.0;
  ${partsOfSum("sum").map((part) => `var ${part} = 0.0;`).join(" ")}
  for (var step = 0; step < uniforms.steps; step++) {
    let x = values[at];
    let delta = deltas[at];
    sum += ${gradient};
    at += uniforms.units;
    if (isLong) {${carry("sum", "(step + 1)")}
    }
  }
  result[index] = select(sum, ${wholeSum("sum")}, isLong);
}`,
  };
}
