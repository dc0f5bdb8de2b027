/**
 * What the kernels of a convolution (operators/conv2d.ts) share: its geometry, the parts of its workspace, and lists of numbers that are
 * not 0, in the form of listed_rows.ts.
 */
import { ENTRY, RANGE } from "./listed_rows";
import { inputsAt, Operator } from "./operator";

/** Steps of which K's gradient lists the spikes at a time hold so many numbers at most, or one step. */
const LISTED: i32 = 32768;
/** Outputs up to which a single channel is scattered. */
const MOST_SCATTERED: i32 = 32;

/** What the geometry comes to. Parts of the workspace follow one after another. */
@unmanaged
export class Conv {
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
  /** Zeros, as many as a row of K or a pixel of x has numbers: sums without a bias begin with them. */
  zeros: usize;
  /** δx with padding; or y with as many columns more on each side as the kernel has beside one. */
  padded: usize;
  /** Forward, numbers of x add to the outputs around them, by a copy of K whose columns are reversed. */
  isScattered: bool;
  reversed: usize;
  backward: usize;
  /** What is not sparse is multiplied in tiles (convolution_tiles.ts), forward and back. */
  hasTiles: bool;
  hasTilesBack: bool;
  panels: usize;
  panelsBack: usize;
  tile: usize;
  product: usize;
  end: usize;
}

const CONV: usize = memory.data(offsetof<Conv>(), 8);

export function convOf(operator: Operator): Conv {
  return layOut(operator.geometry, operator.workspace);
}

/** Reads the geometry. The workspace begins with 4 words; the first one's bits say which copies of K are those of the present K. */
export function layOut(geometry: usize, workspace: usize): Conv {
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
  conv.together = max(1, LISTED / inputs);
  const cells = conv.paddedRows * conv.paddedColumns * groups;
  let at = workspace + 16;
  conv.ranges = at;
  at += RANGE * <usize> max(conv.kh * conv.runs, conv.together * conv.outputRows);
  conv.starts = at;
  at += 4 * <usize> max(cells + 1, conv.together * conv.paddedRows + 1 + conv.channels);
  conv.entries = at = at + 7 & ~7;
  at += ENTRY * <usize> (max(inputs, conv.outputs) + 4);
  conv.channelEntries = at;
  at += PLACED * <usize> (conv.together * inputs);
  conv.kept = at;
  at += ENTRY * <usize> (conv.together * conv.rows * conv.columns);
  conv.zeros = at = at + 15 & ~15;
  at += <usize> max(conv.rowBytes, (conv.channels + 3 & ~3) << 2);
  conv.padded = at = at + 15 & ~15;
  // With one channel a window has few numbers, and few outputs make a sum of them short.
  conv.isScattered = conv.isWhole && conv.channels == 1 && conv.strideY == 1 && conv.strideX == 1 &&
    (conv.outputs & 3) == 0 && conv.outputs <= MOST_SCATTERED;
  const columns = conv.outputColumns + 2 * (conv.kw - 1);
  const spread = conv.isScattered ? conv.outputRows * columns * conv.outputs : 0;
  at += 4 * <usize> max(spread, conv.paddedRows * conv.paddedColumns * conv.channels) + 16;
  conv.reversed = at = at + 15 & ~15;
  at += conv.isScattered ? <usize> (conv.outputs * conv.kh * conv.kw) << 2 : 0;
  conv.backward = at = at + 15 & ~15;
  at += <usize> (conv.outputs * conv.kh * conv.runs * conv.runBytes) + 16;
  const isEven = groups == 1 && ((conv.channels | conv.outputs) & 3) == 0, kernel = conv.kh * conv.kw;
  conv.hasTiles = isEven;
  conv.hasTilesBack = isEven && conv.strideY == 1 && conv.strideX == 1;
  conv.panels = at;
  if (conv.hasTiles) at += <usize> (kernel * conv.channels * (conv.outputs + 7 & ~7)) << 2;
  conv.panelsBack = at;
  if (conv.hasTilesBack) at += <usize> (kernel * conv.outputs * (conv.channels + 7 & ~7)) << 2;
  conv.tile = at;
  if (conv.hasTiles) at += <usize> (kernel * max(conv.channels, conv.outputs)) << 4;
  conv.product = at;
  if (conv.hasTiles) at += <usize> (max(conv.channels, conv.outputs) + 7 & ~7) << 4;
  conv.end = at;
  return conv;
}

/**
 * Lists the numbers of x that are not 0, by row, column and group, padding included. An entry's offset is that of its row of K, counted
 * from the padded row's first column.
 */
export function listCells(conv: Conv, x: usize): void {
  const groups = conv.groups, inputs = conv.groupInputs, rowBytes = conv.rowBytes;
  let entry = conv.entries, start = conv.starts;
  for (let row = 0; row < conv.paddedRows; row++) {
    const isInside = row >= conv.paddingY && row < conv.paddingY + conv.rows;
    for (let column = 0; column < conv.paddedColumns; column++) {
      const isThere = isInside && column >= conv.paddingX && column < conv.paddingX + conv.columns;
      const offset = column * inputs * rowBytes;
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

/**
 * Lists numbers that are not 0: the n-th one's offset is `offset` + n·`stride`. Entries may be written beyond the last one.
 *
 * @returns Where the next entry goes.
 */
export function listRun(x: usize, count: i32, offset: u32, stride: u32, entry: usize): usize {
  const zero = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 16, offset += 4 * stride) {
    const mask = <usize> i32x4.bitmask(f32x4.ne(v128.load(x), zero));
    if (mask == 0) continue;
    // No branch on a lane: what is 0 is overwritten by the next entry.
    store<u32>(entry, offset), store<u32>(entry, load<u32>(x), 4);
    entry += (mask & 1) << 3;
    store<u32>(entry, offset + stride), store<u32>(entry, load<u32>(x, 4), 4);
    entry += (mask & 2) << 2;
    store<u32>(entry, offset + 2 * stride), store<u32>(entry, load<u32>(x, 8), 4);
    entry += (mask & 4) << 1;
    store<u32>(entry, offset + 3 * stride), store<u32>(entry, load<u32>(x, 12), 4);
    entry += mask & 8;
  }
  for (; i < count; i++, x += 4, offset += stride) {
    if (load<f32>(x) == 0) continue;
    store<u32>(entry, offset), store<u32>(entry, load<u32>(x), 4);
    entry += ENTRY;
  }
  return entry;
}

/**
 * Bytes of an entry of a list by channel: i32 its line (step · padded rows + padded row), i32 where δy's row of that line would begin,
 * i32 its padded column, f32 its number.
 */
export const PLACED: usize = 16;

/** Where the list of a channel begins; each has room for all of its numbers. */
export function channelAt(conv: Conv, channel: i32): usize {
  return conv.channelEntries + PLACED * <usize> (channel * conv.together * conv.rows * conv.columns);
}

/** Where the end of each channel's list is kept. */
export function channelEndAt(conv: Conv, channel: i32): usize {
  return conv.starts + (<usize> (conv.together * conv.paddedRows + 1 + channel) << 2);
}

/** Lists the numbers of x that are not 0 by channel, of some steps. */
export function listChannels(operator: Operator, conv: Conv, from: i32, to: i32): void {
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
