/**
 * From the last layer's states to logits, from logits to the loss and its gradient, and what came out of a batch; readout.ts.
 *
 * @module
 */
import type { WgslKernel } from "./wgsl.ts";

/**
 * Sums membrane potentials over the steps that are read: result f32 `[samples, classes]` = scale·Σ_{first ≤ t ≤ last} u_t.
 *
 * `scanned` is the result of a scan that kept its potentials. One call for each of samples · classes.
 */
export const READ_STATES: WgslKernel<"f32"> = {
  name: "readStates",
  inputs: { scanned: "f32" },
  uniforms: { steps: "i32", classes: "i32", first: "i32", last: "i32", scale: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let sample = index / uniforms.classes;
  let potentials = uniforms.invocations * (uniforms.steps + 1);
  var at = potentials + (sample * uniforms.steps + uniforms.first) * uniforms.classes
    + index - sample * uniforms.classes;
  var sum = 0.0;
  for (var step = uniforms.first; step <= uniforms.last; step++) {
    sum += scanned[at];
    at += uniforms.classes;
  }
  result[index] = uniforms.scale * sum;
}`,
};

/**
 * Cross-entropy of the softmax: −log softmax(logits)[label], and its gradient.
 *
 * `logits` f32 `[samples, classes]`; `labels` i32 `[samples]`. result f32: scale·(softmax − onehot) `[samples, classes]`, 0 from
 * sample `counted` on; log-softmax `[samples, classes]`; the loss, not scaled `[samples]`; the class of the largest logit, the
 * first of equals, `[samples]`. One call a sample.
 *
 * Relative to the largest logit throughout, and the label's own gradient is minus the sum of the others: nothing cancels.
 */
export const CROSS_ENTROPY: WgslKernel<"f32"> = {
  name: "crossEntropy",
  inputs: { logits: "f32", labels: "i32" },
  uniforms: { classes: "i32", counted: "i32", scale: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let row = index * uniforms.classes;
  let label = labels[index];
  var best = 0;
  for (var i = 1; i < uniforms.classes; i++) {
    if (logits[row + i] > logits[row + best]) { best = i; }
  }
  let highest = logits[row + best];
  var sum = 0.0;
  for (var i = 0; i < uniforms.classes; i++) { sum += exp(logits[row + i] - highest); }
  let logSum = log(sum);
  let scale = select(0.0, uniforms.scale, index < uniforms.counted);
  let logProbabilities = uniforms.invocations * uniforms.classes;
  var others = 0.0;
  for (var i = 0; i < uniforms.classes; i++) {
    result[logProbabilities + row + i] = logits[row + i] - highest - logSum;
    let probability = exp(logits[row + i] - highest) / sum;
    if (i != label) {
      others += probability;
      result[row + i] = scale * probability;
    }
  }
  result[row + label] = -scale * others;
  let losses = 2 * logProbabilities;
  result[losses + index] = result[logProbabilities + row + label] * -1.0;
  result[losses + uniforms.invocations + index] = f32(best);
}`,
};

/**
 * What came out of some samples of a batch: result i32 `[batch, 3]`, from sample `offset` on: the bits of the loss, the class
 * that was named, and 0 spikes.
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
  let at = 3 * (uniforms.offset + index);
  let source = 2 * uniforms.samples * uniforms.classes + index;
  result[at] = bitcast<i32>(losses[source]);
  result[at + 1] = i32(losses[source + uniforms.samples]);
  result[at + 2] = 0;
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
 * Adds a layer's spikes to those of some samples of a batch, in the result of `KEEP_SCORES`.
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
  result[3 * (uniforms.offset + index) + 2] += spikes;
}`,
};
