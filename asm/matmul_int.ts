/**
 * The product in integers: 14-bit weights times 8-bit draws, summed exactly in 32 bits.
 *
 * A sample's features are multiplied into each weight, p_k = w_k·x_k / 256, and p is rounded to q_k = round(S·p_k) with the
 * largest S for which |q| < 2¹³ and no sum can overflow: Σ|q|·128 < 2³¹. With draws r = (v + 128½) / 256
 *
 *     I_t = b + Σ_k w_k·x_k·r_{t,k} = (b + 128½·Σ_k p_k) + (1 / S)·Σ_k q_k·v_{t,k}
 *
 * The first part, most of a current, stays in float32; only the noise around it is rounded. Sums of integers are exact in any order,
 * so both tiles give the same bits: one multiplies 16-bit pairs, the other 7-bit halves of q by bytes, four at a time, which
 * processors with such an instruction (VNNI, SDOT) do at twice the rate or more.
 */
import { madd, sumLanes } from "./lanes";

/** The largest |q|. */
const LARGEST: f32 = 8191;
/** Added to q before it is split into halves of 7 bits: q + 2¹³ = 2⁷·high + low, both from 0 to 127. */
const OFFSET: i32 = 8192;

/**
 * 1½·2²³, a constant of the packing loops for a register (see MULTIPLIERS in random.ts). Adding it to a float puts the float's
 * nearest integer into the last bits; subtracting its bits as an integer leaves that integer.
 */
const ROUNDER = memory.data<u32>([0x4b400000]);

/**
 * Computes S, 1 / S and b + 128½·Σp of each selected row.
 *
 * @param features f32 `[inputs]`, x / 256.
 * @param weights f32 `[units, inputs]`, bias f32 `[units]`.
 * @param selected i32 `[count]`, the rows to pack, in order.
 * @param count A multiple of 2.
 * @param bases f32 `[count]`, b + 128½·Σp, written.
 * @param scales f32 `[count]`, S, written; 0 for a row of zeros.
 * @param factors f32 `[count]`, 1 / S, written; 0 for a row of zeros.
 * @param inputs A multiple of 4.
 */
export function scaleRows(
  features: usize,
  weights: usize,
  bias: usize,
  selected: usize,
  count: i32,
  bases: usize,
  scales: usize,
  factors: usize,
  inputs: i32,
): void {
  const row = <usize> inputs << 2;
  const end = features + row;
  for (let first = 0; first < count; first += 2) {
    // Two rows at a time: each addition depends on the one before.
    const at = <usize> first << 2;
    const unit0 = <usize> load<i32>(selected + at), unit1 = <usize> load<i32>(selected + at, 4);
    let w0 = weights + unit0 * row, w1 = weights + unit1 * row;
    let sums0 = f32x4.splat(0), sizes0 = sums0, largest0 = sums0;
    let sums1 = sums0, sizes1 = sums0, largest1 = sums0;
    for (let x = features; x < end; x += 16, w0 += 16, w1 += 16) {
      const xs = v128.load(x);
      const p0 = f32x4.mul(xs, v128.load(w0)), p1 = f32x4.mul(xs, v128.load(w1));
      const size0 = f32x4.abs(p0), size1 = f32x4.abs(p1);
      sums0 = f32x4.add(sums0, p0), sums1 = f32x4.add(sums1, p1);
      sizes0 = f32x4.add(sizes0, size0), sizes1 = f32x4.add(sizes1, size1);
      largest0 = f32x4.pmax(largest0, size0), largest1 = f32x4.pmax(largest1, size1);
    }
    store<f32>(bases + at, load<f32>(bias + (unit0 << 2)) + 128.5 * sumLanes(sums0));
    store<f32>(bases + at, load<f32>(bias + (unit1 << 2)) + 128.5 * sumLanes(sums1), 4);
    const scale0 = scaleOf(sizes0, largest0, inputs), scale1 = scaleOf(sizes1, largest1, inputs);
    store<f32>(scales + at, scale0), store<f32>(scales + at, scale1, 4);
    store<f32>(factors + at, scale0 > 0 ? 1 / scale0 : 0);
    store<f32>(factors + at, scale1 > 0 ? 1 / scale1 : 0, 4);
  }
}

/** S from the lanes' Σ|p| and largest |p|. */
function scaleOf(sizes: v128, largest: v128, inputs: i32): f32 {
  // Each |q| is at most ½ above S·|p|, and rounding can make the float sums too low: hence a little less than 2²⁴.
  const room: f32 = 16_770_000 - <f32> inputs;
  const most = max(
    max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
  return most > 0 ? min(LARGEST / most, room / sumLanes(sizes)) : 0;
}

/** Address of the row of weights whose number is at `selected`. */
function rowOf(weights: usize, selected: usize, row: usize): usize {
  return weights + <usize> load<i32>(selected) * row;
}

/** round(s·x·w) of four inputs. */
function round(w: usize, x: v128, s: v128, rounder: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(f32x4.mul(x, v128.load(w)), s), rounder), rounder);
}

/** round(s·x·w) of four inputs of two units, as 16-bit integers. */
function roundTwo(a: usize, b: usize, x: v128, sa: v128, sb: v128, rounder: v128): v128 {
  return i16x8.narrow_i32x4_s(round(a, x, sa, rounder), round(b, x, sb, rounder));
}

/**
 * Packs selected rows, each times the sample's features, as 16-bit integers.
 *
 * @param scales f32 `[halfCount · 4]`, from `scaleRows`.
 * @param selected i32 `[halfCount · 4]`; `halfCount` is even.
 * @param panels i16 `[halfCount / 2][inputs / 2][8 units][2 inputs]`, written.
 */
export function packI16(
  features: usize,
  weights: usize,
  selected: usize,
  halfCount: i32,
  scales: usize,
  panels: usize,
  inputs: i32,
): void {
  const row = <usize> inputs << 2;
  const rounder = v128.load32_splat(ROUNDER);
  for (let half = 0; half < halfCount; half++, selected += 16, scales += 16) {
    const s0 = v128.load32_splat(scales), s1 = v128.load32_splat(scales, 4);
    const s2 = v128.load32_splat(scales, 8), s3 = v128.load32_splat(scales, 12);
    let a = rowOf(weights, selected, row), b = rowOf(weights, selected + 4, row);
    let c = rowOf(weights, selected + 8, row), d = rowOf(weights, selected + 12, row);
    let to = panels + <usize> (half >> 1) * (row << 2) + (<usize> (half & 1) << 4);
    for (let x = features, end = x + row; x < end; x += 16, a += 16, b += 16, c += 16, d += 16, to += 64) {
      const xs = v128.load(x);
      const ab = roundTwo(a, b, xs, s0, s1, rounder), cd = roundTwo(c, d, xs, s2, s3, rounder);
      v128.store(to, v128.shuffle<i32>(ab, cd, 0, 2, 4, 6));
      v128.store(to, v128.shuffle<i32>(ab, cd, 1, 3, 5, 7), 32);
    }
  }
}

/**
 * Packs the integers of `packI16` as two planes of 7-bit halves.
 *
 * @param panels i8 `[halfCount][inputs / 4][high, low][4 units][4 inputs]`, written.
 */
export function packI8(
  features: usize,
  weights: usize,
  selected: usize,
  halfCount: i32,
  scales: usize,
  panels: usize,
  inputs: i32,
): void {
  const row = <usize> inputs << 2;
  const rounder = v128.load32_splat(ROUNDER);
  const offset = i16x8.splat(<i16> OFFSET), low = i16x8.splat(127);
  for (let half = 0; half < halfCount; half++, selected += 16, scales += 16) {
    const s0 = v128.load32_splat(scales), s1 = v128.load32_splat(scales, 4);
    const s2 = v128.load32_splat(scales, 8), s3 = v128.load32_splat(scales, 12);
    let a = rowOf(weights, selected, row), b = rowOf(weights, selected + 4, row);
    let c = rowOf(weights, selected + 8, row), d = rowOf(weights, selected + 12, row);
    for (let x = features, end = x + row; x < end; x += 16, a += 16, b += 16, c += 16, d += 16) {
      const xs = v128.load(x);
      const ab = i16x8.add(roundTwo(a, b, xs, s0, s1, rounder), offset);
      const cd = i16x8.add(roundTwo(c, d, xs, s2, s3, rounder), offset);
      v128.store(panels, i8x16.narrow_i16x8_u(i16x8.shr_u(ab, 7), i16x8.shr_u(cd, 7)));
      v128.store(panels, i8x16.narrow_i16x8_u(v128.and(ab, low), v128.and(cd, low)), 16);
      panels += 32;
    }
  }
}

/** base + factor·sum. */
function current(sum: v128, factor: v128, base: v128): v128 {
  return madd(f32x4.convert_i32x4_s(sum), factor, base);
}

/** Adds the products of two pairs to each lane of a. */
function dot2(a: v128, x: v128, w: v128): v128 {
  return i32x4.add(a, i32x4.dot_i16x8_s(x, w));
}

/**
 * Product of 16-bit pairs, tile 4 steps × 8 units: I[t, n] = base[n] + factor[n]·Σ_k q[n, k]·v[t, k].
 *
 * @param x i8 `[steps / 4][inputs / 4][4][4]`.
 * @param panels From `packI16`.
 * @param bases f32 and factors f32 `[⌈units / 8⌉][8]`.
 * @param currents f32 `[⌈units / 8⌉][steps][8]`, written.
 * @param steps A multiple of 4.
 */
export function matmulI16(
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
  for (; units > 0; units -= 8, panels += panelBytes, bases += 32, factors += 32) {
    const b0 = v128.load(bases), b1 = v128.load(bases, 16);
    const f0 = v128.load(factors), f1 = v128.load(factors, 16);
    const end = panels + panelBytes;
    let from = x;
    for (let step = 0; step < steps; step += 4) {
      let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0;
      for (let w = panels; w < end; w += 64, from += 16) {
        // Lanes of `two`: inputs 0 1 and 2 3 of one step, then of the next.
        const bytes = v128.load(from);
        let two = i16x8.extend_low_i8x16_s(bytes);
        const w0 = v128.load(w), w1 = v128.load(w, 16), w2 = v128.load(w, 32), w3 = v128.load(w, 48);
        let s = v128.shuffle<i32>(two, two, 0, 0, 0, 0);
        a0 = dot2(a0, s, w0), c0 = dot2(c0, s, w1);
        s = v128.shuffle<i32>(two, two, 1, 1, 1, 1);
        a0 = dot2(a0, s, w2), c0 = dot2(c0, s, w3);
        s = v128.shuffle<i32>(two, two, 2, 2, 2, 2);
        a1 = dot2(a1, s, w0), c1 = dot2(c1, s, w1);
        s = v128.shuffle<i32>(two, two, 3, 3, 3, 3);
        a1 = dot2(a1, s, w2), c1 = dot2(c1, s, w3);
        two = i16x8.extend_high_i8x16_s(bytes);
        s = v128.shuffle<i32>(two, two, 0, 0, 0, 0);
        a2 = dot2(a2, s, w0), c2 = dot2(c2, s, w1);
        s = v128.shuffle<i32>(two, two, 1, 1, 1, 1);
        a2 = dot2(a2, s, w2), c2 = dot2(c2, s, w3);
        s = v128.shuffle<i32>(two, two, 2, 2, 2, 2);
        a3 = dot2(a3, s, w0), c3 = dot2(c3, s, w1);
        s = v128.shuffle<i32>(two, two, 3, 3, 3, 3);
        a3 = dot2(a3, s, w2), c3 = dot2(c3, s, w3);
      }
      v128.store(currents, current(a0, f0, b0)), v128.store(currents, current(c0, f1, b1), 16);
      v128.store(currents, current(a1, f0, b0), 32), v128.store(currents, current(c1, f1, b1), 48);
      v128.store(currents, current(a2, f0, b0), 64), v128.store(currents, current(c2, f1, b1), 80);
      v128.store(currents, current(a3, f0, b0), 96), v128.store(currents, current(c3, f1, b1), 112);
      currents += 128;
    }
  }
}

/** Adds the products of four pairs, bytes times 7 bits, to each lane of a: exact in both builds. */
function dot4(a: v128, x: v128, w: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, w, a);
  const low = i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_low_i8x16_s(x, w));
  const high = i32x4.extadd_pairwise_i16x8_s(i16x8.extmul_high_i8x16_s(x, w));
  const even = v128.shuffle<i32>(low, high, 0, 2, 4, 6), odd = v128.shuffle<i32>(low, high, 1, 3, 5, 7);
  return i32x4.add(a, i32x4.add(even, odd));
}

/**
 * Product of bytes and 7-bit halves, tile 4 steps × 4 units × 2 planes. The parameters are those of `matmulI16`, except:
 *
 * @param panels From `packI8`.
 * @param stepSums i32 `[steps]`, written: Σ_k v[t, k], by which the offset of q is subtracted.
 */
export function matmulI8(
  x: usize,
  panels: usize,
  bases: usize,
  factors: usize,
  currents: usize,
  stepSums: usize,
  steps: i32,
  inputs: i32,
  units: i32,
): void {
  sumDraws(x, stepSums, steps, inputs);
  const halfBytes = <usize> inputs << 3;
  for (let half = 0; half << 2 < units; half++, panels += halfBytes, bases += 16, factors += 16) {
    const base = v128.load(bases), factor = v128.load(factors);
    const end = panels + halfBytes;
    let from = x;
    let to = currents + <usize> (half >> 1) * (<usize> steps << 5) + (<usize> (half & 1) << 4);
    for (let step = 0; step < steps; step += 4) {
      let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0;
      for (let w = panels; w < end; w += 32, from += 16) {
        const xs = v128.load(from), high = v128.load(w), low = v128.load(w, 16);
        let s = v128.shuffle<i32>(xs, xs, 0, 0, 0, 0);
        a0 = dot4(a0, s, high), c0 = dot4(c0, s, low);
        s = v128.shuffle<i32>(xs, xs, 1, 1, 1, 1);
        a1 = dot4(a1, s, high), c1 = dot4(c1, s, low);
        s = v128.shuffle<i32>(xs, xs, 2, 2, 2, 2);
        a2 = dot4(a2, s, high), c2 = dot4(c2, s, low);
        s = v128.shuffle<i32>(xs, xs, 3, 3, 3, 3);
        a3 = dot4(a3, s, high), c3 = dot4(c3, s, low);
      }
      const sums = stepSums + (<usize> step << 2);
      v128.store(to, current(joined(a0, c0, sums), factor, base));
      v128.store(to, current(joined(a1, c1, sums + 4), factor, base), 32);
      v128.store(to, current(joined(a2, c2, sums + 8), factor, base), 64);
      v128.store(to, current(joined(a3, c3, sums + 12), factor, base), 96);
      to += 128;
    }
  }
}

/** 2⁷·high + low − 2¹³·Σv: intermediate values may wrap around, the result fits 32 bits. */
function joined(high: v128, low: v128, stepSum: usize): v128 {
  const offset = i32x4.shl(v128.load32_splat(stepSum), 13);
  return i32x4.sub(i32x4.add(i32x4.shl(high, 7), low), offset);
}

/** Σ_k v[t, k] of every step. */
function sumDraws(x: usize, stepSums: usize, steps: i32, inputs: i32): void {
  const ones = i8x16.splat(1);
  for (let step = 0; step < steps; step += 4, stepSums += 16) {
    let sum = i32x4.splat(0);
    for (const end = x + (<usize> inputs << 2); x < end; x += 16) sum = dot4(sum, v128.load(x), ones);
    v128.store(stepSums, sum);
  }
}
