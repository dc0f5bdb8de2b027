/**
 * The mean over windows, in which zeros of the padding count (PyTorch's AvgPool2d).
 *
 *     y_t[q] = 1/(kh·kw)·Σ_k x_t[q·stride + k − padding]
 *
 * Geometry as in pool.ts.
 */
import { backwardSums, forwardSums, meanFactor } from "../pool";
import { Operator } from "../operator";

export function forwardAvgPool2d(operator: Operator, from: i32, to: i32): void {
  forwardSums(operator, from, to, meanFactor(operator));
}

export function backwardAvgPool2d(operator: Operator, from: i32, to: i32): void {
  backwardSums(operator, from, to, meanFactor(operator));
}
