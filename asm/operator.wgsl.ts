/** What a kind of operator is in WGSL: one number of one step, forward and back, and the terms of its sums; operator.ts. */
import { carry, partsOfSum, wholeSum } from "./long_sums.wgsl.ts";
import { HASH } from "./random.wgsl.ts";
import { INFO_OF, SAMPLE_INFO } from "./scan.wgsl.ts";
import type { ArrayType, NumberType, WgslKernel } from "./wgsl.ts";

/**
 * A kind of operator. A row's memory order on a device is that of files: channel, row, column. The code of a kernel may name, and is
 * given what it names:
 *
 * - `valueAt(sample, step, i)`: a number of x_t forward, of δy_t backward and in gradients; 0 outside the sample's steps;
 * - `inputAt(sample, step, i)`: the same of x_t, backward and in gradients;
 * - `weight[i]`: a tensor by its name, in the order of a file, but `[inputs …, outputs]` where it is drawn as a weight;
 * - `uniforms.strideX`: its geometry and settings by their names; `uniforms.isTraining`;
 * - `drawOf(sample, counter)`: 24 random bits, in training alone;
 * - of a kind with `statistics`: `meanOf(channel)`, one of them; backward `weightSumOf(channel)`, one of its `gradients` of the whole
 *   batch; `uniforms.batchTerms`, over how many numbers of a channel the batch's average goes; `timesOf(sample, step)`, how often a
 *   row counts in it: 0 behind a sample's end, once, or T times where one row holds for all steps.
 */
export interface OperatorCode {
  /** The kind's. */
  readonly name: string;
  /** Names of its whole numbers, in the order of its registry entry. @default {none is read} */
  readonly geometry?: readonly string[];
  /** Names of its other numbers, likewise. */
  readonly settings?: readonly string[];
  /** Names of its tensors, likewise. */
  readonly tensors?: readonly string[];
  /** Functions that its code calls. */
  readonly functions?: string;
  /** From `i`, a place in y's row, to `y`. */
  readonly forward: string;
  /** From `i`, a place in x's row, to δx, called `y`. */
  readonly backward: string;
  /** Gradients of its learned tensors, by their names. */
  readonly gradients?: Readonly<Record<string, SumCode>>;
  /**
   * Averages over a training batch, a number a channel, in the order in which they need each other; outside training they are what
   * their tensors say. The geometry begins with the number of channels.
   */
  readonly statistics?: readonly StatisticCode[];
  /** The most loop iterations of one call (MOST_TURNS in each_step.wgsl.ts), by a geometry. @default {few} */
  readonly turns?: (geometry: readonly number[]) => number;
}

/** A sum for each number of a tensor. */
export interface SumCode {
  /** What there is a term for: each row, or each position of y (its row and column) in each row. */
  readonly over: "rows" | "positions";
  /** From `i`, a place in the tensor, to what its terms need. */
  readonly place?: string;
  /** From `i`, `sample`, `step` and `position` to `term`, which is 0 at first. */
  readonly term: string;
}

/** An average over a training batch. */
export interface StatisticCode {
  /** The tensor that follows it. */
  readonly tensor: string;
  /** As in {@linkcode SumCode}, over positions; `i` is a channel. */
  readonly term: string;
  /** From `value`, the average, and `old`, the tensor's number, to its next one, called `y`. */
  readonly follow: string;
}

/** What the kernels of a kind share. */
const UNIFORMS = {
  /** Rows of a sample in memory: T, or 1. */
  steps: "i32",
  /** Numbers of a row of `values`, and of x. */
  valueUnits: "i32",
  inputUnits: "i32",
  isTraining: "i32",
  /** One row holds for all steps. */
  isRow: "i32",
  /** Samples that are no padding. */
  counted: "i32",
  batchTerms: "f32",
} as const;

/** Functions that code may call, each with the array that it reads. */
const FUNCTIONS: readonly {
  readonly name: string;
  readonly array: string;
  readonly type: ArrayType;
  readonly code: string;
}[] = [
  { name: "valueAt", array: "values", type: "f32", code: rowReader("valueAt", "values", "valueUnits") },
  { name: "inputAt", array: "inputs", type: "f32", code: rowReader("inputAt", "inputs", "inputUnits") },
  {
    name: "drawOf",
    array: "keys",
    type: "i32",
    code: `${HASH}
fn drawOf(sample : i32, counter : i32) -> i32 {
  return i32(hash(u32(counter), bitcast<u32>(keys[2 * sample]), bitcast<u32>(keys[2 * sample + 1])) >> 8u);
}`,
  },
  {
    name: "timesOf",
    array: "sampleInfo",
    type: "i32",
    code: `${INFO_OF}
fn timesOf(sample : i32, step : i32) -> f32 {
  let steps = select(0, infoOf(sample, ${SAMPLE_INFO.steps}), sample < uniforms.counted);
  return f32(select(select(0, 1, step < steps), steps, uniforms.isRow == 1));
}`,
  },
];

/** A function that reads a number of a step's row. */
function rowReader(name: string, array: string, units: string): string {
  return `
fn ${name}(sample : i32, step : i32, i : i32) -> f32 {
  if (step < 0 || step >= uniforms.steps) { return 0.0; }
  return ${array}[(sample * uniforms.steps + step) * uniforms.${units} + i];
}`;
}

function uniformsOf({ geometry = [], settings = [] }: OperatorCode): Record<string, NumberType> {
  return {
    ...UNIFORMS,
    ...Object.fromEntries(geometry.map((name) => [name, "i32"])),
    ...Object.fromEntries(settings.map((name) => [name, "f32"])),
  };
}

/** A kernel with the arrays and functions that its code names. */
function kernelOf(
  kind: OperatorCode,
  { name, uniforms, lines, code }: {
    readonly name: string;
    readonly uniforms: Readonly<Record<string, NumberType>>;
    /** The kind's lines in it. */
    readonly lines: string;
    /** All of it. @param bound Statements that have every array bound. */
    readonly code: (bound: string) => string;
  },
): WgslKernel<"f32"> {
  const { geometry = [], tensors = [], functions = "", gradients = {}, statistics = [] } = kind;
  const functionsOf = (names: readonly string[], suffix: string, array: string) =>
    names.map((of, row) => ({
      name: `${of}${suffix}`,
      array,
      type: "f32" as const,
      code: `
fn ${of}${suffix}(channel : i32) -> f32 { return ${array}[${row} * uniforms.${geometry[0]} + channel]; }`,
    }));
  const text = `${functions}${lines}`;
  const called = [
    ...FUNCTIONS,
    ...functionsOf(statistics.map(({ tensor }) => tensor), "Of", "statistics"),
    ...functionsOf(statistics.length > 0 ? Object.keys(gradients) : [], "SumOf", "sums"),
  ].filter(({ name }) => new RegExp(`\\b${name}\\(`).test(text));
  const read = tensors.filter((tensor) => new RegExp(`\\b${tensor}\\[`).test(text));
  const inputs: Record<string, ArrayType> = {
    ...Object.fromEntries(called.map(({ array, type }) => [array, type])),
    ...Object.fromEntries(read.map((tensor) => [tensor, "f32"])),
  };
  return {
    name,
    inputs,
    uniforms: { ...uniformsOf(kind), ...uniforms },
    result: "f32",
    code: `${called.map((helper) => helper.code).join("")}${functions}
${code(Object.keys(inputs).map((array) => `_ = ${array}[0];`).join(" "))}`,
  };
}

/**
 * Rows of the steps `begin` ≤ t < `begin` + `count`: `values` f32 `[samples, steps, valueUnits]` → result f32
 * `[samples, steps, units]`. One call for each of samples · count · units.
 */
export function operatorKernel(code: OperatorCode, direction: "forward" | "backward"): WgslKernel<"f32"> {
  return kernelOf(code, {
    name: `${direction}_${code.name}`,
    uniforms: { begin: "i32", count: "i32", units: "i32" },
    lines: code[direction],
    code: (bound) => `
fn kernel(index : i32) {
  let row = index / uniforms.units;
  let i = index - row * uniforms.units;
  let sample = row / uniforms.count;
  let step = uniforms.begin + row - sample * uniforms.count;
  var y = 0.0;
  ${bound}
  ${code[direction]}
  result[(sample * uniforms.steps + step) * uniforms.units + i] = y;
}`,
  });
}

/** Terms that one call of a kernel of sums adds up, and numbers that one call of {@linkcode SUM_PARTS} does. */
export const PART_TERMS = 256;

/**
 * Sums for each number of a tensor, in parts of {@linkcode PART_TERMS}: result f32 `[parts, numbers]`, from part `firstPart` on, of all
 * `terms`: a row's `rowTerms` follow one another, row by row. One call for each of parts · numbers.
 *
 * @param what Unique among the sums of a kind.
 */
export function operatorSumKernel(
  code: OperatorCode,
  what: string,
  { place = "", term }: Pick<SumCode, "place" | "term">,
): WgslKernel<"f32"> {
  return kernelOf(code, {
    name: `${what}_${code.name}`,
    uniforms: { firstPart: "i32", numbers: "i32", terms: "i32", rowTerms: "i32" },
    lines: `${place}${term}`,
    code: (bound) => `
fn kernel(index : i32) {
  let part = index / uniforms.numbers;
  let i = index - part * uniforms.numbers;
  let begin = (uniforms.firstPart + part) * ${PART_TERMS};
  let end = min(begin + ${PART_TERMS}, uniforms.terms);
  let row = begin / uniforms.rowTerms;
  var position = begin - row * uniforms.rowTerms;
  var sample = row / uniforms.steps;
  var step = row - sample * uniforms.steps;
  ${bound}
  ${place}
  var sum = 0.0;
  ${partsOfSum("sum").map((part) => `var ${part} = 0.0;`).join(" ")}
  for (var next = begin; next < end; next++) {
    var term = 0.0;
    ${term}
    sum += term;${carry("sum", "(next - begin + 1)")}
    position++;
    if (position == uniforms.rowTerms) {
      position = 0;
      step++;
      if (step == uniforms.steps) {
        step = 0;
        sample++;
      }
    }
  }
  result[index] = ${wholeSum("sum")};
}`,
  });
}

/** The next numbers of a tensor that follows a statistic: result f32 `[channels]`, from `averages` f32 `[channels]`. One call a channel. */
export function followKernel(code: OperatorCode, { tensor, follow }: StatisticCode): WgslKernel<"f32"> {
  return {
    name: `follow_${code.name}_${tensor}`,
    inputs: { averages: "f32" },
    uniforms: uniformsOf(code),
    result: "f32",
    code: `
fn kernel(index : i32) {
  let value = averages[index];
  let old = result[index];
  var y = 0.0;
  ${follow}
  result[index] = y;
}`,
  };
}

/** Averages: result f32 = `sums` f32 / `terms`. One call a number. */
export const AVERAGE: WgslKernel<"f32"> = {
  name: "average",
  inputs: { sums: "f32" },
  uniforms: { terms: "f32" },
  result: "f32",
  code: `fn kernel(index : i32) { result[index] = sums[index] / uniforms.terms; }`,
};
