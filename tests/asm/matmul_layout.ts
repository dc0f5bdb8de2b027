/**
 * The layouts of inputs that encoders write and matrix products read.
 *
 * @module
 */

/** Numbers of inputs, with every remainder that a kernel can meet. */
export const INPUTS = [4, 8, 12, 36, 784];

/** The index of an input in `[⌈steps / 4⌉][inputs][4]`, the layout of float32. */
export function matmulIndex(step: number, input: number, inputs: number): number {
  return (step >> 2) * 4 * inputs + 4 * input + (step & 3);
}

/** The index of an input in `[⌈steps / 4⌉][inputs / 4][4 steps][4 inputs]`, the layout of 8-bit integers. */
export function matmulIndexI8(step: number, input: number, inputs: number): number {
  return (step >> 2) * 4 * inputs + (input >> 2) * 16 + 4 * (step & 3) + (input & 3);
}

/** Inputs in the layout of float32. @param at Gives the input of a step, also of the padding after the last one. */
export function layOutForMatmul(
  steps: number,
  inputs: number,
  at: (step: number, input: number) => number,
): Float32Array {
  const padded = 4 * Math.ceil(steps / 4);
  const x = new Float32Array(padded * inputs);
  for (let step = 0; step < padded; step++) {
    for (let input = 0; input < inputs; input++) x[matmulIndex(step, input, inputs)] = at(step, input);
  }
  return x;
}

/** Rows `[⌈steps / 4⌉ · 4, inputs]` in the layout of 8-bit integers. */
export function layOutForMatmulI8(rows: ArrayLike<number>, inputs: number): Int8Array {
  const x = new Int8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    x[matmulIndexI8(Math.floor(i / inputs), i % inputs, inputs)] = rows[i]!;
  }
  return x;
}
