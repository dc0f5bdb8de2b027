/**
 * What the kernels of a convolution (operators/conv2d.ts) share: its geometry, the parts of its workspace, and lists of numbers that are
 * not 0, in the form of listed_rows.ts.
 */
import { BEHIND, ENTRY, putEntries } from "./listed_rows";
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
  /** Products of a number of x with a number of K, of one channel and output: those that fall inside. */
  pairs: i32;
  /** Steps whose spikes are listed at a time, and the numbers of a channel that a list of these has room for. */
  together: i32;
  room: i32;
  /** By row, column and group, where its entries begin. */
  starts: usize;
  entries: usize;
  /** Numbers by channel, of `together` steps, and where those of each channel end. */
  placed: usize;
  placedEnds: usize;
  /** A list to be summed. */
  list: usize;
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
  conv.pairs = insideOf(conv.kh, conv.rows, conv.outputRows, conv.strideY, conv.dilationY, conv.paddingY) *
    insideOf(conv.kw, conv.columns, conv.outputColumns, conv.strideX, conv.dilationX, conv.paddingX);
  conv.room = (conv.together * conv.rows * conv.columns + 4 + 3) & ~3;
  let at = workspace + 16;
  conv.starts = at;
  at += 4 * <usize> (cells + 1);
  conv.placedEnds = at;
  at += 4 * <usize> conv.channels;
  conv.entries = at = at + 15 & ~15;
  at += ENTRY * (<usize> max(inputs, conv.outputs) + BEHIND);
  conv.placed = at;
  at += PLACED * <usize> (conv.channels * conv.room);
  conv.list = at;
  at += ENTRY * (<usize> max(conv.kh * conv.kw * conv.groupInputs, conv.room) + BEHIND);
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

/** Of one axis, the pairs of a place of y and one of the kernel that meet a place of x, and not the zeros beside it. */
function insideOf(kernel: i32, size: i32, outputs: i32, stride: i32, dilation: i32, padding: i32): i32 {
  let pairs = 0;
  for (let k = 0, first = -padding; k < kernel; k++, first += dilation) {
    const least = first < 0 ? (stride - 1 - first) / stride : 0;
    const most = size - 1 - first < 0 ? -1 : min(outputs - 1, (size - 1 - first) / stride);
    pairs += max(0, most - least + 1);
  }
  return pairs;
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
  const zero = f32x4.splat(0), more = i32x4.splat(4 * stride);
  let i = 0, offsets = i32x4.add(i32x4.splat(offset), i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(stride)));
  for (; i + 4 <= count; i += 4, x += 16) {
    const numbers = v128.load(x);
    entry = putEntries(entry, i32x4.bitmask(f32x4.ne(numbers, zero)), offsets, numbers);
    offsets = i32x4.add(offsets, more);
  }
  offset += <u32> i * stride;
  for (; i < count; i++, x += 4, offset += stride) {
    if (load<f32>(x) == 0) continue;
    store<u32>(entry, offset), store<u32>(entry, load<u32>(x), 4);
    entry += ENTRY;
  }
  return entry;
}

/**
 * Bytes of a number in the list of its channel, in four arrays of `room` words: i32 its row's code, i32 its column's, i32 where δy would
 * begin for the first place of the kernel, f32 the number. Codes are those of {@linkcode codeOf}.
 */
export const PLACED: usize = 16;

/** No place's code. */
const NOWHERE: i32 = i32.MAX_VALUE;

/** Where the list of a channel begins. */
export function placedAt(conv: Conv, channel: i32): usize {
  return conv.placed + PLACED * <usize> (channel * conv.room);
}

/** Where the end of a channel's list is kept. */
export function placedEndAt(conv: Conv, channel: i32): usize {
  return conv.placedEnds + (<usize> channel << 2);
}

/**
 * The code of a padded row, or column, for a stride. A place of the kernel takes it to the place of y that is the difference of their
 * codes; to none where that is not within y.
 *
 * @param size Padded rows or columns.
 */
export function codeOf(place: i32, stride: i32, size: i32): i32 {
  return stride == 1 ? place : place / stride + place % stride * (2 * size);
}

/** Lists the numbers of x that are not 0 by channel, of some steps. */
export function listChannels(operator: Operator, conv: Conv, from: i32, to: i32): void {
  const channels = conv.channels,
    zero = f32x4.splat(0),
    ends = conv.placedEnds,
    room = <usize> conv.room << 2;
  for (let channel = 0; channel < channels; channel++) {
    store<u32>(placedEndAt(conv, channel), <u32> placedAt(conv, channel));
  }
  for (let step = from; step < to; step++) {
    let x = inputsAt(operator, step);
    const first = (step - from) * operator.outputGradientStride;
    for (let top = conv.paddingY; top < conv.paddingY + conv.rows; top++) {
      const row = codeOf(top, conv.strideY, conv.paddedRows), line = top / conv.strideY * conv.outputColumns;
      for (let left = conv.paddingX; left < conv.paddingX + conv.columns; left++) {
        const column = codeOf(left, conv.strideX, conv.paddedColumns);
        const at = first + ((line + left / conv.strideX) * conv.outputs << 2);
        let end = ends, channel = 0;
        for (; channel + 4 <= channels; channel += 4, x += 16, end += 16) {
          let mask = i32x4.bitmask(f32x4.ne(v128.load(x), zero));
          while (mask != 0) {
            const lane = <usize> ctz(mask) << 2;
            place(end + lane, room, row, column, at, load<u32>(x + lane));
            mask &= mask - 1;
          }
        }
        for (; channel < channels; channel++, x += 4, end += 4) {
          if (load<f32>(x) != 0) place(end, room, row, column, at, load<u32>(x));
        }
      }
    }
  }
  // Lists are read by fours.
  for (let channel = 0; channel < channels; channel++) {
    v128.store(load<u32>(placedEndAt(conv, channel)), i32x4.splat(NOWHERE));
  }
}

function place(end: usize, room: usize, row: i32, column: i32, at: i32, x: u32): void {
  const entry = <usize> load<u32>(end);
  store<i32>(entry, row), store<i32>(entry + room, column);
  store<i32>(entry + 2 * room, at), store<u32>(entry + 3 * room, x);
  store<u32>(end, <u32> (entry + 4));
}

/** Lists what a place of the kernel takes from a channel to rows of δy. @returns The end of the list. */
export function listPlaced(conv: Conv, channel: i32, ky: i32, kx: i32): usize {
  const top = ky * conv.dilationY, left = kx * conv.dilationX, room = <usize> conv.room << 2;
  const rows = i32x4.splat(conv.outputRows), columns = i32x4.splat(conv.outputColumns);
  const row = i32x4.splat(codeOf(top, conv.strideY, conv.paddedRows));
  const column = i32x4.splat(codeOf(left, conv.strideX, conv.paddedColumns));
  const away = (top / conv.strideY * conv.outputColumns + left / conv.strideX) * conv.outputs << 2;
  const less = i32x4.splat(away), last = <usize> load<u32>(placedEndAt(conv, channel));
  let entry = conv.list;
  for (let at = placedAt(conv, channel); at < last; at += 16) {
    const isIn = v128.and(
      i32x4.lt_u(i32x4.sub(v128.load(at), row), rows),
      i32x4.lt_u(i32x4.sub(v128.load(at + room), column), columns),
    );
    const offsets = i32x4.sub(v128.load(at + 2 * room), less);
    entry = putEntries(entry, i32x4.bitmask(isIn), offsets, v128.load(at + 3 * room));
  }
  return entry;
}
