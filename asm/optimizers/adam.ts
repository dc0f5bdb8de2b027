/**
 * Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019, decay decoupled from the gradient), in PyTorch's form:
 *
 *     g = factor·Σ_shards + λ·w;   w ← shrink·w
 *     m ← m + (1 − β₁)·(g − m);    s ← β₂·s + (1 − β₂)·g²
 *     w ← w − lr / (1 − β₁ⁿ) · m / (√s / √(1 − β₂ⁿ) + ε)          at the n-th step
 *
 * λ is Adam's weight decay, 0 for AdamW; shrink = 1 − lr·λ is AdamW's, 1 for Adam.
 */
import { sumOfShards } from "./shards";

/**
 * Sums gradient shards and updates parameters.
 *
 * @param parameters f32 `[count]`, w, updated.
 * @param mean f32 `[count]`, m, updated.
 * @param square f32 `[count]`, s, updated.
 * @param gradients f32 `[shards][count]`.
 * @param count A multiple of 4.
 * @param shards At least 1.
 * @param factor Factor of the gradient: below 1 where it is clipped.
 * @param rate lr / (1 − β₁ⁿ).
 * @param toMean 1 − β₁.
 * @param keep β₂, of s.
 * @param toSquare 1 − β₂.
 * @param correction √(1 − β₂ⁿ).
 * @param epsilon ε.
 * @param decay λ.
 */
export function adam(
  parameters: usize,
  mean: usize,
  square: usize,
  gradients: usize,
  count: i32,
  shards: i32,
  factor: f32,
  rate: f32,
  toMean: f32,
  keep: f32,
  toSquare: f32,
  correction: f32,
  epsilon: f32,
  decay: f32,
  shrink: f32,
): void {
  const scale = f32x4.splat(factor), lambda = f32x4.splat(decay), shrunk = f32x4.splat(shrink);
  const lr = f32x4.splat(rate), a = f32x4.splat(toMean), b = f32x4.splat(keep), c = f32x4.splat(toSquare);
  const root = f32x4.splat(correction), eps = f32x4.splat(epsilon);
  const row = <usize> count << 2;
  for (let at: usize = 0; at < row; at += 16) {
    let w = v128.load(parameters + at);
    let g = f32x4.mul(scale, sumOfShards(gradients + at, row, shards));
    g = f32x4.add(g, f32x4.mul(lambda, w));
    w = f32x4.mul(shrunk, w);
    let m = v128.load(mean + at), s = v128.load(square + at);
    m = f32x4.add(m, f32x4.mul(a, f32x4.sub(g, m)));
    s = f32x4.add(f32x4.mul(b, s), f32x4.mul(f32x4.mul(c, g), g));
    v128.store(mean + at, m), v128.store(square + at, s);
    const denominator = f32x4.add(f32x4.div(f32x4.sqrt(s), root), eps);
    v128.store(parameters + at, f32x4.sub(w, f32x4.mul(lr, f32x4.div(m, denominator))));
  }
}
