/**
 * The largest number of windows (PyTorch's MaxPool2d): the padding never wins, and of equals the first in row order takes the gradient.
 *
 *     y_t[q] = max_k x_t[q·stride + k − padding];   δx_t[p] = Σ_q δy_t[q]·[p is the first maximum of q's window]
 *
 * Geometry as in pool.ts.
 */
import { inputGradientsAt, inputsAt, Operator, outputGradientsAt, outputsAt } from "../operator";
import { pixelAt, place, Pool, poolOf } from "../pool";
import { storeSome } from "../listed_rows";

export function forwardMaxPool2d(operator: Operator, from: i32, to: i32): void {
  const pool = poolOf(operator), channels = pool.channels;
  for (let step = from; step < to; step++) {
    const x = inputsAt(operator, step);
    let y = outputsAt(operator, step);
    for (let row = 0; row < pool.outputRows; row++) {
      for (let column = 0; column < pool.outputColumns; column++) {
        place(pool, row, column);
        if (isSquare(pool)) {
          forwardSquare(pool, x, y);
          y += <usize> channels << 2;
          continue;
        }
        for (let channel = 0; channel < channels; channel += 4) {
          const left = min(channels - channel, 4);
          storeSome(y, largest(pool, x, channel), left);
          y += <usize> left << 2;
        }
      }
    }
  }
}

/** The maxima of four channels in the present window. */
function largest(pool: Pool, x: usize, channel: i32): v128 {
  const line = <usize> (pool.columns * pool.channels) << 2, pixel = <usize> pool.channels << 2;
  let first = pixelAt(pool, x, pool.top, pool.left) + (<usize> channel << 2), most = v128.load(first);
  for (let row = pool.top; row < pool.bottom; row++, first += line) {
    let at = first;
    for (let column = pool.left; column < pool.right; column++, at += pixel) {
      most = f32x4.pmax(most, v128.load(at));
    }
  }
  return most;
}

/** Whether the present window is one of 2 × 2, of channels in whole vectors: the usual pool, without loops over the window. */
function isSquare(pool: Pool): bool {
  return pool.bottom - pool.top == 2 && pool.right - pool.left == 2 && (pool.channels & 3) == 0;
}

/** The maxima of a window of 2 × 2. */
function forwardSquare(pool: Pool, x: usize, y: usize): void {
  const line = <usize> (pool.columns * pool.channels) << 2, pixel = <usize> pool.channels << 2;
  let at = pixelAt(pool, x, pool.top, pool.left);
  for (const end = y + pixel; y < end; y += 16, at += 16) {
    const above = f32x4.pmax(v128.load(at), v128.load(at + pixel));
    const below = f32x4.pmax(v128.load(at + line), v128.load(at + line + pixel));
    v128.store(y, f32x4.pmax(above, below));
  }
}

/** Adds δy of a window of 2 × 2 to the first of its maxima. @param away Bytes from x to δx. */
function backwardSquare(pool: Pool, x: usize, away: usize, dy: usize): void {
  const line = <usize> (pool.columns * pool.channels) << 2, pixel = <usize> pool.channels << 2;
  let at = pixelAt(pool, x, pool.top, pool.left);
  for (const end = dy + pixel; dy < end; dy += 16, at += 16) {
    const a = v128.load(at),
      b = v128.load(at + pixel),
      c = v128.load(at + line),
      d = v128.load(at + line + pixel);
    const most = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d)), to = at + away;
    let delta = v128.load(dy), wins = f32x4.eq(a, most);
    v128.store(to, f32x4.add(v128.load(to), v128.and(delta, wins)));
    delta = v128.andnot(delta, wins), wins = f32x4.eq(b, most);
    v128.store(to + pixel, f32x4.add(v128.load(to + pixel), v128.and(delta, wins)));
    delta = v128.andnot(delta, wins), wins = f32x4.eq(c, most);
    v128.store(to + line, f32x4.add(v128.load(to + line), v128.and(delta, wins)));
    delta = v128.andnot(delta, wins), wins = f32x4.eq(d, most);
    v128.store(to + line + pixel, f32x4.add(v128.load(to + line + pixel), v128.and(delta, wins)));
  }
}

export function backwardMaxPool2d(operator: Operator, from: i32, to: i32): void {
  const pool = poolOf(operator), channels = pool.channels;
  const line = <usize> (pool.columns * channels) << 2, pixel = <usize> channels << 2;
  const bytes = <usize> (channels * pool.rows * pool.columns) << 2;
  for (let step = from; step < to; step++) {
    const x = inputsAt(operator, step), dx = inputGradientsAt(operator, step);
    let dy = outputGradientsAt(operator, step);
    memory.fill(dx, 0, bytes);
    for (let row = 0; row < pool.outputRows; row++) {
      for (let column = 0; column < pool.outputColumns; column++) {
        place(pool, row, column);
        if (isSquare(pool)) {
          backwardSquare(pool, x, dx - x, dy);
          dy += <usize> channels << 2;
          continue;
        }
        for (let channel = 0; channel < channels; channel += 4) {
          const left = min(channels - channel, 4), most = largest(pool, x, channel), away = dx - x;
          let delta = v128.load(dy);
          let first = pixelAt(pool, x, pool.top, pool.left) + (<usize> channel << 2);
          for (let r = pool.top; r < pool.bottom; r++, first += line) {
            let at = first;
            for (let c = pool.left; c < pool.right; c++, at += pixel) {
              const wins = f32x4.eq(v128.load(at), most), sum = v128.load(at + away);
              storeSome(at + away, f32x4.add(sum, v128.and(delta, wins)), left);
              delta = v128.andnot(delta, wins);
            }
          }
          dy += <usize> left << 2;
        }
      }
    }
  }
}
