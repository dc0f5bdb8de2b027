/**
 * PNG files as brightness and opacity, decoded by fast-png behind a guard.
 *
 * A file of a kilobyte can promise a picture of gigabytes, or inflate to one. So nothing is decoded before its size is
 * known from its header, found within bounds, and kept by its data; and the decoder sees nothing but the chunks that make
 * the picture.
 *
 * @module
 */
import { decode, type DecodedPng } from "fast-png";
import { InputError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { inflatedSize } from "./inflate.ts";
import { InflateError } from "./inflate_error.ts";
import {
  type Chunk,
  damagedPng,
  dataOf,
  findChunks,
  MOST_SIDE,
  type PngChunks,
  SIGNATURE,
} from "./png_chunks.ts";

/** A picture's pixels, row by row from the top; 0 to 255 each. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** Brightness: 0.299·R + 0.587·G + 0.114·B (ITU-R BT.601), rounded. */
  readonly grey: Uint8Array;
  /** Opacity. */
  readonly alpha: Uint8Array;
}

/** The largest pictures that are decoded. */
export const MOST_PIXELS = 1_048_576;
/** A colour type: its channels, how many bits a channel may have, and what it has a palette and a transparency for. */
interface Colour {
  readonly channels: number;
  readonly depths: readonly number[];
  /** A palette: it is what the channel's numbers stand for, a suggestion that nobody needs, or not allowed. */
  readonly palette: "needed" | "suggested" | "forbidden";
  /** Bytes of a transparency: of the one colour that is transparent, or at most one an entry of the palette; 0: not allowed. */
  readonly transparency: number | "palette";
}

const COLOURS: ReadonlyMap<number, Colour> = new Map<number, Colour>([
  [0, { channels: 1, depths: [1, 2, 4, 8, 16], palette: "forbidden", transparency: 2 }],
  [2, { channels: 3, depths: [8, 16], palette: "suggested", transparency: 6 }],
  [3, { channels: 1, depths: [1, 2, 4, 8], palette: "needed", transparency: "palette" }],
  [4, { channels: 2, depths: [8, 16], palette: "forbidden", transparency: 0 }],
  [6, { channels: 4, depths: [8, 16], palette: "suggested", transparency: 0 }],
]);

/** Where Adam7's passes begin, and their strides. */
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
  0,
  1,
  1,
  2,
]] as const;

/**
 * Decodes a PNG.
 *
 * @param bytes The whole file.
 * @param name What messages call it.
 * @param most The largest picture that is decoded, in pixels.
 * @throws {InputError} when it is damaged, too large, or no PNG.
 */
export function decodePng(bytes: Uint8Array, name: string, most: number = MOST_PIXELS): Raster {
  const chunks = findChunks(bytes, name);
  const header = readHeader(dataOf(bytes, chunks.header), name, most);
  const entries = checkColours(bytes, chunks, header, name);
  checkData(bytes, chunks.data, header.inflated, name);
  const colours = header.colour.palette === "needed"
    ? [chunks.palette, chunks.transparency]
    : [chunks.transparency];
  const picture = chunksOf(bytes, [
    chunks.header,
    ...colours.filter((chunk) => chunk !== undefined),
    ...chunks.data,
    chunks.end,
  ]);
  let decoded: DecodedPng;
  try {
    decoded = decode(picture);
  } catch {
    // All else has been looked at.
    throw damagedPng(name, "a row has a filter that PNG does not have");
  }
  return toRaster(decoded, entries, name);
}

/** What follows from the header: how long the data are to be once they are inflated, and what their numbers mean. */
interface Header {
  readonly inflated: number;
  readonly depth: number;
  readonly colour: Colour;
}

function readHeader(data: Uint8Array, name: string, most: number): Header {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const width = view.getUint32(0), height = view.getUint32(4), depth = view.getUint8(8);
  const colour = COLOURS.get(view.getUint8(9)), interlace = view.getUint8(12);
  const size = `${count(width)} × ${count(height)} pixels`;
  if (width === 0 || height === 0) throw damagedPng(name, `it has ${size}`);
  if (most <= 0) {
    throw new InputError(
      `${name}: ${size}: those before it have all that are decoded together: give fewer pictures, or smaller ones`,
    );
  }
  if (width > MOST_SIDE || height > MOST_SIDE || width * height > most) {
    throw new InputError(
      `${name}: ${size}: expected at most ${count(most)} in all and ${
        count(MOST_SIDE)
      } a side: make it smaller`,
    );
  }
  if (
    !colour?.depths.includes(depth) || view.getUint8(10) !== 0 || view.getUint8(11) !== 0 || interlace > 1
  ) {
    throw damagedPng(name, "its header names a form that PNG does not have");
  }
  if (interlace === 1 && depth < 8) {
    throw new InputError(
      `${name}: interlaced, with ${depth} bit${depth === 1 ? "" : "s"} a pixel: save it without interlacing`,
    );
  }
  const rows = (width: number, height: number) =>
    width * height === 0 ? 0 : height * (1 + Math.ceil(width * colour.channels * depth / 8));
  if (interlace === 0) return { inflated: rows(width, height), depth, colour };
  const passes = ADAM7.map(([x, y, dx, dy]) =>
    rows(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy))
  );
  return { inflated: passes.reduce((a, b) => a + b), depth, colour };
}

/** Holds palette and transparency to the colour type. @returns Colours of the palette; 0 where there is none. */
function checkColours(
  bytes: Uint8Array,
  { palette, transparency }: PngChunks,
  { depth, colour }: Header,
  name: string,
): number {
  const entries = palette ? dataOf(bytes, palette).length / 3 : 0;
  const most = colour.palette === "needed" ? 2 ** depth : 256;
  if (!palette && colour.palette === "needed") throw damagedPng(name, "it has no palette");
  if (palette && colour.palette === "forbidden") throw damagedPng(name, "it has a palette, but no colours");
  if (palette && !(Number.isInteger(entries) && entries >= 1 && entries <= most)) {
    throw damagedPng(
      name,
      `its palette has ${
        dataOf(bytes, palette).length
      } bytes: expected three for each of 1 to ${most} colours`,
    );
  }
  const found = transparency && dataOf(bytes, transparency).length, allowed = colour.transparency;
  if (found === undefined) return entries;
  if (allowed === "palette" ? found > entries : found !== allowed || allowed === 0) {
    const expected = allowed === "palette" ? `at most ${entries}` : allowed === 0 ? "none" : String(allowed);
    throw damagedPng(name, `its tRNS chunk has ${found} bytes: expected ${expected}`);
  }
  return entries;
}

/** Inflates the data a piece at a time, and stops where they are more than they should be. */
function checkData(bytes: Uint8Array, data: readonly Chunk[], expected: number, name: string): void {
  let length: number;
  try {
    length = inflatedSize(data.map((chunk) => dataOf(bytes, chunk)), expected);
  } catch (error) {
    throw error instanceof InflateError ? damagedPng(name, error.message) : error;
  }
  if (length > expected) {
    throw damagedPng(name, `its data inflate to more than the ${expected} bytes of its size`);
  }
  if (length < expected) {
    throw damagedPng(name, `its data inflate to ${length} bytes, but its size has ${expected}`);
  }
}

function chunksOf(bytes: Uint8Array, chunks: readonly Chunk[]): Uint8Array {
  const picture = new Uint8Array(chunks.reduce((sum, { from, to }) => sum + to - from, SIGNATURE.length));
  picture.set(SIGNATURE);
  let at = SIGNATURE.length;
  for (const { from, to } of chunks) {
    picture.set(bytes.subarray(from, to), at);
    at += to - from;
  }
  return picture;
}

function toRaster(png: DecodedPng, entries: number, name: string): Raster {
  const { width, height } = png;
  const grey = new Uint8Array(width * height), alpha = new Uint8Array(width * height).fill(255);
  const { samples, channels, most } = samplesOf(png, entries, name);
  const key = png.palette ? undefined : png.transparency;
  const coloured = channels >= 3, opaque = channels % 2 === 1;
  for (let i = 0; i < grey.length; i++) {
    const at = i * channels;
    const red = samples[at]!,
      green = samples[coloured ? at + 1 : at]!,
      blue = samples[coloured ? at + 2 : at]!;
    grey[i] = Math.round((299 * red + 587 * green + 114 * blue) / 1000 * 255 / most);
    if (!opaque) alpha[i] = Math.round(samples[at + channels - 1]! * 255 / most);
    else if (key && red === key[0] && (!coloured || green === key[1] && blue === key[2])) alpha[i] = 0;
  }
  return { width, height, grey, alpha };
}

/** A picture's channels, one number each, and the largest number that there can be. */
function samplesOf(
  png: DecodedPng,
  entries: number,
  name: string,
): { samples: ArrayLike<number>; channels: number; most: number } {
  const { depth, data, channels, palette } = png;
  const samples = depth >= 8 ? data : unpacked(png), most = 2 ** depth - 1;
  if (!palette) return { samples, channels, most };
  const of = palette[0]?.length ?? 0, colours = new Uint8Array(samples.length * of);
  for (const [i, index] of samples.entries()) {
    if (index >= entries) {
      throw damagedPng(name, `pixel ${i} has colour ${index}, but its palette has ${entries}`);
    }
    colours.set(palette[index] ?? [], i * of);
  }
  return { samples: colours, channels: of, most: 255 };
}

/** Samples of 1, 2 or 4 bits, a byte each. */
function unpacked({ width, height, depth, data }: DecodedPng): Uint8Array {
  const samples = new Uint8Array(width * height), row = Math.ceil(width * depth / 8);
  for (let i = 0; i < samples.length; i++) {
    const bit = i % width * depth;
    samples[i] = data[Math.floor(i / width) * row + (bit >> 3)]! >> (8 - depth - (bit & 7)) & 2 ** depth - 1;
  }
  return samples;
}
