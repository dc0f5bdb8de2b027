/**
 * Stochastic gradient descent with momentum, in PyTorch's form:
 *
 *     g = Σ_shards;  v ← m·v + g;  w ← w − lr·v
 *
 * Shards are added in their order, so the bits do not depend on who computed which.
 */

/**
 * Sums gradient shards and updates parameters.
 *
 * @param parameters f32 `[count]`, w, updated.
 * @param velocity f32 `[count]`, v, updated.
 * @param gradients f32 `[shards][count]`.
 * @param count A multiple of 4.
 * @param shards At least 1.
 */
export function sgd(
  parameters: usize,
  velocity: usize,
  gradients: usize,
  count: i32,
  shards: i32,
  learningRate: f32,
  momentum: f32,
): void {
  const lr = f32x4.splat(learningRate), m = f32x4.splat(momentum);
  const row = <usize> count << 2;
  for (let at: usize = 0; at < row; at += 16) {
    let g = v128.load(gradients + at);
    let from = gradients + at + row;
    for (let shard = 1; shard < shards; shard++, from += row) g = f32x4.add(g, v128.load(from));
    const v = f32x4.add(f32x4.mul(m, v128.load(velocity + at)), g);
    v128.store(velocity + at, v);
    v128.store(parameters + at, f32x4.sub(v128.load(parameters + at), f32x4.mul(lr, v)));
  }
}
