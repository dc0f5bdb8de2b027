/**
 * Scores of a batch, sample by sample, in WGSL: the results that the host reads back.
 *
 * @module
 */
import type { WgslKernel } from "./wgsl.ts";

/** Columns of a score: the bits of the loss, the class that was named, spikes of the layers below the top. */
export const SCORE = { loss: 0, prediction: 1, spikes: 2 } as const;

/** How many columns there are. */
export const SCORES = 3;

/**
 * Scores of some samples of a batch: result i32 `[batch, SCORES]`, from sample `offset` on, with 0 spikes.
 *
 * `losses` is the result of a loss, for `samples` samples of `classes` classes. One call a sample that counts.
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
 * Adds a layer's spikes to the scores.
 *
 * `scanned` is the result of the layer's scan, its spikes from `begin` on. One call a sample that counts.
 */
export const COUNT_SPIKES: WgslKernel<"i32"> = {
  name: "countSpikes",
  inputs: { scanned: "f32" },
  uniforms: { offset: "i32", units: "i32", begin: "i32" },
  result: "i32",
  code: `
fn kernel(index : i32) {
  var spikes = 0;
  for (var unit = 0; unit < uniforms.units; unit++) {
    spikes += i32(scanned[uniforms.begin + index * uniforms.units + unit]);
  }
  result[${SCORES} * (uniforms.offset + index) + ${SCORE.spikes}] += spikes;
}`,
};

/** Keeps the logits of some samples of a batch: result f32 `[batch, classes]`, from `begin` on. One call a logit that counts. */
export const KEEP_LOGITS: WgslKernel<"f32"> = {
  name: "keepLogits",
  inputs: { logits: "f32" },
  uniforms: { begin: "i32" },
  result: "f32",
  code: `fn kernel(index : i32) { result[uniforms.begin + index] = logits[index]; }`,
};

/**
 * Adds a layer's spikes, unit by unit: result i32, from `place` on `[units]`; `keep` 0: they begin anew.
 *
 * `scanned` is the result of the layer's scan, its spikes from `begin` on, of which the first `counted` samples count. One call a unit.
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
