/** Losses of one sample, from its logits and its layers' firing rates, with their gradients. */

/**
 * Cross-entropy of the softmax: −log softmax(logits)[label], and its gradient.
 *
 * Exponentials and the logarithm are AssemblyScript's, in float64: the same bits in every JavaScript engine.
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
  // Relative to the highest logit, so that nothing cancels, however large the logits are.
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

/**
 * Mean squared error of the logits: 1/C·Σ_c (z_c − y_c)², and its gradient. Computed in float64.
 *
 * @param logits f32 `[classes]`, z.
 * @param correct y of the label's class.
 * @param incorrect y of the others.
 * @param gradients f32 `[classes]`, scale·2/C·(z − y), written.
 * @returns The loss, not scaled.
 */
export function meanSquaredError(
  logits: usize,
  classes: i32,
  label: i32,
  correct: f64,
  incorrect: f64,
  scale: f32,
  gradients: usize,
): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < classes; i++) {
    const at = <usize> i << 2;
    const distance = <f64> load<f32>(logits + at) - (i == label ? correct : incorrect);
    sum += distance * distance;
    store<f32>(gradients + at, <f32> (2 * distance / <f64> classes * <f64> scale));
  }
  return sum / <f64> classes;
}

/**
 * Adds a number to the first `count` entries of every row: the gradient of a firing rate, the same for every unit and step.
 *
 * @param rows f32 `[steps][units]`, added to.
 */
export function addToRows(rows: usize, steps: i32, count: i32, units: i32, value: f32): void {
  for (let step = 0; step < steps; step++, rows += <usize> units << 2) {
    for (let at: usize = 0; at < <usize> count << 2; at += 4) {
      store<f32>(rows + at, load<f32>(rows + at) + value);
    }
  }
}
