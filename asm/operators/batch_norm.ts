/**
 * Batch normalisation by channel (Ioffe & Szegedy 2015); in training over samples, steps and positions of the batch together.
 *
 *     y_t = γ·x̂_t + β,  x̂_t = (x_t − μ)/√(σ² + ε);   δx_t = γ/√(σ² + ε)·(δy_t − Σδy/N − x̂_t·Σ(δy·x̂)/N)
 *     ∂L/∂γ = Σ δy·x̂,  ∂L/∂β = Σ δy;   running: mean ← (1 − m)·mean + m·μ,  variance ← (1 − m)·variance + m·σ²·N/(N − 1)
 *
 * In training μ and σ² are the batch's, else the running ones. Sums are in f64. Where one row holds for all T steps, it counts T times.
 *
 * Tensors: γ, β, mean, variance. Geometry: C channels, P positions. Settings: m, ε. Sums: forward Σx `[C]`, Σx² `[C]`, N; back Σδy
 * `[C]`, Σδy·x̂ `[C]`, N. Workspace: 4 words, and then tables of a number a channel, each padded to whole vectors: μ, 1/√(σ² + ε), γ/√(σ² + ε), and of δx what
 * x − μ is multiplied by, and what is added.
 */
import {
  geometryOf,
  gradientOf,
  inputGradientsAt,
  inputsAt,
  Operator,
  outputGradientsAt,
  outputsAt,
  settingOf,
  tensorOf,
} from "../operator";
import { storeSome } from "../listed_rows";

const MEANS: i32 = 0, INVERSES: i32 = 1, FACTORS: i32 = 2, SLOPES: i32 = 3, SHIFTS: i32 = 4, TABLES: i32 = 5;

/** Bytes of a table. */
function tableBytes(channels: i32): usize {
  return <usize> (channels + 3 & ~3) << 2;
}

function tableOf(operator: Operator, table: i32): usize {
  return operator.workspace + 16 + <usize> table * tableBytes(geometryOf(operator, 0));
}

/** Words of the workspace, by a geometry. */
export function workspaceBatchNorm(geometry: usize): i32 {
  return 4 + TABLES * <i32> (tableBytes(load<i32>(geometry)) >> 2);
}

/** How many times a row counts. */
function repeatsOf(operator: Operator): f64 {
  return operator.inputStride == 0 ? <f64> operator.steps : 1;
}

/** Adds to the sums of a sample, of four channels at a time: Σ a `[C]`, Σ a·b `[C]`. */
function addSums(
  operator: Operator,
  channel: i32,
  first: v128,
  second: v128,
  third: v128,
  fourth: v128,
): void {
  const channels = geometryOf(operator, 0), at = operator.sums, repeats = repeatsOf(operator);
  for (let lane = 0; lane < min(4, channels - channel); lane++) {
    const a = at + (<usize> (channel + lane) << 3), b = a + (<usize> channels << 3);
    store<f64>(a, repeats * laneOf(lane, first, second));
    store<f64>(b, repeats * laneOf(lane, third, fourth));
  }
}

function laneOf(lane: i32, low: v128, high: v128): f64 {
  if (lane == 0) return f64x2.extract_lane(low, 0);
  if (lane == 1) return f64x2.extract_lane(low, 1);
  return lane == 2 ? f64x2.extract_lane(high, 0) : f64x2.extract_lane(high, 1);
}

/** The upper two lanes. */
function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

/** A sample's Σx, Σx² and N. */
export function sumsBatchNorm(operator: Operator, from: i32, to: i32): void {
  const channels = geometryOf(operator, 0), positions = geometryOf(operator, 1);
  const pixel = <usize> channels << 2;
  for (let channel = 0; channel < channels; channel += 4) {
    let s0 = f64x2.splat(0), s1 = s0, q0 = s0, q1 = s0;
    for (let step = from; step < to; step++) {
      let at = inputsAt(operator, step) + (<usize> channel << 2);
      for (let position = 0; position < positions; position++, at += pixel) {
        const x = v128.load(at), low = f64x2.promote_low_f32x4(x), high = f64x2.promote_low_f32x4(upper(x));
        s0 = f64x2.add(s0, low), s1 = f64x2.add(s1, high);
        q0 = f64x2.add(q0, f64x2.mul(low, low)), q1 = f64x2.add(q1, f64x2.mul(high, high));
      }
    }
    addSums(operator, channel, s0, s1, q0, q1);
  }
  putCount(operator, to - from);
}

/** Writes N of a sample, behind its other sums. */
function putCount(operator: Operator, rows: i32): void {
  const at = operator.sums + (<usize> (2 * geometryOf(operator, 0)) << 3);
  store<f64>(at, repeatsOf(operator) * <f64> (rows * geometryOf(operator, 1)));
}

/** Takes the batch's sums: tables, and the running statistics after it. */
export function settleBatchNorm(operator: Operator, _from: i32, _to: i32): void {
  const channels = geometryOf(operator, 0), sums = operator.sums;
  const count = load<f64>(sums + (<usize> (2 * channels) << 3)), momentum = <f64> settingOf(operator, 0);
  const means = tensorOf(operator, 2), variances = tensorOf(operator, 3);
  for (let channel = 0; channel < channels; channel++) {
    const at = <usize> channel << 2, sum = sums + (<usize> channel << 3);
    const mean = load<f64>(sum) / count;
    const variance = max<f64>(0, load<f64>(sum + (<usize> channels << 3)) / count - mean * mean);
    putTables(operator, channel, mean, variance);
    const unbiased = variance * count / max<f64>(1, count - 1);
    store<f32>(means + at, <f32> ((1 - momentum) * <f64> load<f32>(means + at) + momentum * mean));
    store<f32>(
      variances + at,
      <f32> ((1 - momentum) * <f64> load<f32>(variances + at) + momentum * unbiased),
    );
  }
  store<i32>(operator.workspace, 1);
}

function putTables(operator: Operator, channel: i32, mean: f64, variance: f64): void {
  const at = <usize> channel << 2, inverse = 1 / Math.sqrt(variance + <f64> settingOf(operator, 1));
  store<f32>(tableOf(operator, MEANS) + at, <f32> mean);
  store<f32>(tableOf(operator, INVERSES) + at, <f32> inverse);
  store<f32>(tableOf(operator, FACTORS) + at, <f32> (inverse * <f64> load<f32>(tensorOf(operator, 0) + at)));
}

export function forwardBatchNorm(operator: Operator, from: i32, to: i32): void {
  const channels = geometryOf(operator, 0), positions = geometryOf(operator, 1);
  if (load<i32>(operator.workspace) == 0) {
    const means = tensorOf(operator, 2), variances = tensorOf(operator, 3);
    for (let channel = 0; channel < channels; channel++) {
      const at = <usize> channel << 2;
      putTables(operator, channel, load<f32>(means + at), load<f32>(variances + at));
    }
    store<i32>(operator.workspace, 1);
  }
  const means = tableOf(operator, MEANS),
    factors = tableOf(operator, FACTORS),
    shifts = tensorOf(operator, 1);
  for (let step = from; step < to; step++) {
    let x = inputsAt(operator, step), y = outputsAt(operator, step);
    for (let position = 0; position < positions; position++) {
      for (let channel = 0; channel < channels; channel += 4) {
        const at = <usize> channel << 2, left = min(channels - channel, 4);
        const away = f32x4.sub(v128.load(x), v128.load(means + at));
        storeSome(y, f32x4.add(f32x4.mul(away, v128.load(factors + at)), v128.load(shifts + at)), left);
        x += <usize> left << 2, y += <usize> left << 2;
      }
    }
  }
}

/** A sample's Σδy and Σδy·x̂. Where one row holds for all steps δy is a sum over them. */
export function sumsBackBatchNorm(operator: Operator, from: i32, to: i32): void {
  const channels = geometryOf(operator, 0), positions = geometryOf(operator, 1);
  const means = tableOf(operator, MEANS),
    inverses = tableOf(operator, INVERSES),
    pixel = <usize> channels << 2;
  for (let channel = 0; channel < channels; channel += 4) {
    const offset = <usize> channel << 2,
      mean = v128.load(means + offset),
      inverse = v128.load(inverses + offset);
    let s0 = f64x2.splat(0), s1 = s0, q0 = s0, q1 = s0;
    for (let step = from; step < to; step++) {
      let x = inputsAt(operator, step) + offset, dy = outputGradientsAt(operator, step) + offset;
      for (let position = 0; position < positions; position++, x += pixel, dy += pixel) {
        const delta = v128.load(dy);
        const low = f64x2.promote_low_f32x4(delta), high = f64x2.promote_low_f32x4(upper(delta));
        const norm = f32x4.mul(f32x4.sub(v128.load(x), mean), inverse);
        s0 = f64x2.add(s0, low), s1 = f64x2.add(s1, high);
        q0 = f64x2.add(q0, f64x2.mul(low, f64x2.promote_low_f32x4(norm)));
        q1 = f64x2.add(q1, f64x2.mul(high, f64x2.promote_low_f32x4(upper(norm))));
      }
    }
    const sums = operator.sums;
    for (let lane = 0; lane < min(4, channels - channel); lane++) {
      const at = sums + (<usize> (channel + lane) << 3);
      store<f64>(at, laneOf(lane, s0, s1)), store<f64>(at + (<usize> channels << 3), laneOf(lane, q0, q1));
    }
  }
  putCount(operator, to - from);
}

/** From a sample's sums, which {@link sumsBackBatchNorm} has left. */
export function weightGradientBatchNorm(operator: Operator, _from: i32, _to: i32): void {
  const channels = geometryOf(operator, 0), sums = operator.sums;
  const factors = gradientOf(operator, 0), shifts = gradientOf(operator, 1);
  for (let channel = 0; channel < channels; channel++) {
    const at = <usize> channel << 2, sum = sums + (<usize> channel << 3);
    store<f32>(shifts + at, load<f32>(shifts + at) + <f32> load<f64>(sum));
    store<f32>(factors + at, load<f32>(factors + at) + <f32> load<f64>(sum + (<usize> channels << 3)));
  }
}

/** Takes the batch's sums of the backward pass. */
export function settleBackBatchNorm(operator: Operator, _from: i32, _to: i32): void {
  const channels = geometryOf(operator, 0), sums = operator.sums, repeats = repeatsOf(operator);
  const count = load<f64>(sums + (<usize> (2 * channels) << 3));
  for (let channel = 0; channel < channels; channel++) {
    const at = <usize> channel << 2, sum = sums + (<usize> channel << 3);
    const factor = repeats / count * <f64> load<f32>(tableOf(operator, FACTORS) + at);
    const slope = factor * load<f64>(sum + (<usize> channels << 3));
    store<f32>(
      tableOf(operator, SLOPES) + at,
      <f32> (-slope * <f64> load<f32>(tableOf(operator, INVERSES) + at)),
    );
    store<f32>(tableOf(operator, SHIFTS) + at, <f32> (-factor * load<f64>(sum)));
  }
}

export function backwardBatchNorm(operator: Operator, from: i32, to: i32): void {
  const channels = geometryOf(operator, 0), positions = geometryOf(operator, 1);
  const means = tableOf(operator, MEANS), factors = tableOf(operator, FACTORS);
  const slopes = tableOf(operator, SLOPES), shifts = tableOf(operator, SHIFTS);
  for (let step = from; step < to; step++) {
    let x = inputsAt(operator, step),
      dy = outputGradientsAt(operator, step),
      dx = inputGradientsAt(operator, step);
    for (let position = 0; position < positions; position++) {
      for (let channel = 0; channel < channels; channel += 4) {
        const at = <usize> channel << 2, left = min(channels - channel, 4);
        const away = f32x4.sub(v128.load(x), v128.load(means + at));
        let delta = f32x4.mul(v128.load(factors + at), v128.load(dy));
        delta = f32x4.add(delta, f32x4.mul(v128.load(slopes + at), away));
        storeSome(dx, f32x4.add(delta, v128.load(shifts + at)), left);
        x += <usize> left << 2, dy += <usize> left << 2, dx += <usize> left << 2;
      }
    }
  }
}
