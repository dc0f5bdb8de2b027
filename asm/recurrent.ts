/**
 * Products of one step of time, for loops: a node's currents need outputs of the step before. Weights lie by input,
 * `[inputs][units]`, as those of any product of spikes: an output meets one contiguous row.
 */
import { madd, sumLanes } from "./lanes";
import { sumRows } from "./spike_rows";

/**
 * y[n] = b[n] + Σ_m x_m·W[n, m], over the inputs that are not 0.
 *
 * @param x f32 `[inputs]`.
 * @param weights f32 `[inputs][units]`.
 * @param bias f32 `[units]`; 0: none.
 * @param y f32 `[units]`, written.
 * @param units A multiple of 4, padding included.
 * @param scratch `[2][inputs]` words, written.
 */
export function productStep(
  x: usize,
  weights: usize,
  bias: usize,
  y: usize,
  inputs: i32,
  units: i32,
  scratch: usize,
): void {
  const values = scratch + (<usize> inputs << 2);
  let count: usize = 0;
  for (let input = 0; input < inputs; input++, x += 4) {
    const value = load<f32>(x);
    store<i32>(scratch + count, input);
    store<f32>(values + count, value);
    count += <usize> i32(value != 0) << 2;
  }
  sumRows(scratch, values, <i32> (count >> 2), weights, bias, y, <usize> units << 2);
}

/**
 * The backward pass of one step: δx[m] += Σ_n W[n, m]·δy[n].
 *
 * @param gradients f32 `[units]`, δy.
 * @param weights f32 `[inputs][units]`.
 * @param inputGradients f32 `[inputs]`, δx, added to.
 * @param distances f32 `[inputs]`, u' − θ: only inputs that spike are added to; 0: all are, and so is the padding, whose weights are 0.
 * @param inputs A multiple of 4, padding included.
 * @param units A multiple of 4, padding included.
 */
export function productStepBack(
  gradients: usize,
  weights: usize,
  inputGradients: usize,
  distances: usize,
  inputs: i32,
  units: i32,
): void {
  const row = <usize> units << 2, end = <usize> inputs << 2;
  for (let at: usize = 0; at < end; at += 16, weights += row << 2) {
    if (distances != 0 && !v128.any_true(f32x4.gt(v128.load(distances + at), f32x4.splat(0)))) continue;
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let column: usize = 0; column < row; column += 16) {
      const delta = v128.load(gradients + column), w = weights + column;
      a = madd(v128.load(w), delta, a);
      b = madd(v128.load(w + row), delta, b);
      c = madd(v128.load(w + row * 2), delta, c);
      d = madd(v128.load(w + row * 3), delta, d);
    }
    let sums = f32x4(sumLanes(a), sumLanes(b), sumLanes(c), sumLanes(d));
    if (distances != 0) sums = v128.and(sums, f32x4.gt(v128.load(distances + at), f32x4.splat(0)));
    v128.store(inputGradients + at, f32x4.add(v128.load(inputGradients + at), sums));
  }
}
