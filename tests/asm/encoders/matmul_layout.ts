/**
 * The layout that encoders write and products read.
 *
 * @module
 */

/** Widths of inputs, with each remainder that a kernel may meet. */
export const INPUTS = [4, 8, 12, 36, 784];

/** [steps, inputs] in the product's layout, `[⌈steps / 4⌉][inputs][4]`; `at` is asked for rows past the last step, too. */
export function layOutForMatmul(
  steps: number,
  inputs: number,
  at: (step: number, input: number) => number,
): Float32Array {
  const x = new Float32Array(Math.ceil(steps / 4) * inputs * 4);
  for (let step = 0; step < Math.ceil(steps / 4) * 4; step++) {
    for (let input = 0; input < inputs; input++) {
      x[(step >> 2) * inputs * 4 + input * 4 + (step & 3)] = at(step, input);
    }
  }
  return x;
}
