/**
 * Convolutions of what is not sparse: windows of four positions at a time, side by side, multiplied by panels of K (matmul.ts).
 *
 *     to[q, n] = bias_n + Σ_k Σ_m source[q·stride + k·dilation − padding, m]·panels[k, m, n],  0 outside
 *
 * That is y of x; and δx of δy where strides are 1, with K reversed: padding is then (kernel − 1)·dilation − padding. Sums run in the order
 * of listed_rows.ts, and zeros add nothing: the bits do not depend on which of the two computes them.
 */
import { Conv } from "./convolution";
import { panelsToRows } from "./dense";
import { matmulF32 } from "./matmul";

/** The share of numbers that are not 0 from which a product of all is faster than sums of listed rows (docs/performance.md). */
const TILES_FROM: f32 = 0.6;

/** What {@linkcode multiplyWindows} works on. */
@unmanaged
export class Windows {
  source: usize;
  rows: i32;
  columns: i32;
  channels: i32;
  to: usize;
  toRows: i32;
  toColumns: i32;
  toChannels: i32;
  strideY: i32;
  strideX: i32;
  paddingY: i32;
  paddingX: i32;
  /** f32 `[⌈toChannels / 8⌉][kh · kw · channels][8]`, and `[toChannels]`. */
  panels: usize;
  bias: usize;
}

const WINDOWS: usize = memory.data(offsetof<Windows>(), 8);

/** The forward pass of a step, but for where x and y lie. */
export function forwardWindows(conv: Conv, bias: usize): Windows {
  const windows = changetype<Windows>(WINDOWS);
  windows.rows = conv.rows, windows.columns = conv.columns, windows.channels = conv.channels;
  windows.toRows = conv.outputRows, windows.toColumns = conv.outputColumns, windows.toChannels = conv.outputs;
  windows.strideY = conv.strideY, windows.strideX = conv.strideX;
  windows.paddingY = conv.paddingY, windows.paddingX = conv.paddingX;
  windows.panels = conv.panels, windows.bias = bias;
  return windows;
}

/** Likewise δy → δx. */
export function backwardWindows(conv: Conv): Windows {
  const windows = changetype<Windows>(WINDOWS);
  windows.rows = conv.outputRows, windows.columns = conv.outputColumns, windows.channels = conv.outputs;
  windows.toRows = conv.rows, windows.toColumns = conv.columns, windows.toChannels = conv.channels;
  windows.strideY = windows.strideX = 1;
  windows.paddingY = (conv.kh - 1) * conv.dilationY - conv.paddingY;
  windows.paddingX = (conv.kw - 1) * conv.dilationX - conv.paddingX;
  windows.panels = conv.panelsBack, windows.bias = conv.zeros;
  return windows;
}

/**
 * Whether so many of a source's numbers are not 0 that tiles are faster. Lists cost work for each of these, tiles for each pair of a
 * position and a window's number, with outputs in whole panels.
 *
 * @param listed Multiply-adds of lists, if no number were 0.
 */
export function fillsTiles(windows: Windows, kernel: i32, listed: f32): bool {
  const count = windows.rows * windows.columns * windows.channels, zero = f32x4.splat(0);
  const tiles = <f32> (windows.toRows * windows.toColumns * kernel) *
    <f32> (windows.channels * (windows.toChannels + 7 & ~7));
  const least = TILES_FROM * <f32> count * tiles / listed;
  if (least > <f32> count) return false;
  let at = windows.source, there = 0;
  for (const end = at + (<usize> count << 2); at < end; at += 16) {
    there += popcnt(i32x4.bitmask(f32x4.ne(v128.load(at), zero)));
  }
  return <f32> there >= least;
}

/** Computes all positions of a step. Channels of both sides are multiples of 4. */
export function multiplyWindows(conv: Conv, windows: Windows): void {
  const positions = windows.toRows * windows.toColumns, channels = windows.toChannels;
  const inputs = conv.kh * conv.kw * windows.channels, row = <usize> channels << 2;
  let to = windows.to;
  for (let position = 0; position < positions; position += 4, to += row << 2) {
    const count = min(4, positions - position);
    packWindows(conv, windows, position, count);
    matmulF32(conv.tile, windows.panels, windows.bias, conv.product, 4, inputs, channels);
    panelsToRows(conv.product, 4, count, channels, to);
  }
}

/** Writes the windows of four positions side by side, `[kh · kw · channels][4]`; the last one stands in for what is behind it. */
function packWindows(conv: Conv, windows: Windows, position: i32, count: i32): void {
  const last = position + count - 1, channels = windows.channels;
  const b = min(position + 1, last), c = min(position + 2, last), d = min(position + 3, last);
  const top0 = topOf(windows, position), left0 = leftOf(windows, position);
  const top1 = topOf(windows, b), left1 = leftOf(windows, b);
  const top2 = topOf(windows, c), left2 = leftOf(windows, c);
  const top3 = topOf(windows, d), left3 = leftOf(windows, d);
  let to = conv.tile;
  for (let ky = 0; ky < conv.kh; ky++) {
    const y = ky * conv.dilationY;
    for (let kx = 0; kx < conv.kw; kx++) {
      const x = kx * conv.dilationX;
      let p0 = pixelAt(conv, windows, top0 + y, left0 + x), p1 = pixelAt(conv, windows, top1 + y, left1 + x);
      let p2 = pixelAt(conv, windows, top2 + y, left2 + x), p3 = pixelAt(conv, windows, top3 + y, left3 + x);
      for (let channel = 0; channel < channels; channel += 4, to += 64) {
        const v0 = v128.load(p0), v1 = v128.load(p1), v2 = v128.load(p2), v3 = v128.load(p3);
        const low01 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
        const low23 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
        v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
        v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 16);
        v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 32);
        v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 48);
        p0 += 16, p1 += 16, p2 += 16, p3 += 16;
      }
    }
  }
}

/** The first row and column of the window of a position. */
function topOf(windows: Windows, position: i32): i32 {
  return position / windows.toColumns * windows.strideY - windows.paddingY;
}

function leftOf(windows: Windows, position: i32): i32 {
  return position % windows.toColumns * windows.strideX - windows.paddingX;
}

/** Where a pixel's channels lie; zeros outside. */
function pixelAt(conv: Conv, windows: Windows, row: i32, column: i32): usize {
  if (row < 0 || row >= windows.rows || column < 0 || column >= windows.columns) return conv.zeros;
  return windows.source + (<usize> ((row * windows.columns + column) * windows.channels) << 2);
}

/** Writes K, reversed, in panels of x's channels: `[⌈channels / 8⌉][kh · kw · outputs][8]`. */
export function packPanelsBack(weights: usize, conv: Conv): void {
  const channels = conv.channels, outputs = conv.outputs, pixel = <usize> (channels * conv.rowBytes);
  let to = conv.panelsBack;
  for (let first = 0; first < channels; first += 8) {
    const count = min(8, channels - first);
    for (let k = conv.kh * conv.kw - 1; k >= 0; k--) {
      const from = weights + <usize> k * pixel + <usize> (first * conv.rowBytes);
      for (let output = 0; output < outputs; output++, to += 32) {
        const column = from + (<usize> output << 2);
        for (let i = 0; i < count; i++) {
          store<f32>(to + (<usize> i << 2), load<f32>(column + <usize> (i * conv.rowBytes)));
        }
      }
    }
  }
}
