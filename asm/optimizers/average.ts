/**
 * The exponential moving average of parameters, as TensorFlow's `ExponentialMovingAverage` updates it:
 *
 *     a ← a + s·(w − a)
 */

/**
 * Moves an average towards the parameters.
 *
 * @param average f32 `[count]`, a, updated.
 * @param parameters f32 `[count]`, w.
 * @param count A multiple of 4.
 * @param share s, the weight of w in the average.
 */
export function average(average: usize, parameters: usize, count: i32, share: f32): void {
  const s = f32x4.splat(share);
  const row = <usize> count << 2;
  for (let at: usize = 0; at < row; at += 16) {
    const a = v128.load(average + at);
    v128.store(average + at, f32x4.add(a, f32x4.mul(s, f32x4.sub(v128.load(parameters + at), a))));
  }
}
