/**
 * From the last layer's states to logits, and from logits to the loss and its gradient.
 */

/**
 * Sums membrane potentials over the steps that are read: logits = scale·Σ_{first ≤ t ≤ last} u_t.
 *
 * @param potentials f32 `[steps][units]`.
 * @param scale 1 over the number of steps that count for a mean, 1 for a sum.
 * @param logits f32 `[units]`, written.
 * @param units A multiple of 4.
 */
export function readStates(
  potentials: usize,
  first: i32,
  last: i32,
  units: i32,
  scale: f32,
  logits: usize,
): void {
  const row = <usize> units << 2;
  for (let column: usize = 0; column < row; column += 16) {
    let sum = f32x4.splat(0);
    let at = potentials + column + <usize> first * row;
    for (let step = first; step <= last; step++, at += row) sum = f32x4.add(sum, v128.load(at));
    v128.store(logits + column, f32x4.mul(sum, f32x4.splat(scale)));
  }
}

/**
 * Cross-entropy of the softmax: −log softmax(logits)[label], and its gradient.
 *
 * Exponentials and the logarithm are AssemblyScript's own, in float64: the same bits on every engine.
 *
 * @param logits f32 `[classes]`.
 * @param logProbabilities f32 `[classes]`, written.
 * @param gradients f32 `[classes]`, scale·(softmax − onehot), written.
 * @returns The loss, not scaled.
 */
export function crossEntropy(
  logits: usize,
  classes: i32,
  label: i32,
  scale: f32,
  logProbabilities: usize,
  gradients: usize,
): f64 {
  let highest = load<f32>(logits);
  for (let i = 1; i < classes; i++) highest = max(highest, load<f32>(logits + (<usize> i << 2)));
  let sum: f64 = 0;
  for (let i = 0; i < classes; i++) {
    sum += Math.exp(<f64> load<f32>(logits + (<usize> i << 2)) - <f64> highest);
  }
  // Relative to the highest logit throughout: so nothing cancels, however large the logits are.
  const logSum = Math.log(sum);
  let loss: f64 = 0;
  for (let i = 0; i < classes; i++) {
    const at = <usize> i << 2;
    const logProbability = (<f64> load<f32>(logits + at) - <f64> highest) - logSum;
    const target: f64 = i == label ? 1 : 0;
    if (i == label) loss = -logProbability;
    store<f32>(logProbabilities + at, <f32> logProbability);
    store<f32>(gradients + at, <f32> ((Math.exp(logProbability) - target) * <f64> scale));
  }
  return loss;
}
