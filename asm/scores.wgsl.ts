/** Scores of a batch's samples in WGSL: the results that the host reads back. */
import type { WgslKernel } from "./wgsl.ts";

/** Columns of a score: the bits of the loss, the predicted class, spikes of the layers below the top. */
export const SCORE = { loss: 0, prediction: 1, spikes: 2 } as const;

/** Number of columns. */
export const SCORES = 3;

/** Units that one call of {@linkcode SUM_UNITS} adds up. */
export const UNITS_TOGETHER = 1024;

/**
 * Sums a layer's spikes over {@linkcode UNITS_TOGETHER} units at a time: result f32 `[samples, parts]`, exact below 2²⁴. `scanned` is the
 * result of the layer's scan, with its spikes from `begin` on. One call a number of the result.
 */
export const SUM_UNITS: WgslKernel<"f32"> = {
  name: "sumUnits",
  inputs: { scanned: "f32" },
  uniforms: { units: "i32", parts: "i32", begin: "i32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let sample = index / uniforms.parts;
  let first = (index - sample * uniforms.parts) * ${UNITS_TOGETHER};
  let end = min(first + ${UNITS_TOGETHER}, uniforms.units);
  var spikes = 0.0;
  for (var unit = first; unit < end; unit++) { spikes += scanned[uniforms.begin + sample * uniforms.units + unit]; }
  result[index] = spikes;
}`,
};

/**
 * Writes scores of a micro-batch, with 0 spikes: result i32 `[batch, SCORES]`, from sample `offset` on. `losses` is the result of a
 * loss, for `samples` samples of `classes` classes. One call a sample that counts.
 */
export const KEEP_SCORES: WgslKernel<"i32"> = {
  name: "keepScores",
  inputs: { losses: "f32" },
  uniforms: { offset: "i32", samples: "i32", classes: "i32" },
  result: "i32",
  code: `
fn kernel(index : i32) {
  let at = ${SCORES} * (uniforms.offset + index);
  let source = 2 * uniforms.samples * uniforms.classes + index;
  result[at + ${SCORE.loss}] = bitcast<i32>(losses[source]);
  result[at + ${SCORE.prediction}] = i32(losses[source + uniforms.samples]);
  result[at + ${SCORE.spikes}] = 0;
}`,
};

/**
 * Adds a layer's spikes to the scores: the sum of `columns` numbers a sample, the spikes of each unit or of some units together (see
 * {@linkcode SUM_UNITS}), from `begin` on. One call a sample that counts.
 */
export const COUNT_SPIKES: WgslKernel<"i32"> = {
  name: "countSpikes",
  inputs: { scanned: "f32" },
  uniforms: { offset: "i32", columns: "i32", begin: "i32" },
  result: "i32",
  code: `
fn kernel(index : i32) {
  var spikes = 0;
  for (var column = 0; column < uniforms.columns; column++) {
    spikes += i32(scanned[uniforms.begin + index * uniforms.columns + column]);
  }
  result[${SCORES} * (uniforms.offset + index) + ${SCORE.spikes}] += spikes;
}`,
};

/**
 * Adds up each unit's spikes in the first `counted` samples: result i32 `[units]`, from `place` on; `keep` 0: the sums start at 0.
 * `scanned` is the result of the layer's scan, with its spikes from `begin` on. One call a unit.
 */
export const COUNT_UNIT_SPIKES: WgslKernel<"i32"> = {
  name: "countUnitSpikes",
  inputs: { scanned: "f32" },
  uniforms: { place: "i32", begin: "i32", counted: "i32", keep: "i32" },
  result: "i32",
  code: `
fn kernel(index : i32) {
  var spikes = select(0, result[uniforms.place + index], uniforms.keep == 1);
  for (var sample = 0; sample < uniforms.counted; sample++) {
    spikes += i32(scanned[uniforms.begin + sample * uniforms.invocations + index]);
  }
  result[uniforms.place + index] = spikes;
}`,
};
