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

/** What a layer's kind and slope multiply v by: π/2·k, or k. */
export function surrogateScale(kind: i32, slope: v128): v128 {
  return kind == ATAN ? f32x4.mul(f32x4.splat(1.5707963267948966), slope) : slope;
}

/** The surrogate's height: k/2, or k. */
export function surrogateHeight(kind: i32, slope: v128): v128 {
  return kind == ATAN ? f32x4.mul(f32x4.splat(0.5), slope) : slope;
}

/**
 * σ(v) of four units. The kind is the same for a whole layer, so the branches cost next to nothing.
 *
 * @param scale As {@linkcode surrogateScale} gives it.
 * @param height As {@linkcode surrogateHeight} gives it.
 */
export function surrogate(kind: i32, scale: v128, height: v128, v: v128): v128 {
  const one = f32x4.splat(1), x = f32x4.mul(scale, v);
  if (kind == ATAN) return f32x4.div(height, f32x4.add(one, f32x4.mul(x, x)));
  const distance = f32x4.abs(x); // k|v|
  if (kind == FAST_SIGMOID) {
    const root = f32x4.add(one, distance);
    return f32x4.div(one, f32x4.mul(root, root));
  }
  if (kind == TRIANGLE) return f32x4.mul(height, f32x4.max(f32x4.splat(0), f32x4.sub(one, distance)));
  return v128.and(height, f32x4.lt(distance, f32x4.splat(0.5)));
}
