/**
 * Sums over many steps. A plain sum of n float32 numbers of one sign is off by up to n/2 units in the last place: over 65,536 steps
 * that is one part in a thousand. So sums of more than {@linkcode MOST_PLAIN} numbers run in parts: {@linkcode RUN} numbers at a time
 * in float32, and the parts' sums in float64. The remaining error is some 1e-7 of the whole. Shorter sums are plain, in order.
 */

/** The most numbers that are summed one after the other. */
export const MOST_PLAIN: i32 = 128;

/** Numbers of a part of a longer sum. */
export const RUN: i32 = 16;

/** {@linkcode MOST_PLAIN} for the host. */
export function mostPlain(): i32 {
  return MOST_PLAIN;
}

/** {@linkcode RUN} for the host. */
export function runLength(): i32 {
  return RUN;
}

/** Adds four float32 to four float64, at `to`. */
export function addWide(to: usize, part: v128): void {
  v128.store(to, f64x2.add(v128.load(to), f64x2.promote_low_f32x4(part)));
  v128.store(to, f64x2.add(v128.load(to, 16), f64x2.promote_low_f32x4(upperHalf(part))), 16);
}

/** Four float64, rounded to float32. */
export function narrow(from: usize): v128 {
  return narrowed(v128.load(from), v128.load(from, 16));
}

/** Two pairs of float64, rounded to float32. */
export function narrowed(low: v128, high: v128): v128 {
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** Lanes 2 and 3, moved to lanes 0 and 1. */
export function upperHalf(a: v128): v128 {
  return v128.shuffle<f32>(a, a, 2, 3, 2, 3);
}

/**
 * Σ of a column of four over rows, ascending, `row` bytes apart, in float64.
 *
 * @param count Number of rows.
 */
export function sumColumn(at: usize, row: usize, count: i32): v128 {
  let low = f64x2.splat(0), high = low;
  for (; count > 0; count--, at += row) {
    const a = v128.load(at);
    low = f64x2.add(low, f64x2.promote_low_f32x4(a));
    high = f64x2.add(high, f64x2.promote_low_f32x4(upperHalf(a)));
  }
  return narrowed(low, high);
}

/**
 * Adds parts of sums to float64 totals, for gradients whose kernels add to float32, part by part.
 *
 * @param parts f32 `[count]`; set to 0.
 * @param totals f64 `[count]`, added to.
 * @param count A multiple of 4.
 */
export function addParts(parts: usize, totals: usize, count: i32): void {
  for (let i: usize = 0; i < <usize> count << 2; i += 16) {
    addWide(totals + 2 * i, v128.load(parts + i));
    v128.store(parts + i, f32x4.splat(0));
  }
}

/**
 * Adds totals to sums: `to` f32 `[count]` += `totals` f64 `[count]`, which are set to 0.
 *
 * @param count A multiple of 4.
 */
export function addTotals(totals: usize, to: usize, count: i32): void {
  for (let i: usize = 0; i < <usize> count << 2; i += 16) {
    v128.store(to + i, f32x4.add(v128.load(to + i), narrow(totals + 2 * i)));
  }
  memory.fill(totals, 0, <usize> count << 3);
}
