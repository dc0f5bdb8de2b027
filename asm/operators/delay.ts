/**
 * A delay of its own for each number, in whole steps (NIR's Delay).
 *
 *     y_t[i] = x_{t − d_i}[i];   δx_t[i] = δy_{t + d_i}[i];   0 outside the sample
 *
 * Tensors: d, f32, whole numbers. Geometry: numbers of a row.
 */
import {
  geometryOf,
  inputGradientsAt,
  inputsAt,
  Operator,
  outputGradientsAt,
  outputsAt,
  tensorOf,
} from "../operator";

export function forwardDelay(operator: Operator, from: i32, to: i32): void {
  const units = geometryOf(operator, 0), delays = tensorOf(operator, 0);
  for (let step = from; step < to; step++) {
    const y = outputsAt(operator, step);
    for (let unit = 0; unit < units; unit++) {
      const at = <usize> unit << 2, source = step - <i32> load<f32>(delays + at);
      store<f32>(y + at, source < 0 ? 0 : load<f32>(inputsAt(operator, source) + at));
    }
  }
}

export function backwardDelay(operator: Operator, from: i32, to: i32): void {
  const units = geometryOf(operator, 0), delays = tensorOf(operator, 0), steps = operator.steps;
  for (let step = from; step < to; step++) {
    const x = inputGradientsAt(operator, step);
    for (let unit = 0; unit < units; unit++) {
      const at = <usize> unit << 2, target = step + <i32> load<f32>(delays + at);
      store<f32>(x + at, target >= steps ? 0 : load<f32>(outputGradientsAt(operator, target) + at));
    }
  }
}
