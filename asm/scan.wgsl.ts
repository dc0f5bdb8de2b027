/**
 * Scans in WGSL: the forward and backward pass of a neuron over all steps of every sample.
 *
 * A neuron's file has the equations of one step ({@linkcode NeuronCode}); this file loads its inputs and stores its results.
 *
 * A scan has three forms. In the plain form one call computes one unit of one sample over all steps; neighbouring calls are
 * neighbouring units, so that memory accesses coalesce. A recurrent layer needs all outputs of the step before: a workgroup computes
 * one sample, each call some of its units, with a barrier after each step. In the stepped form one call computes one unit of one
 * sample at one step, of a loop; like the recurrent form it keeps its state in the result.
 *
 * `sampleInfo` i32 `[samples, SAMPLE_INFO_COLUMNS]` describes each sample.
 */
import { eachStep } from "./each_step.wgsl.ts";
import { carry, MOST_PLAIN, partsOfSum, wholeSum } from "./long_sums.wgsl.ts";
import type { ArrayType, WgslKernel } from "./wgsl.ts";

/** Columns of `sampleInfo`: the label, the number of steps, and the steps that are read (see `ReadSteps`); `scale` is a float's bits. */
export const SAMPLE_INFO = { label: 0, steps: 1, first: 2, last: 3, zero: 4, scale: 5 } as const;

/** Number of columns. */
export const SAMPLE_INFO_COLUMNS = 6;

/** `infoOf(sample, column)`. */
export const INFO_OF = `
fn infoOf(sample : i32, column : i32) -> i32 { return sampleInfo[sample * ${SAMPLE_INFO_COLUMNS} + column]; }`;

/** Calls that share one sample of a recurrent layer. */
const WORKGROUP = 64;

/** How a scan goes through the steps. */
export type ScanForm = "plain" | "recurrent" | "stepped";

/** The WGSL of a kind of neuron. Every number is f32; constants are variables of their names, with the unit's values. */
export interface NeuronCode {
  readonly name: string;
  /** Names of what is the same for all units, in the order of `NeuronKind.settings`: `uniforms.slope`. */
  readonly settings: readonly string[];
  /** How many spikes a step of the forward pass counts, from `o` and `v`. @default {1 where v > 0} */
  readonly spikes?: string;
  /** Functions that its steps call. */
  readonly functions?: string;
  /** Variables of the forward pass that persist from step to step, 0 before the first; `u` is one of them. `step` 0 may set others. */
  readonly state: readonly string[];
  /**
   * One step of the forward pass: computes the state after the reset, `o`, and `v` (u' − θ_t) where it fires spikes, from `I`,
   * the constants and the state.
   */
  readonly step: string;
  /** Variables of the backward pass that persist from step to step, 0 after the last. */
  readonly stateBack: readonly string[];
  /**
   * One step of the backward pass: computes the state and `current` (δI_t) from `outputGradient` (δo_t), `readGradient` (the readout's,
   * of u_t), `v`, `uBefore` (u_{t-1}; `start` at step 0), `scanned[at]` (o_t), `scanned[at - units]` (o_{t-1}, where `step` > 0) and the state; adds to `decayGradient`, `thresholdGradient`,
   * `scaleGradient` and, at step 0, `startGradient`.
   */
  readonly stepBack: string;
}

/** Constants whose gradients a backward scan writes, in this order. */
export const CONSTANT_GRADIENTS = ["decay", "threshold", "scale", "start"] as const;

/** Sums over the steps of a backward scan. */
const SUMS = ["sum", ...CONSTANT_GRADIENTS.map((constant) => `${constant}Gradient`)];

/** Upper levels of these sums (long_sums.wgsl.ts), which the recurrent form stores besides its state. */
const PARTS = SUMS.flatMap(partsOfSum);

/** Number of these levels a unit. */
export const SUM_PARTS: number = PARTS.length;

/** A variable that persists over all steps: the plain form keeps it in a register, the recurrent form in the result, at `at`. */
interface Kept {
  readonly name: string;
  readonly at: string;
}

const FUNCTIONS = `${INFO_OF}
fn stepsOf(sample : i32) -> i32 { return infoOf(sample, ${SAMPLE_INFO.steps}); }`;

/**
 * The forward scan: outputs from currents, and the other requested results of each step.
 *
 * - `currents` f32 `[units]` of a sample's step, at `sample · sampleStride + step · stepStride` (0: the same at every step);
 * - `bias` f32 `[units]`, added to all of them;
 * - `constants` f32 `[…, units]`, in the order of their names;
 * - `recurrent` f32 `[units, units]`, V by the unit that spiked;
 * - `delay`: I_t is bias + currents of step t − delay, and bias alone where t < delay;
 * - result f32: o `[samples, steps, units]`; spikes `[samples, units]`, their number; from `distancesAt` on v,
 *   from `potentialsAt` on u after the reset, and from `currentsAt` on I, each `[samples, steps, units]` (−1: not stored); from
 *   `stateAt` on the recurrent form's state `[states, samples, units]`. All are 0 after a sample's last step.
 *
 * One call for each of samples · units; the recurrent form: {@linkcode recurrentCalls}.
 *
 * @param constants Names of all constants of which the neuron's kernels read a value a unit, in their order.
 */
export function scanKernel(
  { name, settings, functions = "", state, step, spikes = "select(0.0, 1.0, v > 0.0)" }: NeuronCode,
  constants: readonly string[],
  form: ScanForm,
): WgslKernel<"f32"> {
  const isRecurrent = form === "recurrent";
  const kept: Kept[] = [
    { name: "spikes", at: "count + index" },
    ...state.map((variable, i) => ({ name: variable, at: `uniforms.stateAt + ${i} * total + index` })),
  ];
  const body = `
    var o = 0.0;
    var v = 0.0;
    var I = 0.0;
    if (step < length) {
      I = bias[unit]${isRecurrent ? " + feedback" : ""};
      if (step >= uniforms.delay) {
        I += currents[sample * uniforms.sampleStride + (step - uniforms.delay) * uniforms.stepStride + unit];
      }
      ${step}
      spikes += ${spikes};
    }
    let at = (sample * uniforms.steps + step) * units + unit;
    result[at] = o;
    if (uniforms.distancesAt >= 0) { result[uniforms.distancesAt + at] = v; }
    if (uniforms.potentialsAt >= 0) { result[uniforms.potentialsAt + at] = select(0.0, u, step < length); }
    if (uniforms.currentsAt >= 0) { result[uniforms.currentsAt + at] = I; }`;
  const feedback = `
    var feedback = 0.0;
    if (step > 0) {
      let before = (sample * uniforms.steps + step - 1) * units;
      for (var source = 0; source < units; source++) {
        feedback += result[before + source] * recurrent[source * units + unit];
      }
    }`;
  return {
    name: `scan_${name}_${form}`,
    inputs: {
      sampleInfo: "i32",
      ...typed("f32", ["currents", "bias", "constants"]),
      ...(isRecurrent && { recurrent: "f32" as const }),
    },
    uniforms: {
      ...typed("i32", ["samples", "steps", "units", "sampleStride", "stepStride", "delay"]),
      ...typed("i32", ["distancesAt", "potentialsAt", "currentsAt", "stateAt"]),
      ...(form === "stepped" && { step: "i32" as const }),
      ...typed("f32", settings),
    },
    result: "f32",
    ...(isRecurrent && { workgroup: WORKGROUP }),
    code: `${FUNCTIONS}${functions}
fn kernel(call : i32) {
  let units = uniforms.units;
  let total = uniforms.samples * units;
  let count = total * uniforms.steps;
  ${throughSteps({ kept, results: ["spikes"], constants, body, feedback, form, isBack: false })}
}`,
  };
}

/**
 * The backward scan: δI from the gradients of outputs and potentials.
 *
 * - `scanned` f32: the result of the forward scan, with v from `distancesAt` and u from `potentialsAt` on, where stored;
 * - `outputGradients`, `readGradients` f32 `[samples, steps, units]`: δo_t, and the readout's gradient of u_t; where `hasOutputs`
 *   or `hasRead` is 0 they are 0 and not read;
 * - `delay`, as in the forward scan: currents of step t were computed from step t − delay of the layer below;
 * - result f32: δI_{t + delay} `[samples, steps, units]`, the gradient with respect to the layer below at step t, else 0; then
 *   `[samples, units]` each: Σ_t δI_t, and the gradients of decay, threshold, scale and start; then the recurrent form's state.
 */
export function scanBackKernel(
  { name, settings, functions = "", stateBack, stepBack }: NeuronCode,
  constants: readonly string[],
  form: ScanForm,
): WgslKernel<"f32"> {
  const isRecurrent = form === "recurrent";
  const kept: Kept[] = [
    ...SUMS.map((variable, i) => ({ name: variable, at: `count + ${i} * total + index` })),
    ...[...stateBack, ...PARTS].map((variable, i) => ({
      name: variable,
      at: `uniforms.stateAt + ${i} * total + index`,
    })),
  ];
  const body = `
    let at = (sample * uniforms.steps + step) * units + unit;
    var current = 0.0;
    if (step < length) {
      var v = 0.0;
      if (uniforms.distancesAt >= 0) { v = scanned[uniforms.distancesAt + at]; }
      var uBefore = start;
      if (uniforms.potentialsAt >= 0 && step > 0) { uBefore = scanned[uniforms.potentialsAt + at - units]; }
      var outputGradient = ${isRecurrent ? "feedback" : "0.0"};
      if (uniforms.hasOutputs == 1) { outputGradient += outputGradients[at]; }
      var readGradient = 0.0;
      if (uniforms.hasRead == 1) { readGradient = readGradients[at]; }
      ${stepBack}
      sum += current;
    }
    if (uniforms.steps > ${MOST_PLAIN}) {
      let done = uniforms.steps - step;${SUMS.map((sum) => carry(sum, "done")).join("")}
      if (step == 0) {
        ${SUMS.map((sum) => `${sum} = ${wholeSum(sum)};`).join("\n        ")}
      }
    }
    if (step >= uniforms.delay) { result[at - uniforms.delay * units] = current; }
    if (step >= uniforms.steps - uniforms.delay) { result[at] = 0.0; }`;
  // The result holds δI of a step `delay` rows earlier.
  const feedback = `
    var feedback = 0.0;
    if (step + 1 < stepsOf(sample)) {
      let next = (sample * uniforms.steps + step + 1 - uniforms.delay) * units;
      for (var to = 0; to < units; to++) {
        feedback += recurrent[unit * units + to] * result[next + to];
      }
    }`;
  return {
    name: `scanBack_${name}_${form}`,
    inputs: {
      sampleInfo: "i32",
      ...typed("f32", ["scanned", "outputGradients", "readGradients", "constants"]),
      ...(isRecurrent && { recurrent: "f32" as const }),
    },
    uniforms: {
      ...typed("i32", ["samples", "steps", "units", "delay", "hasOutputs", "hasRead"]),
      ...typed("i32", ["distancesAt", "potentialsAt", "stateAt"]),
      ...(form === "stepped" && { step: "i32" as const }),
      ...typed("f32", settings),
    },
    result: "f32",
    ...(isRecurrent && { workgroup: WORKGROUP }),
    code: `${FUNCTIONS}${functions}
fn kernel(call : i32) {
  let units = uniforms.units;
  let total = uniforms.samples * units;
  let count = total * uniforms.steps;
  ${throughSteps({ kept, results: SUMS, constants, body, feedback, form, isBack: true })}
}`,
  };
}

/** The loop iterations of one call of a scan (MOST_TURNS in each_step.wgsl.ts). @param steps T. @param units The layer's. */
export function scanTurns(steps: number, units: number, isRecurrent: boolean): number {
  return isRecurrent ? steps * (1 + Math.ceil(units / WORKGROUP) * (1 + units)) : Math.ceil(steps / 2);
}

/** Number of calls of the recurrent form. */
export function recurrentCalls(samples: number): number {
  return samples * WORKGROUP;
}

/** The loop over steps, in either form. */
function throughSteps({ kept, results, constants, body, feedback, form, isBack }: {
  readonly kept: readonly Kept[];
  /** Names of the kept variables that are part of the result in either form. */
  readonly results: readonly string[];
  readonly constants: readonly string[];
  readonly body: string;
  readonly feedback: string;
  readonly form: ScanForm;
  readonly isBack: boolean;
}): string {
  const loads = constants.map((name, row) => `let ${name} = constants[${row} * units + unit];`).join(
    "\n    ",
  );
  const each = (line: (variable: Kept) => string) => kept.map(line).join("\n    ");
  const first = isBack ? "step == uniforms.steps - 1" : "step == 0";
  if (form === "stepped") {
    return `
  let index = call;
  let sample = index / units;
  let unit = index - sample * units;
  let length = stepsOf(sample);
  let step = uniforms.step;
  ${loads}
  ${each(({ name }) => `var ${name} = 0.0;`)}
  if (!(${first})) {
    ${each(({ name, at }) => `${name} = result[${at}];`)}
  }
  ${body}
  ${each(({ name, at }) => `result[${at}] = ${name};`)}`;
  }
  if (form === "plain") {
    return `
  let index = call;
  let sample = index / units;
  let unit = index - sample * units;
  let length = stepsOf(sample);
  ${loads}
  ${each(({ name }) => `var ${name} = 0.0;`)}
  ${
      eachStep(
        isBack
          ? { from: "uniforms.steps - 1", by: "-", while: "step >= 0" }
          : { from: "0", by: "+", while: "step < uniforms.steps" },
        body,
      )
    }
  ${
      kept.filter(({ name }) => results.includes(name)).map(({ name, at }) => `result[${at}] = ${name};`)
        .join("\n  ")
    }`;
  }
  const loop = isBack
    ? "for (var step = uniforms.steps - 1; step >= 0; step--)"
    : "for (var step = 0; step < uniforms.steps; step++)";
  // A barrier in a loop is valid because the loop's bounds are the same for all calls of a workgroup.
  return `
  let sample = call / ${WORKGROUP};
  let lane = call - sample * ${WORKGROUP};
  let length = stepsOf(sample);
  ${loop} {
    for (var unit = lane; unit < units; unit += ${WORKGROUP}) {
      let index = sample * units + unit;
      ${loads}
      ${each(({ name }) => `var ${name} = 0.0;`)}
      if (!(${first})) {
        ${each(({ name, at }) => `${name} = result[${at}];`)}
      }
      ${feedback}
      ${body}
      ${each(({ name, at }) => `result[${at}] = ${name};`)}
    }
    storageBarrier();
  }`;
}

function typed<Type extends ArrayType>(type: Type, names: readonly string[]): Record<string, Type> {
  return Object.fromEntries(names.map((name) => [name, type] as const));
}
