/**
 * Cross-correlation over rows and columns, with zeros outside (as PyTorch's Conv2d).
 *
 *     y_t[q, o] = b_o + Σ_{ky, kx, i} K[o, i, ky, kx]·x_t[q·stride + k·dilation − padding, i],  i of the group of o
 *     δx_t[p, i] = Σ_{q, k: q·stride + k·dilation − padding = p} Σ_o K[o, i, ky, kx]·δy_t[q, o]
 *     ∂L/∂K[o, i, ky, kx] = Σ_t Σ_q δy_t[q, o]·x_t[q·stride + k·dilation − padding, i];   ∂L/∂b_o = Σ_t Σ_q δy_t[q, o]
 *
 * All three are sums of listed rows (listed_rows.ts), so that work is done for numbers that are not 0 alone: for the spikes of x
 * forward and in K's gradient, for δy's numbers in δx, of which a max pool above leaves one in four. Forward, the outputs of a
 * position stay in registers while the spikes of its window add rows of K. Of K's gradient, a row stays there while the spikes of its
 * channel add rows of δy. Of δx, a row of the window stays there while the numbers of δy at its position add rows of a second copy
 * of K. No scatter, and a fixed order of sums. Where few numbers are 0, tiles of positions and outputs are faster, with the same bits:
 * convolution_tiles.ts; the count decides, step by step.
 *
 * Tensors: K, in memory `[groups][kh][kw][inputs of a group][outputs of a group, padded to 4]`; b. Geometry: channels, rows, columns of
 * x; channels, rows, columns of y; kh, kw; stride, padding and dilation, by rows and by columns each; groups; whether b is there.
 */
import { Conv, convOf, layOut, listCells, listChannels, listPlaced, listRun } from "../convolution";
import {
  backwardWindows,
  fillsTiles,
  forwardWindows,
  multiplyWindows,
  packPanelsBack,
} from "../convolution_tiles";
import { packRows } from "../dense";
import { madd } from "../lanes";
import { closeList, copyEntries, storeSome, sumListed } from "../listed_rows";
import {
  gradientOf,
  inputGradientsAt,
  inputsAt,
  Operator,
  outputGradientsAt,
  outputsAt,
  tensorOf,
} from "../operator";

/** Words of the workspace, by a geometry. */
export function workspaceConv2d(geometry: usize): i32 {
  return <i32> (layOut(geometry, 0).end >> 2);
}

/** Copies of K that are those of the present K. */
const BACKWARD: i32 = 1, REVERSED: i32 = 2, PANELS: i32 = 4, PANELS_BACK: i32 = 8;

/** Whether a copy of K has to be written; from now on it counts as written. */
function isStale(operator: Operator, copy: i32): bool {
  const copies = load<i32>(operator.workspace);
  store<i32>(operator.workspace, copies | copy);
  return (copies & copy) == 0;
}

export function forwardConv2d(operator: Operator, from: i32, to: i32): void {
  const conv = convOf(operator), list = conv.list, starts = conv.starts;
  if (conv.isScattered) {
    scatter(operator, conv, from, to);
    return;
  }
  const weights = tensorOf(operator, 0), bias = conv.hasBias ? tensorOf(operator, 1) : 0;
  const groups = conv.groups, outputs = conv.groupOutputs, rowBytes = conv.rowBytes;
  const pixel = conv.groupInputs * rowBytes, groupBytes = conv.kh * conv.kw * pixel;
  const windows = forwardWindows(conv, conv.hasBias ? bias : conv.zeros), kernel = conv.kh * conv.kw;
  const listed = <f32> conv.pairs * <f32> conv.channels * <f32> outputs;
  for (let step = from; step < to; step++) {
    const x = inputsAt(operator, step);
    let y = outputsAt(operator, step);
    windows.source = x, windows.to = y;
    if (conv.hasTiles && fillsTiles(windows, kernel, listed)) {
      if (isStale(operator, PANELS)) packRows(weights, kernel * conv.channels, conv.outputs, conv.panels);
      multiplyWindows(conv, windows);
      continue;
    }
    listCells(conv, x);
    for (let row = 0; row < conv.outputRows; row++) {
      const top = row * conv.strideY;
      for (let column = 0; column < conv.outputColumns; column++) {
        const left = column * conv.strideX;
        for (let group = 0; group < groups; group++, y += <usize> outputs << 2) {
          let end = list;
          for (let ky = 0; ky < conv.kh; ky++) {
            const cells = (top + ky * conv.dilationY) * conv.paddedColumns;
            if (conv.isWhole) {
              const cell = starts + (<usize> (cells + left) << 2);
              const more = (ky * conv.kw - left) * pixel;
              end = copyEntries(load<u32>(cell), load<u32>(cell + (<usize> conv.kw << 2)), more, end);
              continue;
            }
            for (let kx = 0; kx < conv.kw; kx++) {
              const x = left + kx * conv.dilationX;
              const cell = starts + (<usize> ((cells + x) * groups + group) << 2);
              const more = (ky * conv.kw + kx - x) * pixel;
              end = copyEntries(load<u32>(cell), load<u32>(cell, 4), more, end);
            }
          }
          closeList(end);
          const from = conv.hasBias ? bias + (<usize> (group * outputs) << 2) : conv.zeros;
          sumListed(list, end, weights + <usize> (group * groupBytes), outputs, from, y);
        }
      }
    }
  }
}

/** The forward pass of a single channel: each number of x that is not 0 adds a row of K's columns, reversed, to the outputs around it. */
function scatter(operator: Operator, conv: Conv, from: i32, to: i32): void {
  const outputs = conv.outputs, kw = conv.kw, pixel = <usize> outputs << 2, run = <usize> kw * pixel;
  const line = <usize> (conv.outputColumns + 2 * (kw - 1)) * pixel, spread = conv.padded;
  const row = <usize> conv.outputColumns * pixel, reversed = conv.reversed;
  if (isStale(operator, REVERSED)) {
    for (let ky = 0; ky < conv.kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const source = tensorOf(operator, 0) + <usize> (ky * kw + kw - 1 - kx) * pixel;
        memory.copy(reversed + <usize> (ky * kw + kx) * pixel, source, pixel);
      }
    }
  }
  for (let step = from; step < to; step++) {
    let x = inputsAt(operator, step), y = outputsAt(operator, step);
    fillRows(conv, conv.hasBias ? tensorOf(operator, 1) : conv.zeros, spread, <usize> conv.outputRows * line);
    for (let top = conv.paddingY; top < conv.paddingY + conv.rows; top++) {
      for (let left = conv.paddingX; left < conv.paddingX + conv.columns; left++, x += 4) {
        if (load<f32>(x) == 0) continue;
        const value = v128.load32_splat(x);
        for (let ky = 0; ky < conv.kh; ky++) {
          const out = top - ky * conv.dilationY;
          if (out < 0 || out >= conv.outputRows) continue;
          const to = spread + <usize> out * line + <usize> left * pixel,
            weights = reversed + <usize> ky * run;
          for (let at: usize = 0; at < run; at += 16) {
            v128.store(to + at, madd(value, v128.load(weights + at), v128.load(to + at)));
          }
        }
      }
    }
    let source = spread + <usize> (kw - 1) * pixel;
    for (let out = 0; out < conv.outputRows; out++, source += line, y += row) memory.copy(y, source, row);
  }
}

/** Repeats a row of outputs. */
function fillRows(conv: Conv, row: usize, to: usize, bytes: usize): void {
  const end = to + bytes, pixel = <usize> conv.outputs << 2;
  for (; to < end; to += pixel) {
    for (let at: usize = 0; at < pixel; at += 16) v128.store(to + at, v128.load(row + at));
  }
}

export function backwardConv2d(operator: Operator, from: i32, to: i32): void {
  const conv = convOf(operator), entries = conv.entries, padded = conv.padded;
  const windows = backwardWindows(conv), kernel = conv.kh * conv.kw;
  const listed = <f32> (conv.outputRows * conv.outputColumns * kernel) * <f32> conv.channels *
    <f32> conv.outputs;
  const groups = conv.groups, runs = conv.runs, runBytes = conv.runBytes, channels = conv.channels;
  const outputBytes = conv.kh * runs * runBytes, columns = conv.paddedColumns;
  const bytes = <usize> (conv.paddedRows * columns * channels) << 2;
  for (let step = from; step < to; step++) {
    let delta = outputGradientsAt(operator, step);
    windows.source = delta, windows.to = inputGradientsAt(operator, step);
    if (conv.hasTilesBack && fillsTiles(windows, kernel, listed)) {
      if (isStale(operator, PANELS_BACK)) packPanelsBack(tensorOf(operator, 0), conv);
      multiplyWindows(conv, windows);
      continue;
    }
    if (isStale(operator, BACKWARD)) packBackward(operator, conv);
    memory.fill(padded, 0, bytes);
    for (let row = 0; row < conv.outputRows; row++) {
      for (let column = 0; column < conv.outputColumns; column++) {
        for (let group = 0; group < groups; group++, delta += <usize> conv.groupOutputs << 2) {
          const first = <u32> (group * conv.groupOutputs * outputBytes);
          const end = listRun(delta, conv.groupOutputs, first, <u32> outputBytes, entries);
          if (end == entries) continue;
          closeList(end);
          for (let ky = 0; ky < conv.kh; ky++) {
            const line = (row * conv.strideY + ky * conv.dilationY) * columns + column * conv.strideX;
            for (let run = 0; run < runs; run++) {
              const base = conv.backward + <usize> ((ky * runs + run) * runBytes);
              const x = (line + run * conv.dilationX) * channels + group * conv.groupInputs;
              const at = padded + (<usize> x << 2);
              sumListed(entries, end, base, conv.runLength, at, at);
            }
          }
        }
      }
    }
    const row = <usize> (conv.columns * channels) << 2;
    let dx = inputGradientsAt(operator, step);
    for (let y = 0; y < conv.rows; y++, dx += row) {
      const first = ((y + conv.paddingY) * columns + conv.paddingX) * channels;
      memory.copy(dx, padded + (<usize> first << 2), row);
    }
  }
}

/** Writes the second copy of K: `[outputs][kh][runs][kw and inputs of a run, padded to 4]`. */
function packBackward(operator: Operator, conv: Conv): void {
  const weights = tensorOf(operator, 0), inputs = conv.groupInputs, kw = conv.kw;
  const pixels = conv.isWhole ? kw : 1;
  let to = conv.backward;
  for (let output = 0; output < conv.outputs; output++) {
    const group = output / conv.groupOutputs, within = output - group * conv.groupOutputs;
    for (let ky = 0; ky < conv.kh; ky++) {
      for (let run = 0; run < conv.runs; run++, to += <usize> conv.runBytes) {
        const first = ((group * conv.kh + ky) * kw + run) * inputs;
        const from = weights + <usize> (first * conv.rowBytes) + (<usize> within << 2);
        memory.fill(to, 0, conv.runBytes);
        for (let i = 0; i < pixels * inputs; i++) {
          store<f32>(to + (<usize> i << 2), load<f32>(from + <usize> (i * conv.rowBytes)));
        }
      }
    }
  }
}

export function weightGradientConv2d(operator: Operator, from: i32, to: i32): void {
  const conv = convOf(operator), together = conv.together;
  for (let step = from; step < to; step += together) {
    const end = min(to, step + together);
    listChannels(operator, conv, step, end);
    const deltas = outputGradientsAt(operator, step), gradients = gradientOf(operator, 0);
    for (let channel = 0; channel < conv.channels; channel++) {
      const group = channel / conv.groupInputs, within = channel - group * conv.groupInputs;
      const base = deltas + (<usize> (group * conv.groupOutputs) << 2);
      for (let ky = 0; ky < conv.kh; ky++) {
        for (let kx = 0; kx < conv.kw; kx++) {
          const last = listPlaced(conv, channel, ky, kx);
          if (last == conv.list) continue;
          closeList(last);
          const place = ((group * conv.kh + ky) * conv.kw + kx) * conv.groupInputs + within;
          const gradient = gradients + <usize> (place * conv.rowBytes);
          sumListed(conv.list, last, base, conv.groupOutputs, gradient, gradient);
        }
      }
    }
    if (conv.hasBias) biasGradient(operator, conv, step, end);
  }
}

/** Adds Σ_t Σ_q δy_t[q, :]. */
function biasGradient(operator: Operator, conv: Conv, from: i32, to: i32): void {
  const gradient = gradientOf(operator, 1), outputs = conv.outputs, row = <usize> outputs << 2;
  const positions = conv.outputRows * conv.outputColumns;
  for (let output = 0; output < outputs; output += 4) {
    const at = gradient + (<usize> output << 2);
    let sum = f32x4.splat(0);
    for (let step = from; step < to; step++) {
      let delta = outputGradientsAt(operator, step) + (<usize> output << 2);
      let part = f32x4.splat(0);
      for (let position = 0; position < positions; position++, delta += row) {
        part = f32x4.add(part, v128.load(delta));
      }
      sum = f32x4.add(sum, part);
    }
    storeSome(at, f32x4.add(v128.load(at), sum), min(outputs - output, 4));
  }
}
