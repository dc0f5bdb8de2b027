/**
 * A batch's gradient is a sum over shards, always added in the shards' order: so its bits do not depend on who computed which.
 */

/** Four values of Σ_shards g, at `at`; the next shard's lie `row` bytes further. */
export function sumOfShards(at: usize, row: usize, shards: i32): v128 {
  let g = v128.load(at);
  for (let shard = 1; shard < shards; shard++) {
    at += row;
    g = f32x4.add(g, v128.load(at));
  }
  return g;
}

/**
 * Sums the shards into the first one, and the sum's squares on the way: for the gradient's norm.
 *
 * @param gradients f32 `[shards][row]`, of which the first `count` of each are summed; the first shard is updated.
 * @param count A multiple of 4.
 * @param row Bytes from a shard to the next.
 * @param shards At least 1.
 * @returns Σ g² of the sum, in float64: in each of four lanes ascending, then the lanes in their order.
 */
export function sumShards(gradients: usize, count: i32, row: usize, shards: i32): f64 {
  let low = f64x2.splat(0), high = low;
  for (let at = gradients, end = at + (<usize> count << 2); at < end; at += 16) {
    const g = sumOfShards(at, row, shards);
    v128.store(at, g);
    const a = f64x2.promote_low_f32x4(g);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  return ((f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1)) + f64x2.extract_lane(high, 0)) +
    f64x2.extract_lane(high, 1);
}
