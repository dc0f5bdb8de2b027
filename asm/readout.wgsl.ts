/**
 * Readouts in WGSL: logits from the last layer's potentials or outputs, and the backward pass; see readout.ts.
 *
 * `sampleInfo` is that of scan.wgsl.ts: it has the steps that are read of each sample.
 */
import { eachStep } from "./each_step.wgsl.ts";
import { carry, MOST_PLAIN, partsOfSum, wholeSum } from "./long_sums.wgsl.ts";
import { INFO_OF, SAMPLE_INFO } from "./scan.wgsl.ts";
import type { WgslKernel } from "./wgsl.ts";

/** Beginning of a kernel for one sample and class: the steps that are read, and where the first of them lies. */
const BEGIN = `${INFO_OF}
fn kernel(index : i32) {
  let sample = index / uniforms.classes;
  let first = infoOf(sample, ${SAMPLE_INFO.first});
  let last = infoOf(sample, ${SAMPLE_INFO.last});
  var at = uniforms.begin + (sample * uniforms.steps + first) * uniforms.classes + index - sample * uniforms.classes;`;

/** The loop over the steps that are read. */
const READ = { from: "first", by: "+", while: "step <= last" } as const;

/**
 * Sums over the steps that are read: result f32 `[samples, classes]` = scale·Σ_{first ≤ t ≤ last} x_t.
 *
 * `scanned` holds the values read, f32 `[samples, steps, classes]`, from `begin` on. One call for each of samples · classes.
 */
export const READ_STATES: WgslKernel<"f32"> = {
  name: "readStates",
  inputs: { scanned: "f32", sampleInfo: "i32" },
  uniforms: { steps: "i32", classes: "i32", begin: "i32" },
  result: "f32",
  code: `${BEGIN}
  var sum = 0.0;
  ${partsOfSum("sum").map((part) => `var ${part} = 0.0;`).join(" ")}
  ${
    eachStep(
      READ,
      `
    sum += scanned[at];
    at += uniforms.classes;
    if (last - first >= ${MOST_PLAIN}) {${carry("sum", "(step - first + 1)")}
    }`,
    )
  }
  result[index] = bitcast<f32>(infoOf(sample, ${SAMPLE_INFO.scale})) * (${wholeSum("sum")});
}`,
};

/**
 * The largest value of the steps that are read, the first of equals, including a zero at step −1 where `zero` is 1. Otherwise as
 * {@linkcode READ_STATES}; the steps follow the logits, as numbers, `[samples, classes]`.
 */
export const READ_LARGEST: WgslKernel<"f32"> = {
  name: "readLargest",
  inputs: READ_STATES.inputs,
  uniforms: READ_STATES.uniforms,
  result: "f32",
  code: `${BEGIN}
  let hasZero = infoOf(sample, ${SAMPLE_INFO.zero}) == 1;
  var largest = 0.0;
  var when = -1;
  ${
    eachStep(
      READ,
      `
    let value = scanned[at];
    if (value > largest || (when < 0 && !hasZero)) {
      largest = value;
      when = step;
    }
    at += uniforms.classes;`,
    )
  }
  result[index] = largest;
  result[uniforms.invocations + index] = f32(when);
}`,
};

/**
 * The backward pass: each step that was read gets the gradient, all others 0.
 *
 * `gradients` f32 `[samples, classes]`; `logits` is the result of the forward pass, whose steps are used where `isLargest` is 1.
 * result f32 `[samples, steps, classes]`. One call a number.
 */
export const READ_BACK: WgslKernel<"f32"> = {
  name: "readBack",
  inputs: { gradients: "f32", logits: "f32", sampleInfo: "i32" },
  uniforms: { samples: "i32", steps: "i32", classes: "i32", isLargest: "i32" },
  result: "f32",
  code: `${INFO_OF}
fn kernel(index : i32) {
  let row = index / uniforms.classes;
  let sample = row / uniforms.steps;
  let step = row - sample * uniforms.steps;
  let at = sample * uniforms.classes + index - row * uniforms.classes;
  var isRead = step >= infoOf(sample, ${SAMPLE_INFO.first}) && step <= infoOf(sample, ${SAMPLE_INFO.last});
  if (uniforms.isLargest == 1) { isRead = logits[uniforms.samples * uniforms.classes + at] == f32(step); }
  result[index] = select(0.0, gradients[at], isRead);
}`,
};
