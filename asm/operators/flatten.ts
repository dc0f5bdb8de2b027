/**
 * The numbers of a shape in the order channel, row, column, from memory's order row, column, channel.
 *
 *     y_t[c·P + p] = x_t[p·C + c],  c of C channels, p of P positions;   δx_t[p·C + c] = δy_t[c·P + p]
 *
 * Geometry: C, P.
 */
import { geometryOf, inputGradientsAt, inputsAt, Operator, outputGradientsAt, outputsAt } from "../operator";

export function forwardFlatten(operator: Operator, from: i32, to: i32): void {
  const channels = geometryOf(operator, 0), positions = geometryOf(operator, 1);
  for (let step = from; step < to; step++) {
    transpose(inputsAt(operator, step), outputsAt(operator, step), positions, channels);
  }
}

export function backwardFlatten(operator: Operator, from: i32, to: i32): void {
  const channels = geometryOf(operator, 0), positions = geometryOf(operator, 1);
  for (let step = from; step < to; step++) {
    transpose(outputGradientsAt(operator, step), inputGradientsAt(operator, step), channels, positions);
  }
}

/** `[rows][columns]` → `[columns][rows]`. */
function transpose(from: usize, to: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, from += 4) {
      store<f32>(to + (<usize> (column * rows + row) << 2), load<f32>(from));
    }
  }
}
