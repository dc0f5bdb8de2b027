/**
 * Scans in WGSL: a neuron's equations, taken through all steps of every sample and back.
 *
 * A neuron's file has the equations of one step ({@linkcode NeuronCode}); this file loads its inputs and stores its results.
 *
 * Two forms of each. In the plain one, one call takes one unit of one sample through all steps; calls side by side are units
 * side by side, so that the device reads and writes whole lines. A recurrent layer needs all outputs of the step before: there
 * a workgroup of calls takes one sample, each call some of its units, and they meet at a barrier after each step.
 *
 * `sampleInfo` i32 `[samples, SAMPLE_INFO_COLUMNS]` describes each sample to the kernels.
 *
 * @module
 */
import { eachStep } from "./each_step.wgsl.ts";
import { carry, MOST_PLAIN, partsOfSum, wholeSum } from "./long_sums.wgsl.ts";
import type { WgslKernel } from "./wgsl.ts";

/** Columns of `sampleInfo`, by their names: the label, how many steps it has, and which steps are read (see `ReadSteps`). */
export const SAMPLE_INFO = { label: 0, steps: 1, first: 2, last: 3, zero: 4, scale: 5 } as const;

/** How many columns there are. `scale` is a float's bits. */
export const SAMPLE_INFO_COLUMNS = 6;

/** Calls that share one sample of a recurrent layer. */
const WORKGROUP = 64;

/** What a kind of neuron is in WGSL. Every number is f32. */
export interface NeuronCode {
  /** The kind's. */
  readonly name: string;
  /** Names of its constants, in the order of `NeuronKind.constants`: `uniforms.penalty`. */
  readonly constants: readonly string[];
  /** What its steps call. */
  readonly functions?: string;
  /** What it remembers from step to step, 0 before the first; `u` among them. */
  readonly state: readonly string[];
  /**
   * One step down: from `I`, `decay`, `threshold`, `scale` and the state to the state after the reset and `o`, and to `v`
   * (u' − θ_t) where it fires spikes.
   */
  readonly step: string;
  /** What it remembers going back, 0 behind the last step. */
  readonly stateBack: readonly string[];
  /**
   * One step up: from `outputGradient` (δo_t), `readGradient` (the readout's, of u_t), `v`, `uBefore` (u_{t-1}) and the state to
   * the state and `current` (δI_t). Adds to `decayGradient`, `thresholdGradient`, `scaleGradient` where it has such constants.
   */
  readonly stepBack: string;
}

/** Learned constants' gradients, in the order in which a scan back leaves them. */
export const CONSTANT_GRADIENTS = ["decay", "threshold", "scale"] as const;

/** What a scan back sums over the steps. */
const SUMS = ["sum", ...CONSTANT_GRADIENTS.map((constant) => `${constant}Gradient`)];

/** The parts that these sums are made of over many steps: numbers a unit that the recurrent form keeps besides its state. */
const PARTS = SUMS.flatMap(partsOfSum);

/** How many there are. */
export const SUM_PARTS: number = PARTS.length;

/** A variable that lives through all steps: kept by its call, or by the recurrent form in the result, where `at` says. */
interface Kept {
  readonly name: string;
  readonly at: string;
}

const FUNCTIONS = `
fn stepsOf(sample : i32) -> i32 { return sampleInfo[sample * ${SAMPLE_INFO_COLUMNS} + ${SAMPLE_INFO.steps}]; }`;

/**
 * Forward pass over the steps: currents → outputs, and the other requested results of each step.
 *
 * - `currents` f32: of a sample's step, `[units]`, at `sample · sampleStride + step · stepStride` (0: the same at every step);
 * - `bias` f32 `[units]`, added to all of them; `decays`, `thresholds`, `scales` f32 `[units]`;
 * - `recurrent` f32 `[units, units]`, V by the unit that spiked;
 * - `delay`: I_t is bias + currents of step t − delay, and bias alone before there are any;
 * - result f32: o `[samples, steps, units]`; spikes `[samples, units]`, how often v > 0; from `distancesAt` on v, from `potentialsAt`
 *   on u after the reset, and from `currentsAt` on I, likewise `[samples, steps, units]` (−1: not wanted); the recurrent form's
 *   state `[states, samples, units]` from `stateAt` on. All are 0 behind a sample's last step.
 *
 * One call for each of samples · units; the recurrent form: {@linkcode recurrentCalls}.
 */
export function scanKernel(
  { name, constants, functions = "", state, step }: NeuronCode,
  isRecurrent: boolean,
): WgslKernel<"f32"> {
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
      spikes += select(0.0, 1.0, v > 0.0);
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
    name: `scan_${name}${isRecurrent ? "_recurrent" : ""}`,
    inputs: {
      currents: "f32",
      bias: "f32",
      sampleInfo: "i32",
      decays: "f32",
      thresholds: "f32",
      scales: "f32",
      ...(isRecurrent && { recurrent: "f32" as const }),
    },
    uniforms: {
      samples: "i32",
      steps: "i32",
      units: "i32",
      sampleStride: "i32",
      stepStride: "i32",
      delay: "i32",
      distancesAt: "i32",
      potentialsAt: "i32",
      currentsAt: "i32",
      stateAt: "i32",
      ...floats(constants),
    },
    result: "f32",
    ...(isRecurrent && { workgroup: WORKGROUP }),
    code: `${FUNCTIONS}${functions}
fn kernel(call : i32) {
  let units = uniforms.units;
  let total = uniforms.samples * units;
  let count = total * uniforms.steps;
  ${throughSteps({ kept, results: ["spikes"], body, feedback, isRecurrent, isBack: false })}
}`,
  };
}

/**
 * Up the steps: gradients of outputs and potentials → δI.
 *
 * - `scanned` f32: the result of the neuron's scan, with v from `distancesAt` and u from `potentialsAt` on, where these were kept;
 * - `outputGradients`, `readGradients` f32 `[samples, steps, units]`: δo_t, and the readout's gradient of u_t; where `hasOutputs`
 *   or `hasRead` is 0 they are 0 and not read;
 * - `delay`, the scan's: what step t's currents were computed from is step t − delay of the layer below;
 * - result f32: δI_{t + delay} `[samples, steps, units]`, the gradient of what the layer below put out at step t, 0 where there
 *   is none; then `[samples, units]` each: Σ_t δI_t, and the gradients of decay, threshold and scale; then the recurrent
 *   form's state, as above.
 */
export function scanBackKernel(
  { name, constants, functions = "", stateBack, stepBack }: NeuronCode,
  isRecurrent: boolean,
): WgslKernel<"f32"> {
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
      var uBefore = 0.0;
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
  // δI of the next step lies `delay` rows before its own.
  const feedback = `
    var feedback = 0.0;
    if (step + 1 < stepsOf(sample)) {
      let next = (sample * uniforms.steps + step + 1 - uniforms.delay) * units;
      for (var to = 0; to < units; to++) {
        feedback += recurrent[unit * units + to] * result[next + to];
      }
    }`;
  return {
    name: `scanBack_${name}${isRecurrent ? "_recurrent" : ""}`,
    inputs: {
      scanned: "f32",
      outputGradients: "f32",
      readGradients: "f32",
      sampleInfo: "i32",
      decays: "f32",
      scales: "f32",
      ...(isRecurrent && { recurrent: "f32" as const }),
    },
    uniforms: {
      samples: "i32",
      steps: "i32",
      units: "i32",
      delay: "i32",
      hasOutputs: "i32",
      hasRead: "i32",
      distancesAt: "i32",
      potentialsAt: "i32",
      stateAt: "i32",
      ...floats(constants),
    },
    result: "f32",
    ...(isRecurrent && { workgroup: WORKGROUP }),
    code: `${FUNCTIONS}${functions}
fn kernel(call : i32) {
  let units = uniforms.units;
  let total = uniforms.samples * units;
  let count = total * uniforms.steps;
  ${throughSteps({ kept, results: SUMS, body, feedback, isRecurrent, isBack: true })}
}`,
  };
}

/** The loop iterations of one call of a scan (MOST_TURNS in each_step.wgsl.ts). @param steps T. @param units The layer's. */
export function scanTurns(steps: number, units: number, isRecurrent: boolean): number {
  return isRecurrent ? steps * (1 + Math.ceil(units / WORKGROUP) * (1 + units)) : Math.ceil(steps / 2);
}

/** How many calls the recurrent form takes. */
export function recurrentCalls(samples: number): number {
  return samples * WORKGROUP;
}

/** The loop over steps, in either form. */
function throughSteps({ kept, results, body, feedback, isRecurrent, isBack }: {
  readonly kept: readonly Kept[];
  /** Which of the kept variables are part of the result in either form. */
  readonly results: readonly string[];
  readonly body: string;
  readonly feedback: string;
  readonly isRecurrent: boolean;
  readonly isBack: boolean;
}): string {
  const constants = `
    let decay = decays[unit];
    ${isBack ? "" : "let threshold = thresholds[unit];"}
    let scale = scales[unit];`;
  const each = (line: (variable: Kept) => string) => kept.map(line).join("\n    ");
  if (!isRecurrent) {
    return `
  let index = call;
  let sample = index / units;
  let unit = index - sample * units;
  let length = stepsOf(sample);
  ${constants}
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
  // The loops' bounds are the same for all calls of a workgroup: only so may there be a barrier in them.
  const first = isBack ? "step == uniforms.steps - 1" : "step == 0";
  return `
  let sample = call / ${WORKGROUP};
  let lane = call - sample * ${WORKGROUP};
  let length = stepsOf(sample);
  ${loop} {
    for (var unit = lane; unit < units; unit += ${WORKGROUP}) {
      let index = sample * units + unit;
      ${constants}
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

function floats(names: readonly string[]): Record<string, "f32"> {
  return Object.fromEntries(names.map((name) => [name, "f32"] as const));
}
