/**
 * The sum over windows (NIR's SumPool2d).
 *
 *     y_t[q] = Σ_k x_t[q·stride + k − padding]
 *
 * Geometry as in pool.ts.
 */
import { backwardSums, forwardSums } from "../pool";
import { Operator } from "../operator";

export function forwardSumPool2d(operator: Operator, from: i32, to: i32): void {
  forwardSums(operator, from, to, 1);
}

export function backwardSumPool2d(operator: Operator, from: i32, to: i32): void {
  backwardSums(operator, from, to, 1);
}
