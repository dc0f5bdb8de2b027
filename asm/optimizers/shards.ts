/** Sums over a batch's gradient shards, in the shards' order, so that no bit depends on which worker computed which shard. */

/** Four values of Σ_shards g, at `at`; shards lie `row` bytes apart. */
export function sumOfShards(at: usize, row: usize, shards: i32): v128 {
  let g = v128.load(at);
  for (let shard = 1; shard < shards; shard++) {
    at += row;
    g = f32x4.add(g, v128.load(at));
  }
  return g;
}

/**
 * Sums the shards into the first one, and the squares of the sum for the gradient's norm.
 *
 * @param gradients f32 `[shards][row]`, of which the first `count` of each are summed; the first shard is updated.
 * @param count A multiple of 4.
 * @param row Bytes from one shard to the next.
 * @param shards At least 1.
 * @returns Σ g² of the sum, in float64: ascending in each of four lanes, then over the lanes in order.
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

/**
 * `sumShards` with squares in float32, for a norm that is only reported: the squares cost next to nothing beside the sum.
 *
 * @param count A multiple of 4.
 * @returns Σ g², ascending in each of sixteen lanes, then over the lanes in order: to some 10⁻⁶, and infinite or 0 where squares
 * leave the range of float32.
 */
export function addShards(gradients: usize, count: i32, row: usize, shards: i32): f32 {
  let a = f32x4.splat(0), b = a, c = a, d = a;
  let at = gradients;
  const end = at + (<usize> count << 2);
  for (const whole = at + ((<usize> count >> 4) << 6); at < whole; at += 64) {
    const g0 = sumOfShards(at, row, shards), g1 = sumOfShards(at + 16, row, shards);
    const g2 = sumOfShards(at + 32, row, shards), g3 = sumOfShards(at + 48, row, shards);
    v128.store(at, g0), v128.store(at, g1, 16), v128.store(at, g2, 32), v128.store(at, g3, 48);
    a = f32x4.add(a, f32x4.mul(g0, g0));
    b = f32x4.add(b, f32x4.mul(g1, g1));
    c = f32x4.add(c, f32x4.mul(g2, g2));
    d = f32x4.add(d, f32x4.mul(g3, g3));
  }
  for (; at < end; at += 16) {
    const g = sumOfShards(at, row, shards);
    v128.store(at, g);
    a = f32x4.add(a, f32x4.mul(g, g));
  }
  const sum = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return ((f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1)) + f32x4.extract_lane(sum, 2)) +
    f32x4.extract_lane(sum, 3);
}
