/**
 * Windows over rows and columns, which pools share: position q of y has the pixels q·stride + k − padding of x that lie inside.
 *
 * Geometry: channels, rows, columns of x; rows, columns of y; kh, kw; stride and padding, by rows and by columns each.
 */
import { geometryOf, inputGradientsAt, inputsAt, Operator, outputGradientsAt, outputsAt } from "./operator";
import { storeSome } from "./listed_rows";

/** A geometry, and the present window: its pixels from `top`, `left` up to, not including, `bottom`, `right`. */
@unmanaged
export class Pool {
  channels: i32;
  rows: i32;
  columns: i32;
  outputRows: i32;
  outputColumns: i32;
  kh: i32;
  kw: i32;
  strideY: i32;
  strideX: i32;
  paddingY: i32;
  paddingX: i32;
  top: i32;
  left: i32;
  bottom: i32;
  right: i32;
}

const POOL: usize = memory.data(offsetof<Pool>(), 8);

export function poolOf(operator: Operator): Pool {
  memory.copy(POOL, operator.geometry, 44);
  return changetype<Pool>(POOL);
}

/** Moves the window to a position of y. */
export function place(pool: Pool, row: i32, column: i32): void {
  const top = row * pool.strideY - pool.paddingY, left = column * pool.strideX - pool.paddingX;
  pool.top = max(top, 0), pool.bottom = min(top + pool.kh, pool.rows);
  pool.left = max(left, 0), pool.right = min(left + pool.kw, pool.columns);
}

/** Where a pixel of a row lies. */
export function pixelAt(pool: Pool, x: usize, row: i32, column: i32): usize {
  return x + (<usize> ((row * pool.columns + column) * pool.channels) << 2);
}

/** y_t[q] = factor · Σ x_t over the window of q. */
export function forwardSums(operator: Operator, from: i32, to: i32, factor: f32): void {
  const pool = poolOf(operator), channels = pool.channels, scale = f32x4.splat(factor);
  for (let step = from; step < to; step++) {
    const x = inputsAt(operator, step);
    let y = outputsAt(operator, step);
    for (let row = 0; row < pool.outputRows; row++) {
      for (let column = 0; column < pool.outputColumns; column++) {
        place(pool, row, column);
        for (let channel = 0; channel < channels; channel += 4) {
          const left = min(channels - channel, 4);
          let sum = f32x4.splat(0);
          for (let r = pool.top; r < pool.bottom; r++) {
            for (let c = pool.left; c < pool.right; c++) {
              sum = f32x4.add(sum, v128.load(pixelAt(pool, x, r, c) + (<usize> channel << 2)));
            }
          }
          storeSome(y, f32x4.mul(scale, sum), left);
          y += <usize> left << 2;
        }
      }
    }
  }
}

/** δx_t = factor · Σ δy_t[q] over the windows that a pixel is in. */
export function backwardSums(operator: Operator, from: i32, to: i32, factor: f32): void {
  const pool = poolOf(operator), channels = pool.channels, scale = f32x4.splat(factor);
  const bytes = <usize> (channels * pool.rows * pool.columns) << 2;
  for (let step = from; step < to; step++) {
    const dx = inputGradientsAt(operator, step);
    let dy = outputGradientsAt(operator, step);
    memory.fill(dx, 0, bytes);
    for (let row = 0; row < pool.outputRows; row++) {
      for (let column = 0; column < pool.outputColumns; column++) {
        place(pool, row, column);
        for (let channel = 0; channel < channels; channel += 4) {
          const left = min(channels - channel, 4), delta = f32x4.mul(scale, v128.load(dy));
          for (let r = pool.top; r < pool.bottom; r++) {
            for (let c = pool.left; c < pool.right; c++) {
              const at = pixelAt(pool, dx, r, c) + (<usize> channel << 2);
              storeSome(at, f32x4.add(v128.load(at), delta), left);
            }
          }
          dy += <usize> left << 2;
        }
      }
    }
  }
}

/** 1 / (kh·kw): zeros of the padding count in a mean. */
export function meanFactor(operator: Operator): f32 {
  return <f32> 1 / <f32> (geometryOf(operator, 5) * geometryOf(operator, 6));
}
