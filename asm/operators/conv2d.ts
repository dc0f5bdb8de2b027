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
 * of K. No scatter, and a fixed order of sums.
 *
 * Tensors: K, in memory `[groups][kh][kw][inputs of a group][outputs of a group, padded to 4]`; b. Geometry: channels, rows, columns of
 * x; channels, rows, columns of y; kh, kw; stride, padding and dilation, by rows and by columns each; groups; whether b is there.
 */
import { ENTRY, putRange, RANGE, storeSome, sumListed } from "../listed_rows";
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

/** Steps of which K's gradient lists the spikes at a time hold so many numbers at most, or one step. */
const LISTED: i32 = 32768;

/** What the geometry comes to. Parts of the workspace follow one after another. */
@unmanaged
class Conv {
  channels: i32;
  rows: i32;
  columns: i32;
  outputs: i32;
  outputRows: i32;
  outputColumns: i32;
  kh: i32;
  kw: i32;
  strideY: i32;
  strideX: i32;
  paddingY: i32;
  paddingX: i32;
  dilationY: i32;
  dilationX: i32;
  groups: i32;
  hasBias: i32;
  /** Channels of a group, of x and y, and bytes of a row of K. */
  groupInputs: i32;
  groupOutputs: i32;
  rowBytes: i32;
  /** Columns of x with its padding. */
  paddedRows: i32;
  paddedColumns: i32;
  /** A row of the window lies in one piece in memory, or in `kw` pieces: how many. */
  isWhole: bool;
  runs: i32;
  /** Numbers of a piece, and bytes of a row of the second copy of K. */
  runLength: i32;
  runBytes: i32;
  /** Steps whose spikes are listed at a time. */
  together: i32;
  ranges: usize;
  starts: usize;
  entries: usize;
  /** Lists by channel, of `together` steps. */
  channelEntries: usize;
  kept: usize;
  /** δx with padding. */
  padded: usize;
  backward: usize;
}

const CONV: usize = memory.data(offsetof<Conv>(), 8);

function convOf(operator: Operator): Conv {
  return layOut(operator.geometry, operator.workspace);
}

/** Reads the geometry. The workspace begins with 4 words, of which the first says whether K's second copy is that of the present K. */
function layOut(geometry: usize, workspace: usize): Conv {
  const conv = changetype<Conv>(CONV);
  memory.copy(CONV, geometry, 64);
  const groups = conv.groups;
  conv.groupInputs = conv.channels / groups;
  conv.groupOutputs = conv.outputs / groups;
  conv.rowBytes = (conv.groupOutputs + 3 & ~3) << 2;
  conv.paddedRows = conv.rows + 2 * conv.paddingY;
  conv.paddedColumns = conv.columns + 2 * conv.paddingX;
  conv.isWhole = conv.dilationX == 1 && groups == 1;
  conv.runs = conv.isWhole ? 1 : conv.kw;
  conv.runLength = conv.isWhole ? conv.kw * conv.groupInputs : conv.groupInputs;
  conv.runBytes = (conv.runLength + 3 & ~3) << 2;
  const inputs = conv.channels * conv.rows * conv.columns;
  const outputs = conv.outputs * conv.outputRows * conv.outputColumns;
  conv.together = max(1, LISTED / inputs);
  const cells = conv.paddedRows * conv.paddedColumns * groups;
  let at = workspace + 16;
  conv.ranges = at;
  at += RANGE * <usize> max(conv.kh * conv.runs, conv.together * conv.outputRows);
  conv.starts = at;
  at += 4 * <usize> max(cells + 1, conv.together * conv.paddedRows + 1 + conv.channels);
  conv.entries = at = at + 7 & ~7;
  at += ENTRY * <usize> max(inputs, conv.outputs);
  conv.channelEntries = at;
  at += PLACED * <usize> (conv.together * inputs);
  conv.kept = at;
  at += ENTRY * <usize> (conv.together * conv.rows * conv.columns);
  conv.padded = at = at + 15 & ~15;
  at += 4 * <usize> (conv.paddedRows * conv.paddedColumns * conv.channels) + 16;
  conv.backward = at + 15 & ~15;
  return conv;
}

/** Words of the workspace, by a geometry. */
export function workspaceConv2d(geometry: usize): i32 {
  const conv = layOut(geometry, 0);
  return <i32> (conv.backward >> 2) + (conv.outputs * conv.kh * conv.runs * conv.runBytes >> 2) + 4;
}

export function forwardConv2d(operator: Operator, from: i32, to: i32): void {
  const conv = convOf(operator), ranges = conv.ranges, starts = conv.starts;
  const weights = tensorOf(operator, 0), bias = conv.hasBias ? tensorOf(operator, 1) : 0;
  const groups = conv.groups, outputs = conv.groupOutputs, rowBytes = conv.rowBytes;
  const pixel = conv.groupInputs * rowBytes, groupBytes = conv.kh * conv.kw * pixel;
  for (let step = from; step < to; step++) {
    listCells(conv, inputsAt(operator, step));
    let y = outputsAt(operator, step);
    for (let row = 0; row < conv.outputRows; row++) {
      const top = row * conv.strideY;
      for (let column = 0; column < conv.outputColumns; column++) {
        const left = column * conv.strideX;
        for (let group = 0; group < groups; group++, y += <usize> outputs << 2) {
          const base = weights + <usize> (group * groupBytes);
          let next = ranges;
          for (let ky = 0; ky < conv.kh; ky++) {
            const cells = (top + ky * conv.dilationY) * conv.paddedColumns;
            if (conv.isWhole) {
              const cell = starts + (<usize> (cells + left) << 2);
              const begin = load<u32>(cell), end = load<u32>(cell + (<usize> conv.kw << 2));
              if (begin != end) {
                next = putRange(next, begin, end, base + <usize> ((ky * conv.kw - left) * pixel));
              }
              continue;
            }
            for (let kx = 0; kx < conv.kw; kx++) {
              const x = left + kx * conv.dilationX;
              const cell = starts + (<usize> ((cells + x) * groups + group) << 2);
              const begin = load<u32>(cell), end = load<u32>(cell, 4);
              if (begin != end) {
                next = putRange(next, begin, end, base + <usize> ((ky * conv.kw + kx - x) * pixel));
              }
            }
          }
          const count = <i32> ((next - ranges) / RANGE);
          if (conv.hasBias) sumListed(ranges, count, outputs, bias + (<usize> (group * outputs) << 2), y);
          else {
            memory.fill(y, 0, <usize> outputs << 2);
            sumListed(ranges, count, outputs, y, y);
          }
        }
      }
    }
  }
}

/**
 * Lists the numbers of x that are not 0, by row, column and group, padding included. An entry's offset is that of its row of K, counted
 * from the padded row's first column.
 */
function listCells(conv: Conv, x: usize): void {
  const groups = conv.groups, inputs = conv.groupInputs, rowBytes = conv.rowBytes;
  let entry = conv.entries, start = conv.starts;
  for (let row = 0; row < conv.paddedRows; row++) {
    const isInside = row >= conv.paddingY && row < conv.paddingY + conv.rows;
    for (let column = 0; column < conv.paddedColumns; column++) {
      const isThere = isInside && column >= conv.paddingX && column < conv.paddingX + conv.columns;
      let offset = column * inputs * rowBytes;
      for (let group = 0; group < groups; group++, start += 4) {
        store<u32>(start, <u32> entry);
        if (!isThere) continue;
        entry = listRun(x, inputs, <u32> offset, <u32> rowBytes, entry);
        x += <usize> inputs << 2;
      }
    }
  }
  store<u32>(start, <u32> entry);
}

/** Lists numbers that are not 0: the n-th one's offset is `offset` + n·`stride`. @returns Where the next entry goes. */
function listRun(x: usize, count: i32, offset: u32, stride: u32, entry: usize): usize {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16, offset += 4 * stride) {
    let mask = i32x4.bitmask(f32x4.ne(v128.load(x), zero));
    while (mask != 0) {
      const lane = ctz(mask);
      store<u32>(entry, offset + <u32> lane * stride);
      store<u32>(entry, load<u32>(x + (<usize> lane << 2)), 4);
      entry += ENTRY;
      mask &= mask - 1;
    }
  }
  for (; i < count; i++, x += 4, offset += stride) {
    if (load<f32>(x) == 0) continue;
    store<u32>(entry, offset), store<u32>(entry, load<u32>(x), 4);
    entry += ENTRY;
  }
  return entry;
}

export function backwardConv2d(operator: Operator, from: i32, to: i32): void {
  const conv = convOf(operator), ranges = conv.ranges, entries = conv.entries, padded = conv.padded;
  if (load<i32>(operator.workspace) == 0) packBackward(operator, conv);
  const groups = conv.groups, runs = conv.runs, runBytes = conv.runBytes, channels = conv.channels;
  const outputBytes = conv.kh * runs * runBytes, columns = conv.paddedColumns;
  const bytes = <usize> (conv.paddedRows * columns * channels) << 2;
  for (let step = from; step < to; step++) {
    let delta = outputGradientsAt(operator, step);
    memory.fill(padded, 0, bytes);
    for (let row = 0; row < conv.outputRows; row++) {
      for (let column = 0; column < conv.outputColumns; column++) {
        for (let group = 0; group < groups; group++, delta += <usize> conv.groupOutputs << 2) {
          const first = <u32> (group * conv.groupOutputs * outputBytes);
          const end = listRun(delta, conv.groupOutputs, first, <u32> outputBytes, entries);
          if (end == entries) continue;
          for (let ky = 0; ky < conv.kh; ky++) {
            const line = (row * conv.strideY + ky * conv.dilationY) * columns + column * conv.strideX;
            for (let run = 0; run < runs; run++) {
              putRange(ranges, entries, end, conv.backward + <usize> ((ky * runs + run) * runBytes));
              const x = (line + run * conv.dilationX) * channels + group * conv.groupInputs;
              const at = padded + (<usize> x << 2);
              sumListed(ranges, 1, conv.runLength, at, at);
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
  store<i32>(operator.workspace, 1);
}

export function weightGradientConv2d(operator: Operator, from: i32, to: i32): void {
  const conv = convOf(operator), together = conv.together;
  for (let step = from; step < to; step += together) {
    const end = min(to, step + together);
    listChannels(operator, conv, step, end);
    for (let channel = 0; channel < conv.channels; channel++) {
      for (let kx = 0; kx < conv.kw; kx++) gradientOfColumn(operator, conv, step, end, channel, kx);
    }
    if (conv.hasBias) biasGradient(operator, conv, step, end);
  }
}

/**
 * Bytes of an entry of a list by channel: i32 its line (step · padded rows + padded row), i32 where δy's row of that line would begin,
 * i32 its padded column, f32 its number.
 */
const PLACED: usize = 16;

/** Where the list of a channel begins; each has room for all of its numbers. */
function channelAt(conv: Conv, channel: i32): usize {
  return conv.channelEntries + PLACED * <usize> (channel * conv.together * conv.rows * conv.columns);
}

/** Where the end of each channel's list is kept. */
function channelEndAt(conv: Conv, channel: i32): usize {
  return conv.starts + (<usize> (conv.together * conv.paddedRows + 1 + channel) << 2);
}

/** Lists the numbers of x that are not 0 by channel, of some steps. */
function listChannels(operator: Operator, conv: Conv, from: i32, to: i32): void {
  const channels = conv.channels, zero = f32x4.splat(0), ends = channelEndAt(conv, 0);
  for (let channel = 0; channel < channels; channel++) {
    store<u32>(ends + (<usize> channel << 2), <u32> channelAt(conv, channel));
  }
  const rowBytes = conv.outputColumns * conv.outputs << 2;
  for (let step = from; step < to; step++) {
    let x = inputsAt(operator, step);
    for (let row = conv.paddingY; row < conv.paddingY + conv.rows; row++) {
      const line = (step - from) * conv.paddedRows + row;
      const at = (step - from) * operator.outputGradientStride + row * rowBytes;
      for (let column = conv.paddingX; column < conv.paddingX + conv.columns; column++) {
        let end = ends, channel = 0;
        for (; channel + 4 <= channels; channel += 4, x += 16, end += 16) {
          let mask = i32x4.bitmask(f32x4.ne(v128.load(x), zero));
          while (mask != 0) {
            const lane = <usize> ctz(mask) << 2;
            putInChannel(end + lane, line, at, column, load<u32>(x + lane));
            mask &= mask - 1;
          }
        }
        for (; channel < channels; channel++, x += 4, end += 4) {
          if (load<f32>(x) != 0) putInChannel(end, line, at, column, load<u32>(x));
        }
      }
    }
  }
}

function putInChannel(end: usize, line: i32, at: i32, column: i32, x: u32): void {
  const entry = <usize> load<u32>(end);
  store<i32>(entry, line), store<i32>(entry, at, 4), store<i32>(entry, column, 8), store<u32>(entry, x, 12);
  store<u32>(end, <u32> (entry + PLACED));
}

/**
 * Adds to the gradient of K[:, channel, ky, kx] for each ky. Of the channel's numbers those stay that kx takes to a position of y: they
 * are in the order of their lines, so those of a ky are a run of each step's.
 */
function gradientOfColumn(operator: Operator, conv: Conv, from: i32, to: i32, channel: i32, kx: i32): void {
  const rows = conv.paddedRows, outputs = conv.outputs, starts = conv.starts, strideX = conv.strideX;
  const group = channel / conv.groupInputs, within = channel - group * conv.groupInputs;
  const rowBytes = conv.outputColumns * outputs << 2, left = kx * conv.dilationX;
  const last = <usize> load<u32>(channelEndAt(conv, channel));
  let kept = conv.kept, start = starts, line = 0;
  store<u32>(start, <u32> kept);
  for (let entry = channelAt(conv, channel); entry < last; entry += PLACED) {
    const x = load<i32>(entry, 8) - left, column = strideX == 1 ? x : x / strideX;
    if (x < 0 || column >= conv.outputColumns || (strideX != 1 && column * strideX != x)) continue;
    for (const own = load<i32>(entry); line < own; line++) store<u32>(start += 4, <u32> kept);
    store<u32>(kept, <u32> (load<i32>(entry, 4) + (column * outputs << 2)));
    store<u32>(kept, load<u32>(entry, 12), 4);
    kept += ENTRY;
  }
  if (kept == conv.kept) return;
  for (; line < (to - from) * rows; line++) store<u32>(start += 4, <u32> kept);
  const deltas = outputGradientsAt(operator, from) + (<usize> (group * conv.groupOutputs) << 2);
  const gradients = gradientOf(operator, 0);
  for (let ky = 0; ky < conv.kh; ky++) {
    const top = ky * conv.dilationY;
    let next = conv.ranges;
    for (let step = 0; step < to - from; step++) {
      const first = starts + (<usize> (step * rows + top) << 2);
      if (conv.strideY == 1) {
        const begin = load<u32>(first), end = load<u32>(first + (<usize> conv.outputRows << 2));
        if (begin != end) next = putRange(next, begin, end, deltas - <usize> (top * rowBytes));
        continue;
      }
      for (let y = 0; y < conv.outputRows; y++) {
        const ends = first + (<usize> (y * conv.strideY) << 2),
          begin = load<u32>(ends),
          end = load<u32>(ends, 4);
        const away = y * conv.strideY + top - y;
        if (begin != end) next = putRange(next, begin, end, deltas - <usize> (away * rowBytes));
      }
    }
    const count = <i32> ((next - conv.ranges) / RANGE);
    if (count == 0) continue;
    const place = ((group * conv.kh + ky) * conv.kw + kx) * conv.groupInputs + within;
    const gradient = gradients + <usize> (place * conv.rowBytes);
    sumListed(conv.ranges, count, conv.groupOutputs, gradient, gradient);
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
