/**
 * Writes PNG files of every form by the PNG specification and zlib, without the code under test.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";
import { Buffer } from "node:buffer";

/** A picture's channels as whole numbers below 2^depth, row by row. */
export interface PngImage {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and opacity, 6 RGB and opacity. */
  readonly colour: 0 | 2 | 3 | 4 | 6;
  readonly samples: readonly number[];
  readonly palette?: Uint8Array;
  readonly transparency?: Uint8Array;
  readonly interlaced?: boolean;
  /** The filters of the rows, repeated. @default {[0]} */
  readonly filters?: readonly number[];
}

/** The number of channels of a colour type. */
export const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

/** The whole file. */
export function pngFile(image: PngImage): Uint8Array<ArrayBuffer> {
  const { palette, transparency } = image;
  return joined([
    SIGNATURE,
    headerChunk(image),
    ...palette ? [chunk("PLTE", palette)] : [],
    ...transparency ? [chunk("tRNS", transparency)] : [],
    chunk("tEXt", new TextEncoder().encode("Comment\0not a part of the picture")),
    chunk("IDAT", deflateSync(rawRows(image))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** A file of a greyscale picture with 8 bits a pixel. */
export function greyFile(width: number, height: number, samples: Iterable<number>): Uint8Array<ArrayBuffer> {
  return pngFile({ width, height, depth: 8, colour: 0, samples: [...samples] });
}

/** A file with any size in its header, and any data. */
export function forgedFile(
  header: Omit<PngImage, "samples">,
  data: Uint8Array,
  more: readonly Uint8Array[] = [],
): Uint8Array<ArrayBuffer> {
  return joined([
    SIGNATURE,
    headerChunk({ ...header, samples: [] }),
    ...more,
    chunk("IDAT", data),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** Length, type, data, checksum. */
export function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(Buffer.from(bytes.subarray(4, 8 + data.length))));
  return bytes;
}

function headerChunk({ width, height, depth, colour, interlaced }: PngImage): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(13), view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  return chunk("IHDR", data);
}

/** Filtered rows, each after its filter's number. */
function rawRows(image: PngImage): Uint8Array {
  const { width, height, interlaced } = image;
  const passes = interlaced
    ? [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]
    : [[0, 0, 1, 1]];
  return joined(passes.flatMap(([x0 = 0, y0 = 0, dx = 1, dy = 1]) => {
    const columns = rangeOf(x0, width, dx), lines = rangeOf(y0, height, dy);
    return columns.length === 0 ? [] : passRows(image, columns, lines);
  }));
}

function passRows(
  { width, depth, colour, samples, filters = [0] }: PngImage,
  columns: readonly number[],
  lines: readonly number[],
): Uint8Array[] {
  const channels = CHANNELS[colour], stride = Math.max(1, channels * depth / 8);
  let above = new Uint8Array(Math.ceil(columns.length * channels * depth / 8));
  return lines.map((y, i) => {
    const bits = columns.flatMap((x) =>
      Array.from({ length: channels }, (_, c) => samples[(y * width + x) * channels + c]!)
    ).map((sample) => sample.toString(2).padStart(depth, "0")).join("");
    const row = Uint8Array.from(
      { length: above.length },
      (_, at) => parseInt(bits.slice(8 * at, 8 * at + 8).padEnd(8, "0"), 2),
    );
    const filter = filters[i % filters.length]!;
    const filtered = row.map((value, at) => {
      const left = row[at - stride] ?? 0, up = above[at]!, corner = above[at - stride] ?? 0;
      return value - [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
    });
    above = row;
    return joined([Uint8Array.of(filter), filtered]);
  });
}

function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [up - corner, left - corner, left + up - 2 * corner].map(Math.abs) as [
    number,
    number,
    number,
  ];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function rangeOf(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
