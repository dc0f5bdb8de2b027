/**
 * Products that compute currents from inputs: I = X·Wᵀ + b, with a sample's steps as rows.
 *
 * Weights are packed into panels of 8 units, `[⌈units / 8⌉][inputs][8]`, so that two vectors hold the weights of one input. Each
 * output is the plain sum over inputs in ascending order, beginning with the bias, for every tile and position in a panel: the bits
 * of a current do not depend on which other units are computed.
 */
import { madd } from "./lanes";

/**
 * Packs selected rows of a weight matrix, each times the sample's features, and their biases, into panels.
 *
 * @param features f32 `[inputs]`.
 * @param weights f32 `[units, inputs]`.
 * @param bias f32 `[units]`.
 * @param selected i32 `[panelCount · 8]`, the rows to pack, in order.
 * @param panels f32 `[panelCount][inputs][8]`, written.
 * @param packedBias f32 `[panelCount][8]`, written.
 * @param inputs A multiple of 4.
 */
export function packPanels(
  features: usize,
  weights: usize,
  bias: usize,
  selected: usize,
  panelCount: i32,
  panels: usize,
  packedBias: usize,
  inputs: i32,
): void {
  const row = <usize> inputs << 2;
  for (let panel = 0; panel < panelCount; panel++) {
    for (let lane: usize = 0; lane < 32; lane += 16, selected += 16) {
      let a = weights + <usize> load<i32>(selected) * row;
      let b = weights + <usize> load<i32>(selected, 4) * row;
      let c = weights + <usize> load<i32>(selected, 8) * row;
      let d = weights + <usize> load<i32>(selected, 12) * row;
      let to = panels + lane;
      for (let x = features, end = x + row; x < end; x += 16, a += 16, b += 16, c += 16, d += 16, to += 128) {
        const xs = v128.load(x);
        const wa = f32x4.mul(xs, v128.load(a)), wb = f32x4.mul(xs, v128.load(b));
        const wc = f32x4.mul(xs, v128.load(c)), wd = f32x4.mul(xs, v128.load(d));
        const ab = v128.shuffle<f32>(wa, wb, 0, 4, 1, 5);
        const AB = v128.shuffle<f32>(wa, wb, 2, 6, 3, 7);
        const cd = v128.shuffle<f32>(wc, wd, 0, 4, 1, 5);
        const CD = v128.shuffle<f32>(wc, wd, 2, 6, 3, 7);
        v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
        v128.store(to, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 32);
        v128.store(to, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5), 64);
        v128.store(to, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7), 96);
      }
      for (let i: usize = 0; i < 16; i += 4) {
        store<f32>(packedBias + lane + i, load<f32>(bias + (<usize> load<i32>(selected + i) << 2)));
      }
    }
    panels += row << 3;
    packedBias += 32;
  }
}

/**
 * f32 product, tile 4 × 8 with splats by shuffle: I[t, n] = b[n] + Σ_k X[t, k]·W[n, k].
 *
 * @param x f32 `[steps / 4][inputs][4]`.
 * @param panels f32 `[⌈units / 8⌉][inputs][8]`.
 * @param bias f32 `[⌈units / 8⌉][8]`.
 * @param currents f32 `[⌈units / 8⌉][steps][8]`, written; of a last panel of 4 units or fewer only the first 4 lanes.
 * @param steps A multiple of 4.
 */
export function matmulF32(
  x: usize,
  panels: usize,
  bias: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
  units: i32,
): void {
  const panelBytes = <usize> inputs << 5;
  for (; units > 0; units -= 8, panels += panelBytes, bias += 32, currents += <usize> steps << 5) {
    if (units > 4) product4x8(x, panels, bias, currents, steps, inputs);
    else product8x4(x, panels, bias, currents, steps, inputs);
  }
}

/** `matmulF32` with splats by load, for machines and runtimes on which a load costs less than a shuffle. */
export function matmulF32Loads(
  x: usize,
  panels: usize,
  bias: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
  units: i32,
): void {
  const panelBytes = <usize> inputs << 5;
  for (; units > 0; units -= 8, panels += panelBytes, bias += 32, currents += <usize> steps << 5) {
    if (units > 4) product4x8Loads(x, panels, bias, currents, steps, inputs);
    else product8x4(x, panels, bias, currents, steps, inputs);
  }
}

/**
 * One panel, tile 4 steps × 8 units.
 *
 * Eight accumulators, two vectors of weights, one of inputs splat lane by lane: 8 multiply-adds for 3 loads. The loop over
 * inputs is not unrolled; in V8 unrolling by two costs a third (docs/performance.md).
 */
function product4x8(x: usize, panel: usize, bias: usize, currents: usize, steps: i32, inputs: i32): void {
  const b0 = v128.load(bias), b1 = v128.load(bias, 16);
  const end = panel + (<usize> inputs << 5);
  for (let step = 0; step < steps; step += 4) {
    let a0 = b0, a1 = b0, a2 = b0, a3 = b0;
    let c0 = b1, c1 = b1, c2 = b1, c3 = b1;
    for (let w = panel; w < end; w += 32, x += 16) {
      const xs = v128.load(x), w0 = v128.load(w), w1 = v128.load(w, 16);
      let s = v128.shuffle<f32>(xs, xs, 0, 0, 0, 0);
      a0 = madd(s, w0, a0), c0 = madd(s, w1, c0);
      s = v128.shuffle<f32>(xs, xs, 1, 1, 1, 1);
      a1 = madd(s, w0, a1), c1 = madd(s, w1, c1);
      s = v128.shuffle<f32>(xs, xs, 2, 2, 2, 2);
      a2 = madd(s, w0, a2), c2 = madd(s, w1, c2);
      s = v128.shuffle<f32>(xs, xs, 3, 3, 3, 3);
      a3 = madd(s, w0, a3), c3 = madd(s, w1, c3);
    }
    v128.store(currents, a0), v128.store(currents, c0, 16);
    v128.store(currents, a1, 32), v128.store(currents, c1, 48);
    v128.store(currents, a2, 64), v128.store(currents, c2, 80);
    v128.store(currents, a3, 96), v128.store(currents, c3, 112);
    currents += 128;
  }
}

/** One panel, tile 4 steps × 8 units: 8 multiply-adds for 6 loads and no shuffle. */
function product4x8Loads(
  x: usize,
  panel: usize,
  bias: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
): void {
  const b0 = v128.load(bias), b1 = v128.load(bias, 16);
  const end = panel + (<usize> inputs << 5);
  for (let step = 0; step < steps; step += 4) {
    let a0 = b0, a1 = b0, a2 = b0, a3 = b0;
    let c0 = b1, c1 = b1, c2 = b1, c3 = b1;
    for (let w = panel; w < end; w += 32, x += 16) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      let s = v128.load32_splat(x);
      a0 = madd(s, w0, a0), c0 = madd(s, w1, c0);
      s = v128.load32_splat(x, 4);
      a1 = madd(s, w0, a1), c1 = madd(s, w1, c1);
      s = v128.load32_splat(x, 8);
      a2 = madd(s, w0, a2), c2 = madd(s, w1, c2);
      s = v128.load32_splat(x, 12);
      a3 = madd(s, w0, a3), c3 = madd(s, w1, c3);
    }
    v128.store(currents, a0), v128.store(currents, c0, 16);
    v128.store(currents, a1, 32), v128.store(currents, c1, 48);
    v128.store(currents, a2, 64), v128.store(currents, c2, 80);
    v128.store(currents, a3, 96), v128.store(currents, c3, 112);
    currents += 128;
  }
}

/**
 * Lists the columns that are not 0 at every step.
 *
 * @param rows f32 `[steps][columns]`.
 * @param columns A multiple of 4.
 * @param list i32 `[columns]`, written: four times the place of each, in floats of X.
 * @returns How many there are.
 */
export function listColumnsInUse(rows: usize, steps: i32, columns: i32, list: usize): i32 {
  const row = <usize> columns << 2, zero = f32x4.splat(0);
  let count: usize = 0;
  for (let column: usize = 0; column < row; column += 16) {
    let used = zero, at = rows + column;
    for (let step = 0; step < steps; step++, at += row) used = v128.or(used, f32x4.ne(v128.load(at), zero));
    for (let mask = i32x4.bitmask(used); mask != 0; mask &= mask - 1) {
      store<i32>(list + count, (<i32> (column >> 2) + ctz(mask)) << 4);
      count += 4;
    }
  }
  return <i32> (count >> 2);
}

/**
 * `matmulF32` over some inputs alone, where all others are 0 at every step: these add nothing, so the bits are the same.
 *
 * @param list i32 `[count]`, the inputs (`listColumnsInUse`).
 */
export function matmulListed(
  list: usize,
  count: i32,
  x: usize,
  panels: usize,
  bias: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
  units: i32,
): void {
  const end = list + (<usize> count << 2), block = <usize> inputs << 4;
  for (; units > 0; units -= 8, panels += block << 1, bias += 32) {
    const b0 = v128.load(bias), b1 = v128.load(bias, 16);
    for (let step = 0, xs = x; step < steps; step += 4, xs += block, currents += 128) {
      let a0 = b0, a1 = b0, a2 = b0, a3 = b0;
      let c0 = b1, c1 = b1, c2 = b1, c3 = b1;
      for (let at = list; at < end; at += 4) {
        const place = <usize> load<i32>(at), w = panels + (place << 1), four = v128.load(xs + place);
        const w0 = v128.load(w), w1 = v128.load(w, 16);
        let s = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
        a0 = madd(s, w0, a0), c0 = madd(s, w1, c0);
        s = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
        a1 = madd(s, w0, a1), c1 = madd(s, w1, c1);
        s = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
        a2 = madd(s, w0, a2), c2 = madd(s, w1, c2);
        s = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
        a3 = madd(s, w0, a3), c3 = madd(s, w1, c3);
      }
      v128.store(currents, a0), v128.store(currents, c0, 16);
      v128.store(currents, a1, 32), v128.store(currents, c1, 48);
      v128.store(currents, a2, 64), v128.store(currents, c2, 80);
      v128.store(currents, a3, 96), v128.store(currents, c3, 112);
    }
  }
}

/** Half a panel, tile 8 steps × 4 units; where only 4 steps are left, both halves of the tile compute them. */
function product8x4(x: usize, panel: usize, bias: usize, currents: usize, steps: i32, inputs: i32): void {
  const b = v128.load(bias);
  const block = <usize> inputs << 4;
  const end = panel + (<usize> inputs << 5);
  for (let step = 0; step < steps; step += 8) {
    const second: usize = step + 4 < steps ? block : 0;
    let a0 = b, a1 = b, a2 = b, a3 = b, a4 = b, a5 = b, a6 = b, a7 = b;
    for (let w = panel, from = x; w < end; w += 32, from += 16) {
      const ws = v128.load(w), xs = v128.load(from), ys = v128.load(from + second);
      a0 = madd(v128.shuffle<f32>(xs, xs, 0, 0, 0, 0), ws, a0);
      a1 = madd(v128.shuffle<f32>(xs, xs, 1, 1, 1, 1), ws, a1);
      a2 = madd(v128.shuffle<f32>(xs, xs, 2, 2, 2, 2), ws, a2);
      a3 = madd(v128.shuffle<f32>(xs, xs, 3, 3, 3, 3), ws, a3);
      a4 = madd(v128.shuffle<f32>(ys, ys, 0, 0, 0, 0), ws, a4);
      a5 = madd(v128.shuffle<f32>(ys, ys, 1, 1, 1, 1), ws, a5);
      a6 = madd(v128.shuffle<f32>(ys, ys, 2, 2, 2, 2), ws, a6);
      a7 = madd(v128.shuffle<f32>(ys, ys, 3, 3, 3, 3), ws, a7);
    }
    v128.store(currents, a0), v128.store(currents, a1, 32);
    v128.store(currents, a2, 64), v128.store(currents, a3, 96);
    const last = currents + (second != 0 ? 128 : 0);
    v128.store(last, a4), v128.store(last, a5, 32);
    v128.store(last, a6, 64), v128.store(last, a7, 96);
    x += block << 1;
    currents += 256;
  }
}
