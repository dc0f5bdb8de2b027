/**
 * PNG files as brightness and opacity, decoded by fast-png behind a guard.
 *
 * A file of a kilobyte can promise a picture of gigabytes, or inflate to one. So nothing is decoded before its size is
 * known from its header, found within bounds, and kept by its data; and the decoder sees nothing but the chunks that make
 * the picture.
 *
 * @module
 */
import { convertIndexedToRgb, decode, type DecodedPng } from "fast-png";
import { Unzlib } from "fflate";
import { InputError } from "../errors.ts";

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
/** And their longest side. */
export const MOST_SIDE = 4096;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A colour type: its channels, how many bits a channel may have, and which chunks say what colours are. */
interface Colour {
  readonly channels: number;
  readonly depths: readonly number[];
  readonly uses: readonly string[];
}

const COLOURS: ReadonlyMap<number, Colour> = new Map([
  [0, { channels: 1, depths: [1, 2, 4, 8, 16], uses: ["tRNS"] }],
  [2, { channels: 3, depths: [8, 16], uses: ["tRNS"] }],
  [3, { channels: 1, depths: [1, 2, 4, 8], uses: ["PLTE", "tRNS"] }],
  [4, { channels: 2, depths: [8, 16], uses: [] }],
  [6, { channels: 4, depths: [8, 16], uses: [] }],
]);

/** Where Adam7's passes begin, and their strides. */
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
  0,
  1,
  1,
  2,
]] as const;

/** Deflate's best ratio is 1032: so much at a time is inflated at most half a megabyte too far. */
const PIECE = 512;

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
  const header = readHeader(bytes, chunks.header, name, most);
  if (header.uses.includes("PLTE") && !chunks.palette.has("PLTE")) throw damaged(name, "it has no palette");
  checkData(bytes, chunks.data, header.inflated, name);
  const palette = ["PLTE", "tRNS"].flatMap((type) =>
    header.uses.includes(type) ? chunks.palette.get(type) ?? [] : []
  );
  const picture = chunksOf(bytes, [chunks.header, ...palette, ...chunks.data, chunks.end]);
  try {
    return toRaster(decode(picture, { checkCrc: true }));
  } catch (error) {
    throw damaged(name, error instanceof Error ? error.message : String(error));
  }
}

/** A chunk's place: `from` its length, `to` behind its checksum. */
interface Chunk {
  readonly from: number;
  readonly to: number;
}

interface Chunks {
  readonly header: Chunk;
  /** Palette and transparency, by type. */
  readonly palette: ReadonlyMap<string, Chunk>;
  readonly data: readonly Chunk[];
  readonly end: Chunk;
}

function findChunks(bytes: Uint8Array, name: string): Chunks {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) {
    throw new InputError(
      `${name}: ${bytes.length.toLocaleString("en")} bytes that are no PNG: expected a PNG file`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const palette = new Map<string, Chunk>(), data: Chunk[] = [];
  let header: Chunk | undefined;
  for (let from = SIGNATURE.length; from + 12 <= bytes.length;) {
    const to = from + 12 + view.getUint32(from);
    if (to > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(from + 4, from + 8)), chunk = { from, to };
    if (from === SIGNATURE.length) {
      if (type !== "IHDR" || to - from !== 25) throw damaged(name, "it does not begin with its header");
      header = chunk;
    } else if (type === "PLTE" || type === "tRNS") palette.set(type, chunk);
    else if (type === "IDAT") data.push(chunk);
    else if (type === "IEND" && header) return { header, palette, data, end: chunk };
    from = to;
  }
  throw new InputError(
    `${name}: a PNG that is cut short after ${bytes.length.toLocaleString("en")} bytes: send the whole of it`,
  );
}

/** What follows from the header: how long the data are to be once they are inflated, and which chunks count. */
interface Header {
  readonly inflated: number;
  readonly uses: readonly string[];
}

function readHeader(bytes: Uint8Array, { from }: Chunk, name: string, most: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from + 8, 13);
  const width = view.getUint32(0), height = view.getUint32(4), depth = view.getUint8(8);
  const colour = COLOURS.get(view.getUint8(9)), interlace = view.getUint8(12);
  const size = `${width.toLocaleString("en")} × ${height.toLocaleString("en")} pixels`;
  if (width === 0 || height === 0) throw damaged(name, `it has ${size}`);
  if (width > MOST_SIDE || height > MOST_SIDE || width * height > most) {
    throw new InputError(
      `${name}: ${size}: expected at most ${most.toLocaleString("en")} in all and ${
        MOST_SIDE.toLocaleString("en")
      } a side: make it smaller`,
    );
  }
  if (
    !colour?.depths.includes(depth) || view.getUint8(10) !== 0 || view.getUint8(11) !== 0 || interlace > 1
  ) {
    throw damaged(name, "its header names a form that PNG does not have");
  }
  if (interlace === 1 && depth < 8) {
    throw new InputError(
      `${name}: interlaced, with ${depth} bit${depth === 1 ? "" : "s"} a pixel: save it without interlacing`,
    );
  }
  const rows = (width: number, height: number) =>
    width * height === 0 ? 0 : height * (1 + Math.ceil(width * colour.channels * depth / 8));
  if (interlace === 0) return { inflated: rows(width, height), uses: colour.uses };
  const passes = ADAM7.map(([x, y, dx, dy]) =>
    rows(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy))
  );
  return { inflated: passes.reduce((a, b) => a + b), uses: colour.uses };
}

/** Inflates the data a piece at a time, and stops where they are more than they should be. */
function checkData(bytes: Uint8Array, data: readonly Chunk[], expected: number, name: string): void {
  let length = 0;
  const inflator = new Unzlib((piece) => length += piece.length);
  try {
    for (const { from, to } of data) {
      for (let at = from + 8; at < to - 4; at += PIECE) {
        inflator.push(bytes.subarray(at, Math.min(at + PIECE, to - 4)));
        if (length > expected) break;
      }
    }
    if (length <= expected) inflator.push(new Uint8Array(0), true);
  } catch (error) {
    throw damaged(name, error instanceof Error ? error.message : String(error));
  }
  if (length > expected) {
    throw damaged(name, `its data inflate to more than the ${expected} bytes of its size`);
  }
  if (length < expected) {
    throw damaged(name, `its data inflate to ${length} bytes, but its size has ${expected}`);
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

function toRaster(png: DecodedPng): Raster {
  const { width, height } = png;
  const grey = new Uint8Array(width * height), alpha = new Uint8Array(width * height).fill(255);
  const { samples, channels, most } = samplesOf(png);
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
function samplesOf(png: DecodedPng): { samples: ArrayLike<number>; channels: number; most: number } {
  const { width, height, depth, data, channels, palette } = png;
  if (palette && channels === 1) {
    return { samples: convertIndexedToRgb(png), channels: palette[0]?.length ?? 0, most: 255 };
  }
  const most = 2 ** depth - 1;
  if (depth >= 8) return { samples: data, channels, most };
  const samples = new Uint8Array(width * height), row = Math.ceil(width * depth / 8);
  for (let i = 0; i < samples.length; i++) {
    const bit = i % width * depth;
    samples[i] = data[Math.floor(i / width) * row + (bit >> 3)]! >> (8 - depth - (bit & 7)) & most;
  }
  return { samples, channels, most };
}

function damaged(name: string, fault: string): InputError {
  return new InputError(`${name}: the PNG is damaged: ${fault}: save it anew`);
}
