/**
 * What the scans of all neurons have in common in WGSL: one call takes one unit of one sample through all steps.
 *
 * A neuron's file says what a step does; here is where its numbers come from and go to. Calls that lie side by side are units
 * that lie side by side, so that the device reads and writes whole lines.
 *
 * @module
 */
import type { NumberType, WgslKernel } from "./wgsl.ts";

/** A neuron's own lines. */
export interface StepCode {
  /** Once, before the first step: constants of `unit`, further states. */
  readonly before: string;
  /** At each step, `step`. */
  readonly step: string;
}

/**
 * Down the steps: currents → outputs and potentials.
 *
 * The neuron's step takes `I` and sets `u` and `o`, which both begin at 0.
 *
 * - `currents` f32: of a sample's step, `[units]`, at `sample · sampleStride + step · stepStride` (0: the same at every step);
 * - `bias` f32 `[units]`, added to all of them;
 * - constants f32 `[units]`, one array each;
 * - `delay`: I_t is bias + currents of step t − delay, and bias alone before there are any;
 * - result f32: o `[samples, steps, units]`; spikes `[samples, units]` (how often o > 0); where `record` is 1, also
 *   u `[samples, steps, units]`, after the reset.
 *
 * One call for each of samples · units.
 */
export function scanKernel(
  neuron: string,
  constants: readonly string[],
  uniforms: Readonly<Record<string, NumberType>>,
  { before, step }: StepCode,
): WgslKernel<"f32"> {
  return {
    name: `scan_${neuron}`,
    inputs: { currents: "f32", bias: "f32", ...arrays(constants) },
    uniforms: {
      steps: "i32",
      units: "i32",
      sampleStride: "i32",
      stepStride: "i32",
      delay: "i32",
      record: "i32",
      ...uniforms,
    },
    result: "f32",
    code: `
fn kernel(index : i32) {
  let sample = index / uniforms.units;
  let unit = index - sample * uniforms.units;
  let count = uniforms.invocations * uniforms.steps;
  var at = sample * uniforms.steps * uniforms.units + unit;
  var source = sample * uniforms.sampleStride + unit;
  var u = 0.0;
  var o = 0.0;
  var spikes = 0;
  ${before}
  for (var step = 0; step < uniforms.steps; step++) {
    var I = bias[unit];
    if (step >= uniforms.delay) {
      I += currents[source];
      source += uniforms.stepStride;
    }
    ${step}
    spikes += select(0, 1, o > 0.0);
    result[at] = o;
    if (uniforms.record == 1) { result[count + uniforms.invocations + at] = u; }
    at += uniforms.units;
  }
  result[count + index] = f32(spikes);
}`,
  };
}

/**
 * Up the steps: δo and the readout's gradient → δI.
 *
 * The neuron's step takes `outputGradient` (δo_t), `stateGradient` (the readout's, with respect to u_t), `o` (o_t) and `later`
 * (δI_{t+1}), and sets `later` to δI_t.
 *
 * - `scanned` f32: the result of the neuron's scan;
 * - `readout` f32 `[samples, units]`: its gradient with respect to u_t, for `first` ≤ t ≤ `last`;
 * - `outputs` f32 `[samples, steps, units]`: δo_t; without `hasOutputs` (1) they are 0 and not read;
 * - `delay`, the scan's: what step t's currents were computed from is step t − delay of the layer below;
 * - result f32: δI_{t + delay} `[samples, steps, units]`, 0 past the last step, which is the gradient of what the layer below
 *   put out at step t; then Σ_t δI_t over all steps, `[samples, units]`.
 *
 * One call for each of samples · units.
 */
export function scanBackKernel(
  neuron: string,
  constants: readonly string[],
  uniforms: Readonly<Record<string, NumberType>>,
  { before, step }: StepCode,
): WgslKernel<"f32"> {
  return {
    name: `scanBack_${neuron}`,
    inputs: { scanned: "f32", readout: "f32", outputs: "f32", ...arrays(constants) },
    uniforms: {
      steps: "i32",
      units: "i32",
      first: "i32",
      last: "i32",
      hasOutputs: "i32",
      delay: "i32",
      ...uniforms,
    },
    result: "f32",
    code: `
fn kernel(index : i32) {
  let sample = index / uniforms.units;
  let unit = index - sample * uniforms.units;
  let begin = sample * uniforms.steps * uniforms.units + unit;
  for (var step = max(0, uniforms.steps - uniforms.delay); step < uniforms.steps; step++) {
    result[begin + step * uniforms.units] = 0.0;
  }
  var later = 0.0;
  var sum = 0.0;
  ${before}
  for (var step = uniforms.steps - 1; step >= 0; step--) {
    let at = begin + step * uniforms.units;
    let o = scanned[at];
    var outputGradient = 0.0;
    if (uniforms.hasOutputs == 1) { outputGradient = outputs[at]; }
    var stateGradient = 0.0;
    if (step >= uniforms.first && step <= uniforms.last) { stateGradient = readout[index]; }
    ${step}
    sum += later;
    if (step >= uniforms.delay) { result[at - uniforms.delay * uniforms.units] = later; }
  }
  result[uniforms.invocations * uniforms.steps + index] = sum;
}`,
  };
}

function arrays(constants: readonly string[]): Record<string, "f32"> {
  return Object.fromEntries(constants.map((name) => [name, "f32"] as const));
}
