/**
 * Recurrent currents: V·o_{t-1}. V lies by input, `[units][units]`, as the weights of a layer fed by spikes, so that an output
 * multiplies one contiguous row.
 */
import { madd, sumLanes } from "./lanes";
import { sumRows } from "./spike_rows";

/**
 * Computes one step: to[n] = Σ_m o_m·V[n, m], over the outputs that are not 0.
 *
 * @param outputs f32 `[units]`, o_{t-1}.
 * @param weights f32 `[units][units]`, by input.
 * @param to f32 `[units]`, written.
 * @param units A multiple of 4, padding included.
 * @param scratch `[2][units]` words, written.
 */
export function feedBack(outputs: usize, weights: usize, to: usize, units: i32, scratch: usize): void {
  const row = <usize> units << 2;
  const values = scratch + row;
  let count: usize = 0;
  for (let unit = 0; unit < units; unit++, outputs += 4) {
    const o = load<f32>(outputs);
    store<i32>(scratch + count, unit);
    store<f32>(values + count, o);
    count += <usize> i32(o != 0) << 2;
  }
  sumRows(scratch, values, <i32> (count >> 2), weights, 0, to, row);
}

/**
 * The backward pass of one step: δo_t[m] += Σ_n V[n, m]·δI_{t+1}[n].
 *
 * @param currentGradients f32 `[units]`, δI_{t+1}.
 * @param weights f32 `[units][units]`, by input.
 * @param outputGradients f32 `[units]`, δo_t, added to.
 * @param distances f32 `[units]`, u' − θ: only units that spike are added to; 0: all are, including the padding, whose weights are 0.
 * @param units A multiple of 4, padding included.
 */
export function feedBackGradient(
  currentGradients: usize,
  weights: usize,
  outputGradients: usize,
  distances: usize,
  units: i32,
): void {
  const row = <usize> units << 2;
  for (let at: usize = 0; at < row; at += 16, weights += row << 2) {
    if (distances != 0 && !v128.any_true(f32x4.gt(v128.load(distances + at), f32x4.splat(0)))) continue;
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let column: usize = 0; column < row; column += 16) {
      const delta = v128.load(currentGradients + column), w = weights + column;
      a = madd(v128.load(w), delta, a);
      b = madd(v128.load(w + row), delta, b);
      c = madd(v128.load(w + row * 2), delta, c);
      d = madd(v128.load(w + row * 3), delta, d);
    }
    let sums = f32x4(sumLanes(a), sumLanes(b), sumLanes(c), sumLanes(d));
    if (distances != 0) sums = v128.and(sums, f32x4.gt(v128.load(distances + at), f32x4.splat(0)));
    v128.store(outputGradients + at, f32x4.add(v128.load(outputGradients + at), sums));
  }
}
