/** Readouts: logits from the last layer's potentials or outputs, and the backward pass. */
import { MOST_PLAIN, sumColumn } from "./long_sums";

/**
 * Sums potentials or outputs over the steps that are read: logits = scale·Σ_{first ≤ t ≤ last} u_t; see long_sums.ts.
 *
 * @param potentials f32 `[steps][units]`.
 * @param scale 1 for a sum, 1 over the number of steps for a mean.
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
    if (last - first >= MOST_PLAIN) sum = sumColumn(at, row, last - first + 1);
    else for (let step = first; step <= last; step++, at += row) sum = f32x4.add(sum, v128.load(at));
    v128.store(logits + column, f32x4.mul(sum, f32x4.splat(scale)));
  }
}

/**
 * Finds the largest potential or output over the steps that are read, and its step; the first of equals.
 *
 * @param values f32 `[steps][units]`.
 * @param zero Not 0: the maximum includes a zero at step −1.
 * @param logits f32 `[units]`, written; 0 where no step is read.
 * @param at i32 `[units]`, written: the steps.
 * @param units A multiple of 4.
 */
export function readLargest(
  values: usize,
  first: i32,
  last: i32,
  units: i32,
  zero: i32,
  logits: usize,
  at: usize,
): void {
  const row = <usize> units << 2;
  for (let column: usize = 0; column < row; column += 4) {
    let largest: f32 = 0, step = -1;
    for (let t = first; t <= last; t++) {
      const value = load<f32>(values + column + <usize> t * row);
      if (value > largest || (step < 0 && zero == 0)) largest = value, step = t;
    }
    store<f32>(logits + column, largest);
    store<i32>(at + column, step);
  }
}

/**
 * The backward pass of a sum: each step that was read gets the gradient, all others 0.
 *
 * @param gradients f32 `[units]`.
 * @param rows f32 `[steps][units]`, written.
 */
export function readStatesBack(
  gradients: usize,
  first: i32,
  last: i32,
  steps: i32,
  units: i32,
  rows: usize,
): void {
  const row = <usize> units << 2;
  memory.fill(rows, 0, <usize> steps * row);
  for (let step = first; step <= last; step++) memory.copy(rows + <usize> step * row, gradients, row);
}

/**
 * The backward pass of a maximum: its step gets the gradient, all others 0.
 *
 * @param at i32 `[units]`, the step of each unit's maximum; −1: none.
 */
export function readLargestBack(gradients: usize, at: usize, steps: i32, units: i32, rows: usize): void {
  const row = <usize> units << 2;
  memory.fill(rows, 0, <usize> steps * row);
  for (let column: usize = 0; column < row; column += 4) {
    const step = load<i32>(at + column);
    if (step >= 0) store<f32>(rows + <usize> step * row + column, load<f32>(gradients + column));
  }
}
