/**
 * Products of one step of time, for loops: a node's currents need outputs of the step before. Weights lie by input,
 * `[inputs][units]`, as those of any product of spikes: an output meets one contiguous row. In the backward pass all units meet all weights,
 * so four samples go side by side, and share their loads.
 */
import { madd, sumLanes } from "./lanes";
import { listRow } from "./panel_rows";
import { sumRows } from "./spike_rows";

/**
 * y[n] = b[n] + Σ_m x_m·W[n, m], over the inputs that are not 0.
 *
 * @param x f32 `[inputs]`.
 * @param weights f32 `[inputs][units]`.
 * @param bias f32 `[units]`; 0: none.
 * @param inputs A multiple of 4.
 * @param y f32 `[units]`, written.
 * @param units A multiple of 4, padding included.
 * @param list i32 `[inputs]`, written: the inputs that are not 0; `numbers` bytes behind each its number, f32.
 * @returns How many these are.
 */
export function productStep(
  x: usize,
  weights: usize,
  bias: usize,
  y: usize,
  inputs: i32,
  units: i32,
  list: usize,
  numbers: i32,
): i32 {
  const count = listRow(x, inputs, list, numbers >> 2);
  sumRows(list, list + <usize> numbers, count, weights, bias, y, <usize> units << 2);
  return count;
}

/**
 * The backward pass of one step: δx[m] = Σ_n W[n, m]·δy[n].
 *
 * @param gradients f32 `[units]`, δy.
 * @param weights f32 `[inputs][units]`.
 * @param inputGradients f32 `[inputs]`, δx, written; the padding too, whose weights are 0.
 * @param inputs A multiple of 4, padding included.
 * @param units A multiple of 4, padding included.
 */
export function productStepBack(
  gradients: usize,
  weights: usize,
  inputGradients: usize,
  inputs: i32,
  units: i32,
): void {
  const row = <usize> units << 2, end = <usize> inputs << 2;
  for (let at: usize = 0; at < end; at += 16, weights += row << 2) {
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (let column: usize = 0; column < row; column += 16) {
      const delta = v128.load(gradients + column), w = weights + column;
      a = madd(v128.load(w), delta, a);
      b = madd(v128.load(w + row), delta, b);
      c = madd(v128.load(w + row * 2), delta, c);
      d = madd(v128.load(w + row * 3), delta, d);
    }
    v128.store(inputGradients + at, f32x4(sumLanes(a), sumLanes(b), sumLanes(c), sumLanes(d)));
  }
}

/**
 * Packs a row of each of four samples for a product of them: x[n] = (a[n], b[n], c[n], d[n]).
 *
 * @param a f32 `[units]`; so are the others.
 * @param units A multiple of 4.
 * @param x f32 `[units][4]`, written.
 */
export function packFour(a: usize, b: usize, c: usize, d: usize, units: i32, x: usize): void {
  for (const end = x + (<usize> units << 4); x < end; x += 64, a += 16, b += 16, c += 16, d += 16) {
    const p = v128.load(a), q = v128.load(b), r = v128.load(c), s = v128.load(d);
    const pq = v128.shuffle<f32>(p, q, 0, 4, 1, 5), PQ = v128.shuffle<f32>(p, q, 2, 6, 3, 7);
    const rs = v128.shuffle<f32>(r, s, 0, 4, 1, 5), RS = v128.shuffle<f32>(r, s, 2, 6, 3, 7);
    v128.store(x, v128.shuffle<f32>(pq, rs, 0, 1, 4, 5)),
      v128.store(x, v128.shuffle<f32>(pq, rs, 2, 3, 6, 7), 16);
    v128.store(x, v128.shuffle<f32>(PQ, RS, 0, 1, 4, 5), 32);
    v128.store(x, v128.shuffle<f32>(PQ, RS, 2, 3, 6, 7), 48);
  }
}

/**
 * Adds one sample's row of a product of four: to[n] += panels[n].
 *
 * @param panels f32 `[⌈units / 8⌉][4][8]`, from the sample's first row on.
 * @param distances f32 `[units]`, u' − θ: only units that spike are added to; 0: all are.
 * @param units A multiple of 4.
 * @param to f32 `[units]`, added to.
 */
export function addRowOfFour(panels: usize, distances: usize, units: i32, to: usize): void {
  const row = <usize> units << 2;
  for (let at: usize = 0; at < row; at += 16) {
    let sum = v128.load(panels + ((at >> 5) << 7) + (at & 16));
    if (distances != 0) sum = v128.and(sum, f32x4.gt(v128.load(distances + at), f32x4.splat(0)));
    v128.store(to + at, f32x4.add(v128.load(to + at), sum));
  }
}
