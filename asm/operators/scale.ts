/**
 * A factor for each number (NIR's Scale, the diagonal of an affine operator).
 *
 *     y_t = s ∘ x_t;   δx_t = s ∘ δy_t;   ∂L/∂s = Σ_t δy_t ∘ x_t
 *
 * Tensors: s. Geometry: numbers of a row, padded to a multiple of 4. Long sums run in parts (long_sums.ts).
 */
import { addWide, MOST_PLAIN, narrow, RUN } from "../long_sums";
import {
  geometryOf,
  gradientOf,
  inputGradientsAt,
  inputsAt,
  Operator,
  outputGradientsAt,
  outputsAt,
  tensorOf,
} from "../operator";

/** Room for a total of four sums in float64. */
const TOTAL: usize = memory.data(32, 16);

export function forwardScale(operator: Operator, from: i32, to: i32): void {
  for (let step = from; step < to; step++) {
    scale(operator, inputsAt(operator, step), outputsAt(operator, step));
  }
}

export function backwardScale(operator: Operator, from: i32, to: i32): void {
  for (let step = from; step < to; step++) {
    scale(operator, outputGradientsAt(operator, step), inputGradientsAt(operator, step));
  }
}

export function weightGradientScale(operator: Operator, from: i32, to: i32): void {
  const row = <usize> geometryOf(operator, 0) << 2, gradients = gradientOf(operator, 0);
  const run = to - from > MOST_PLAIN ? RUN : to - from;
  for (let column: usize = 0; column < row; column += 16) {
    memory.fill(TOTAL, 0, 32);
    let sum = f32x4.splat(0);
    for (let begin = from; begin < to; begin += run) {
      sum = f32x4.splat(0);
      const end = min(begin + run, to);
      for (let step = begin; step < end; step++) {
        const x = v128.load(inputsAt(operator, step) + column);
        sum = f32x4.add(sum, f32x4.mul(x, v128.load(outputGradientsAt(operator, step) + column)));
      }
      if (run < to - from) addWide(TOTAL, sum);
    }
    if (run < to - from) sum = narrow(TOTAL);
    v128.store(gradients + column, f32x4.add(v128.load(gradients + column), sum));
  }
}

/** to = s ∘ from, of one row. */
function scale(operator: Operator, from: usize, to: usize): void {
  const row = <usize> geometryOf(operator, 0) << 2, weights = tensorOf(operator, 0);
  for (let column: usize = 0; column < row; column += 16) {
    v128.store(to + column, f32x4.mul(v128.load(weights + column), v128.load(from + column)));
  }
}
