/**
 * The product in integers: 16-bit weights times 8-bit draws, summed exactly in 32 bits.
 *
 * A sample's features are multiplied into each weight, p_k = w_k·x_k / 256, and p is rounded to q_k = round(S·p_k) with the
 * largest S for which |q| fits 16 bits and no sum can overflow: Σ|q|·128 < 2³¹. With draws r = (v + 128½) / 256
 *
 *     I_t = b + Σ_k w_k·x_k·r_{t,k} = (b + 128½·Σ_k p_k) + (1 / S)·Σ_k q_k·v_{t,k}
 *
 * The first part, most of a current, stays in float32; only the noise around it is rounded, to 15 bits of the largest p.
 */
import { madd, sumLanes } from "./lanes";

/**
 * Packs chosen rows of a weight matrix, each times the sample's features, as integers.
 *
 * @param features f32 `[inputs]`, x / 256.
 * @param weights f32 `[units, inputs]`, bias f32 `[units]`.
 * @param chosen i32 `[panelCount · 8]`, rows in the order in which they are packed.
 * @param panels i16 `[panelCount][inputs / 2][8 units][2 inputs]`, written.
 * @param bases f32 `[panelCount][8]`, b + 128½·Σp, written.
 * @param factors f32 `[panelCount][8]`, 1 / S, written.
 * @param inputs A multiple of 4.
 */
export function packPanelsI16(
  features: usize,
  weights: usize,
  bias: usize,
  chosen: usize,
  panelCount: i32,
  panels: usize,
  bases: usize,
  factors: usize,
  inputs: i32,
): void {
  const row = <usize> inputs << 2;
  for (let panel = 0; panel < panelCount; panel++) {
    for (let lane: usize = 0; lane < 32; lane += 16, chosen += 16, bases += 16, factors += 16) {
      for (let i: usize = 0; i < 16; i += 4) {
        const unit = <usize> load<i32>(chosen + i);
        scaleRow(
          features,
          weights + unit * row,
          load<f32>(bias + (unit << 2)),
          bases + i,
          factors + i,
          inputs,
        );
      }
      const s0 = v128.load32_splat(factors), s1 = v128.load32_splat(factors, 4);
      const s2 = v128.load32_splat(factors, 8), s3 = v128.load32_splat(factors, 12);
      let a = weights + <usize> load<i32>(chosen) * row, b = weights + <usize> load<i32>(chosen, 4) * row;
      let c = weights + <usize> load<i32>(chosen, 8) * row, d = weights + <usize> load<i32>(chosen, 12) * row;
      let to = panels + lane;
      for (let x = features, end = x + row; x < end; x += 16, a += 16, b += 16, c += 16, d += 16, to += 64) {
        const xs = v128.load(x);
        const ab = i16x8.narrow_i32x4_s(round(a, xs, s0), round(b, xs, s1));
        const cd = i16x8.narrow_i32x4_s(round(c, xs, s2), round(d, xs, s3));
        v128.store(to, v128.shuffle<i32>(ab, cd, 0, 2, 4, 6));
        v128.store(to, v128.shuffle<i32>(ab, cd, 1, 3, 5, 7), 32);
      }
      const scales = v128.load(factors);
      const inverse = f32x4.div(f32x4.splat(1), scales);
      v128.store(factors, v128.bitselect(inverse, scales, f32x4.gt(scales, f32x4.splat(0))));
    }
    panels += row << 2;
  }
}

/** Finds a row's S and b + 128½·Σp. */
function scaleRow(x: usize, w: usize, bias: f32, base: usize, scale: usize, inputs: i32): void {
  let sums = f32x4.splat(0), sizes = sums, largest = sums;
  for (const end = x + (<usize> inputs << 2); x < end; x += 16, w += 16) {
    const p = f32x4.mul(v128.load(x), v128.load(w));
    const size = f32x4.abs(p);
    sums = f32x4.add(sums, p);
    sizes = f32x4.add(sizes, size);
    largest = f32x4.max(largest, size);
  }
  const most = max(
    max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
  // Each q is at most ½ above S·|p|, and the float sums may be a little low: so a little less than 2²⁴ is handed out.
  const room: f32 = 16_770_000 - <f32> inputs;
  store<f32>(base, bias + 128.5 * sumLanes(sums));
  store<f32>(scale, most > 0 ? min(<f32> 32767 / most, room / sumLanes(sizes)) : 0);
}

/** round(s·x·w) of four inputs. */
function round(w: usize, x: v128, s: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(f32x4.mul(x, v128.load(w)), s)));
}

/**
 * i16 product: I[t, n] = base[n] + factor[n]·Σ_k q[n, k]·v[t, k].
 *
 * @param x i16 `[steps / 4][inputs / 2][4][2]`.
 * @param panels i16 `[⌈units / 8⌉][inputs / 2][8][2]`.
 * @param bases f32 and factors f32 `[⌈units / 8⌉][8]`.
 * @param currents f32 `[⌈units / 8⌉][steps][8]`, written; of a last panel of 4 units or fewer only the first 4 lanes.
 * @param steps A multiple of 4.
 */
export function productI16(
  x: usize,
  panels: usize,
  bases: usize,
  factors: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
  units: i32,
): void {
  const panelBytes = <usize> inputs << 4;
  for (
    ;
    units > 0;
    units -= 8, panels += panelBytes, bases += 32, factors += 32, currents += <usize> steps << 5
  ) {
    if (units > 4) product4x8(x, panels, bases, factors, currents, steps, inputs);
    else product8x4(x, panels, bases, factors, currents, steps, inputs);
  }
}

/** a + the products of two pairs, in each lane. */
function dot(a: v128, x: v128, w: v128): v128 {
  return i32x4.add(a, i32x4.dot_i16x8_s(x, w));
}

/** base + factor·sum. */
function current(sum: v128, factor: v128, base: v128): v128 {
  return madd(f32x4.convert_i32x4_s(sum), factor, base);
}

/** One panel, tile 4 steps × 8 units, two inputs at a time: 64 products for 3 loads. */
function product4x8(
  x: usize,
  panel: usize,
  bases: usize,
  factors: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
): void {
  const b0 = v128.load(bases), b1 = v128.load(bases, 16);
  const f0 = v128.load(factors), f1 = v128.load(factors, 16);
  const end = panel + (<usize> inputs << 4);
  for (let step = 0; step < steps; step += 4) {
    let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0;
    for (let w = panel; w < end; w += 32, x += 16) {
      const xs = v128.load(x), w0 = v128.load(w), w1 = v128.load(w, 16);
      let s = v128.shuffle<i32>(xs, xs, 0, 0, 0, 0);
      a0 = dot(a0, s, w0), c0 = dot(c0, s, w1);
      s = v128.shuffle<i32>(xs, xs, 1, 1, 1, 1);
      a1 = dot(a1, s, w0), c1 = dot(c1, s, w1);
      s = v128.shuffle<i32>(xs, xs, 2, 2, 2, 2);
      a2 = dot(a2, s, w0), c2 = dot(c2, s, w1);
      s = v128.shuffle<i32>(xs, xs, 3, 3, 3, 3);
      a3 = dot(a3, s, w0), c3 = dot(c3, s, w1);
    }
    v128.store(currents, current(a0, f0, b0)), v128.store(currents, current(c0, f1, b1), 16);
    v128.store(currents, current(a1, f0, b0), 32), v128.store(currents, current(c1, f1, b1), 48);
    v128.store(currents, current(a2, f0, b0), 64), v128.store(currents, current(c2, f1, b1), 80);
    v128.store(currents, current(a3, f0, b0), 96), v128.store(currents, current(c3, f1, b1), 112);
    currents += 128;
  }
}

/** Half a panel, tile 8 steps × 4 units; where 4 steps are left, both halves of the tile are those. */
function product8x4(
  x: usize,
  panel: usize,
  bases: usize,
  factors: usize,
  currents: usize,
  steps: i32,
  inputs: i32,
): void {
  const base = v128.load(bases), factor = v128.load(factors);
  const block = <usize> inputs << 3;
  const end = panel + (<usize> inputs << 4);
  for (let step = 0; step < steps; step += 8) {
    const second: usize = step + 4 < steps ? block : 0;
    let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
    for (let w = panel, from = x; w < end; w += 32, from += 16) {
      const ws = v128.load(w), xs = v128.load(from), ys = v128.load(from + second);
      a0 = dot(a0, v128.shuffle<i32>(xs, xs, 0, 0, 0, 0), ws);
      a1 = dot(a1, v128.shuffle<i32>(xs, xs, 1, 1, 1, 1), ws);
      a2 = dot(a2, v128.shuffle<i32>(xs, xs, 2, 2, 2, 2), ws);
      a3 = dot(a3, v128.shuffle<i32>(xs, xs, 3, 3, 3, 3), ws);
      a4 = dot(a4, v128.shuffle<i32>(ys, ys, 0, 0, 0, 0), ws);
      a5 = dot(a5, v128.shuffle<i32>(ys, ys, 1, 1, 1, 1), ws);
      a6 = dot(a6, v128.shuffle<i32>(ys, ys, 2, 2, 2, 2), ws);
      a7 = dot(a7, v128.shuffle<i32>(ys, ys, 3, 3, 3, 3), ws);
    }
    v128.store(currents, current(a0, factor, base)), v128.store(currents, current(a1, factor, base), 32);
    v128.store(currents, current(a2, factor, base), 64), v128.store(currents, current(a3, factor, base), 96);
    const last = currents + (second != 0 ? 128 : 0);
    v128.store(last, current(a4, factor, base)), v128.store(last, current(a5, factor, base), 32);
    v128.store(last, current(a6, factor, base), 64), v128.store(last, current(a7, factor, base), 96);
    x += block << 1;
    currents += 256;
  }
}
