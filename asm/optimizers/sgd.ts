/**
 * Stochastic gradient descent with momentum and weight decay, in PyTorch's form (Polyak 1964; `torch.optim.SGD`):
 *
 *     g = factor·Σ_shards + λ·w;  v ← m·v + g;  w ← w − lr·v
 */
import { sumOfShards } from "./shards";

/**
 * Sums gradient shards and updates parameters.
 *
 * @param parameters f32 `[count]`, w, updated.
 * @param velocity f32 `[count]`, v, updated.
 * @param gradients f32 `[shards][count]`.
 * @param count A multiple of 4.
 * @param shards At least 1.
 * @param factor Factor of the gradient: below 1 where it is clipped.
 * @param decay λ; at 0 nothing is added, not even a zero.
 */
export function sgd(
  parameters: usize,
  velocity: usize,
  gradients: usize,
  count: i32,
  shards: i32,
  factor: f32,
  learningRate: f32,
  momentum: f32,
  decay: f32,
): void {
  const lr = f32x4.splat(learningRate), m = f32x4.splat(momentum);
  const scale = f32x4.splat(factor), lambda = f32x4.splat(decay);
  const row = <usize> count << 2;
  for (let at: usize = 0; at < row; at += 16) {
    const w = v128.load(parameters + at);
    let g = f32x4.mul(scale, sumOfShards(gradients + at, row, shards));
    if (decay != 0) g = f32x4.add(g, f32x4.mul(lambda, w));
    const v = f32x4.add(f32x4.mul(m, v128.load(velocity + at)), g);
    v128.store(velocity + at, v);
    v128.store(parameters + at, f32x4.sub(w, f32x4.mul(lr, v)));
  }
}
