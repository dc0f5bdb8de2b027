/**
 * Losses of samples, from their logits and their layers' firing rates, with their gradients, in WGSL; see loss.ts.
 *
 * `sampleInfo` is that of scan.wgsl.ts. A loss writes f32: the gradient of the logits `[samples, classes]`, 0 from sample `counted`
 * on; the log-softmax `[samples, classes]`; the loss, not scaled, `[samples]`; the class of the largest logit `[samples]`.
 */
import { INFO_OF, SAMPLE_INFO } from "./scan.wgsl.ts";
import type { WgslKernel } from "./wgsl.ts";

const SCALE_OF = `${INFO_OF}
fn scaleOf(sample : i32) -> f32 {
  return select(0.0, uniforms.share * bitcast<f32>(infoOf(sample, ${SAMPLE_INFO.scale})), sample < uniforms.counted);
}`;

/**
 * Cross-entropy of the softmax, −log softmax(logits)[label], and its gradient, share·scale·(softmax − onehot).
 *
 * `logits` f32 `[samples, classes]`. One call a sample. Exponents are relative to the largest logit, and the label's own gradient is
 * minus the sum of the others, so that nothing cancels.
 */
export const CROSS_ENTROPY: WgslKernel<"f32"> = {
  name: "crossEntropy",
  inputs: { logits: "f32", sampleInfo: "i32" },
  uniforms: { classes: "i32", counted: "i32", share: "f32" },
  result: "f32",
  code: `${SCALE_OF}
fn kernel(index : i32) {
  let row = index * uniforms.classes;
  let label = infoOf(index, ${SAMPLE_INFO.label});
  var best = 0;
  for (var i = 1; i < uniforms.classes; i++) {
    if (logits[row + i] > logits[row + best]) { best = i; }
  }
  let highest = logits[row + best];
  var sum = 0.0;
  for (var i = 0; i < uniforms.classes; i++) { sum += exp(logits[row + i] - highest); }
  let logSum = log(sum);
  let scale = scaleOf(index);
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
  result[losses + index] = -result[logProbabilities + row + label];
  result[losses + uniforms.invocations + index] = f32(best);
}`,
};

/**
 * Mean squared error of the logits, 1/C·Σ_c (z_c − y_c)², and its gradient; they overwrite those of {@linkcode CROSS_ENTROPY}.
 *
 * `correct` is y of the label's class, `incorrect` that of the others.
 */
export const MEAN_SQUARED_ERROR: WgslKernel<"f32"> = {
  name: "meanSquaredError",
  inputs: CROSS_ENTROPY.inputs,
  uniforms: { ...CROSS_ENTROPY.uniforms, correct: "f32", incorrect: "f32" },
  result: "f32",
  code: `${SCALE_OF}
fn kernel(index : i32) {
  let row = index * uniforms.classes;
  let label = infoOf(index, ${SAMPLE_INFO.label});
  let classes = f32(uniforms.classes);
  let scale = scaleOf(index);
  var sum = 0.0;
  for (var i = 0; i < uniforms.classes; i++) {
    let distance = logits[row + i] - select(uniforms.incorrect, uniforms.correct, i == label);
    sum += distance * distance;
    result[row + i] = 2.0 * distance / classes * scale;
  }
  result[2 * uniforms.invocations * uniforms.classes + index] = sum / classes;
}`,
};

/**
 * Firing rates: result f32 `[samples]`, spikes per unit and step. A sample's spikes are the sum of `columns` numbers of `scanned`, as for
 * `COUNT_SPIKES`. One call a sample.
 */
export const FIRING_RATES: WgslKernel<"f32"> = {
  name: "firingRates",
  inputs: { scanned: "f32", sampleInfo: "i32" },
  uniforms: { units: "i32", columns: "i32", begin: "i32" },
  result: "f32",
  code: `${INFO_OF}
fn kernel(index : i32) {
  var spikes = 0.0;
  for (var column = 0; column < uniforms.columns; column++) {
    spikes += scanned[uniforms.begin + index * uniforms.columns + column];
  }
  result[index] = spikes / f32(uniforms.units) / f32(infoOf(index, ${SAMPLE_INFO.steps}));
}`,
};

/** Adds weight·(r − wanted)² to each sample's loss: result is that of a loss, with its losses from `begin` on. One call a sample. */
export const ADD_RATE_LOSS: WgslKernel<"f32"> = {
  name: "addRateLoss",
  inputs: { rates: "f32" },
  uniforms: { begin: "i32", weight: "f32", wanted: "f32" },
  result: "f32",
  code: `
fn kernel(index : i32) {
  let distance = rates[index] - uniforms.wanted;
  result[uniforms.begin + index] += uniforms.weight * distance * distance;
}`,
};

/**
 * Adds share·2·weight·(r − wanted) / (units·steps) to every δo of a sample: result f32 `[samples, steps, units]`, updated up
 * to sample `counted`. One call a number.
 */
export const RATE_BACK: WgslKernel<"f32"> = {
  name: "rateBack",
  inputs: { rates: "f32", sampleInfo: "i32" },
  uniforms: { steps: "i32", units: "i32", counted: "i32", share: "f32", weight: "f32", wanted: "f32" },
  result: "f32",
  code: `${INFO_OF}
fn kernel(index : i32) {
  let sample = index / (uniforms.steps * uniforms.units);
  let pairs = f32(uniforms.units) * f32(infoOf(sample, ${SAMPLE_INFO.steps}));
  let gradient = uniforms.share * 2.0 * uniforms.weight * (rates[sample] - uniforms.wanted) / pairs;
  result[index] += select(0.0, gradient, sample < uniforms.counted);
}`,
};
