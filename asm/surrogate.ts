/**
 * Surrogate derivatives, which replace ∂o/∂v of a binary spike o = [v > 0] in the backward pass; v = u' − θ, slope k.
 *
 *     atan         k/2 / (1 + (π/2·k·v)²)       Fang et al. 2021
 *     fastSigmoid  1 / (1 + k|v|)²              Zenke & Ganguli 2018
 *     triangle     k·max(0, 1 − k|v|)           Bellec et al. 2018
 *     boxcar       k where |v| < 1/(2k)
 *
 * Neftci, Mostafa & Zenke 2019 review their origin.
 */

/** Kinds; the fourth is boxcar. */
const ATAN: i32 = 0, FAST_SIGMOID: i32 = 1, TRIANGLE: i32 = 2;

/** σ(v) of four units. The kind is the same for a whole layer, so the branches cost next to nothing. */
export function surrogate(kind: i32, slope: v128, v: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == ATAN) {
    const x = f32x4.mul(f32x4.mul(f32x4.splat(1.5707963267948966), slope), v);
    return f32x4.div(f32x4.mul(f32x4.splat(0.5), slope), f32x4.add(one, f32x4.mul(x, x)));
  }
  const distance = f32x4.mul(slope, f32x4.abs(v)); // k|v|
  if (kind == FAST_SIGMOID) {
    const root = f32x4.add(one, distance);
    return f32x4.div(one, f32x4.mul(root, root));
  }
  if (kind == TRIANGLE) return f32x4.mul(slope, f32x4.max(f32x4.splat(0), f32x4.sub(one, distance)));
  return v128.and(slope, f32x4.lt(distance, f32x4.splat(0.5)));
}
