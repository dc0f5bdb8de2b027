/**
 * Sums of values of every step, each shifted by whole steps: where several edges meet in a node, and where gradients come back to one.
 *
 * Rows lie `stride` bytes apart; 0: one row holds for all steps.
 */

/**
 * to_t = from_{t − delay}, or += where it is not the first term; zeros lie outside 0 ≤ t − delay < steps.
 *
 * @param from f32 `[steps][…]`.
 * @param to f32 `[steps][…]`, rows `begin` ≤ t < `end` written.
 * @param units Numbers of a row, a multiple of 4.
 * @param delay Whole steps; below 0 for later ones.
 * @param isFirst 1: `to` is written, not added to.
 */
export function sumTerm(
  from: usize,
  fromStride: i32,
  to: usize,
  toStride: i32,
  units: i32,
  delay: i32,
  steps: i32,
  begin: i32,
  end: i32,
  isFirst: i32,
): void {
  const row = <usize> units << 2;
  for (let step = begin; step < end; step++) {
    const place = to + <usize> (step * toStride), source = step - delay;
    if (source < 0 || source >= steps) {
      if (isFirst) memory.fill(place, 0, row);
      continue;
    }
    const term = from + <usize> (source * fromStride);
    if (isFirst) {
      memory.copy(place, term, row);
      continue;
    }
    for (let column: usize = 0; column < row; column += 16) {
      v128.store(place + column, f32x4.add(v128.load(place + column), v128.load(term + column)));
    }
  }
}

/**
 * to_t += vector, for `begin` ≤ t < `end`.
 *
 * @param vector f32 `[units]`.
 */
export function addVector(vector: usize, to: usize, stride: i32, units: i32, begin: i32, end: i32): void {
  const row = <usize> units << 2;
  for (let step = begin; step < end; step++) {
    const place = to + <usize> (step * stride);
    for (let column: usize = 0; column < row; column += 16) {
      v128.store(place + column, f32x4.add(v128.load(place + column), v128.load(vector + column)));
    }
  }
}
