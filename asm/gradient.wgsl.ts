/** Kernels for weight gradients besides products, in WGSL: the trace of the inputs, and sums in a fixed order. */
import { eachStep } from "./each_step.wgsl.ts";
import { carry, MOST_PLAIN, partsOfSum, wholeSum } from "./long_sums.wgsl.ts";
import type { WgslKernel } from "./wgsl.ts";

/**
 * Replaces inputs by their leaky trace: X̃_t = X_t + d·X̃_{t-1}, from 0 in each sample.
 *
 * result X f32 `[samples, steps, inputs]`. One call for each of samples · inputs.
 */
export const TRACE_INPUTS: WgslKernel<"f32"> = {
  name: "traceInputs",
  inputs: {},
  uniforms: { steps: "i32", inputs: "i32", decay: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let sample = index / uniforms.inputs;
  var at = sample * uniforms.steps * uniforms.inputs + index - sample * uniforms.inputs;
  var trace = 0.0;
  ${
    eachStep(
      { from: "0", by: "+", while: "step < uniforms.steps" },
      `
    trace = uniforms.decay * trace + result[at];
    result[at] = trace;
    at += uniforms.inputs;`,
    )
  }
}`,
};

/**
 * Sums rows part by part, in order: result f32 `[parts, columns]`.
 *
 * `values` f32 `[parts, rows, columns]`, from `begin` on. One call for each of parts · columns.
 */
export const SUM_ROWS: WgslKernel<"f32"> = {
  name: "sumRows",
  inputs: { values: "f32" },
  uniforms: { begin: "i32", rows: "i32", columns: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let part = index / uniforms.columns;
  var at = uniforms.begin + part * uniforms.rows * uniforms.columns + index - part * uniforms.columns;
  var sum = 0.0;
  for (var row = 0; row < uniforms.rows; row++) {
    sum += values[at];
    at += uniforms.columns;
  }
  result[index] = sum;
}`,
};

/**
 * The same where rows are the steps of a sample, as long sums: result f32 `[samples, columns]` of `values` f32
 * `[samples, rows, columns]`. One call for each of samples · columns.
 */
export const SUM_STEPS: WgslKernel<"f32"> = {
  name: "sumSteps",
  inputs: { values: "f32" },
  uniforms: { rows: "i32", columns: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let sample = index / uniforms.columns;
  let first = sample * uniforms.rows * uniforms.columns + index - sample * uniforms.columns;
  ${sumInOrder("uniforms.rows", "values[first + n * uniforms.columns]")}
  result[index] = sum;
}`,
};

/**
 * Sums up to `most` rows at a time, in order: result f32 `[⌈rows / most⌉, columns]` of `values` f32 `[rows, columns]`. One call for each
 * number of the result.
 */
export const SUM_PARTS: WgslKernel<"f32"> = {
  name: "sumParts",
  inputs: { values: "f32" },
  uniforms: { rows: "i32", columns: "i32", most: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let part = index / uniforms.columns;
  let begin = part * uniforms.most;
  let first = begin * uniforms.columns + index - part * uniforms.columns;
  let count = min(uniforms.most, uniforms.rows - begin);
  ${sumInOrder("count", "values[first + n * uniforms.columns]")}
  result[index] = sum;
}`,
};

/** Statements that sum `count` terms, as long sums where they are many, to `sum`. @param term The n-th one. */
function sumInOrder(count: string, term: string): string {
  return `
  let isLong = ${count} > ${MOST_PLAIN};
  var sum = 0.0;
  ${partsOfSum("sum").map((part) => `var ${part} = 0.0;`).join(" ")}
  for (var n = 0; n < ${count}; n++) {
    sum += ${term};
    if (isLong) {${carry("sum", "(n + 1)")}
    }
  }
  if (isLong) { sum = ${wholeSum("sum")}; }`;
}

/**
 * Adds parts to a total, in order: result f32 `[count]` += Σ `values` f32 `[parts, count]`.
 *
 * `keep` 0: the total starts at 0. One call a number.
 */
export const ADD_PARTS: WgslKernel<"f32"> = {
  name: "addParts",
  inputs: { values: "f32" },
  uniforms: { parts: "i32", keep: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let isLong = uniforms.parts > ${MOST_PLAIN};
  var kept = 0.0;
  if (uniforms.keep == 1) { kept = result[index]; }
  var sum = select(kept, 0.0, isLong);
  ${partsOfSum("sum").map((part) => `var ${part} = 0.0;`).join(" ")}
  var at = index;
  for (var part = 0; part < uniforms.parts; part++) {
    sum += values[at];
    at += uniforms.invocations;
    if (isLong) {${carry("sum", "(part + 1)")}
    }
  }
  result[index] = select(sum, kept + (${wholeSum("sum")}), isLong);
}`,
};

/**
 * Moves rows one step earlier: result f32 `[samples, steps, columns]`, at step t that of `values` at t + 1, and 0 at the last.
 *
 * One call a number.
 */
export const ADVANCE: WgslKernel<"f32"> = {
  name: "advance",
  inputs: { values: "f32" },
  uniforms: { steps: "i32", columns: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let step = index / uniforms.columns % uniforms.steps;
  let isLast = step == uniforms.steps - 1;
  result[index] = select(values[select(index + uniforms.columns, index, isLast)], 0.0, isLast);
}`,
};

/** Copies numbers: result f32, from `begin` on, = `values` f32 `[count]`. One call a number. */
export const COPY: WgslKernel<"f32"> = {
  name: "copy",
  inputs: { values: "f32" },
  uniforms: { begin: "i32" },
  result: "f32",
  code: `fn kernel(index : i32) { result[uniforms.begin + index] = values[index]; }`,
};
