/**
 * Batch normalisation by channel in WGSL; batch_norm.ts.
 *
 *     y_t = γ·x̂_t + β,  x̂_t = (x_t − μ)/√(σ² + ε);   δx_t = γ/√(σ² + ε)·(δy_t − Σδy/N − x̂_t·Σ(δy·x̂)/N)
 *     ∂L/∂γ = Σ δy·x̂,  ∂L/∂β = Σ δy;   running: mean ← (1 − m)·mean + m·μ,  variance ← (1 − m)·variance + m·σ²·N/(N − 1)
 *
 * There is no float64 on a device: so μ comes first, and σ² is the average of (x − μ)².
 */
import type { OperatorCode } from "../operator.wgsl.ts";

export const BATCH_NORM: OperatorCode = {
  name: "batchNorm",
  geometry: ["channels", "positions"],
  settings: ["momentum", "epsilon"],
  tensors: ["weight", "bias", "mean", "variance"],
  functions: `
fn inverseOf(channel : i32) -> f32 { return 1.0 / sqrt(varianceOf(channel) + uniforms.epsilon); }
fn normalised(x : f32, channel : i32) -> f32 { return (x - meanOf(channel)) * inverseOf(channel); }`,
  forward: `
  let channel = i / uniforms.positions;
  y = weight[channel] * normalised(valueAt(sample, step, i), channel) + bias[channel];`,
  backward: `
  let channel = i / uniforms.positions;
  let times = timesOf(sample, step);
  if (times > 0.0) {
    let x = normalised(inputAt(sample, step, i), channel);
    let mean = (biasSumOf(channel) + x * weightSumOf(channel)) / uniforms.batchTerms;
    y = weight[channel] * inverseOf(channel) * (valueAt(sample, step, i) - times * mean);
  }`,
  gradients: {
    weight: {
      over: "positions",
      term: `
    if (timesOf(sample, step) > 0.0) {
      let at = i * uniforms.positions + position;
      term = valueAt(sample, step, at) * normalised(inputAt(sample, step, at), i);
    }`,
    },
    bias: {
      over: "positions",
      term: `
    if (timesOf(sample, step) > 0.0) { term = valueAt(sample, step, i * uniforms.positions + position); }`,
    },
  },
  statistics: [
    {
      tensor: "mean",
      term: `
    let times = timesOf(sample, step);
    if (times > 0.0) { term = times * valueAt(sample, step, i * uniforms.positions + position); }`,
      follow: `y = (1.0 - uniforms.momentum) * old + uniforms.momentum * value;`,
    },
    {
      tensor: "variance",
      term: `
    let times = timesOf(sample, step);
    if (times > 0.0) {
      let away = valueAt(sample, step, i * uniforms.positions + position) - meanOf(i);
      term = times * away * away;
    }`,
      follow: `
  let unbiased = value * (uniforms.batchTerms / max(1.0, uniforms.batchTerms - 1.0));
  y = (1.0 - uniforms.momentum) * old + uniforms.momentum * unbiased;`,
    },
  ],
};
