/**
 * PNG files as brightness, colours and opacity (https://www.w3.org/TR/png-3).
 *
 * A file of a kilobyte can promise a picture of gigabytes, or inflate to one. So nothing is inflated before the header's size has been
 * checked, and no more than that size; chunks that are no part of the picture are ignored.
 */
import { InputError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { inflateZlib } from "./inflate.ts";
import { InflateError } from "./inflate_error.ts";
import { type Chunk, damagedPng, dataOf, findChunks, isPng, type PngChunks } from "./png_chunks.ts";
import { brightness, coloursSeen, MOST_PIXELS, MOST_SIDE, type Raster } from "./raster.ts";

/** A colour type. */
interface Colour {
  readonly channels: number;
  /** How many bits a channel may have. */
  readonly depths: readonly number[];
  /** A palette: required, a suggestion that is ignored, or not allowed. */
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

/** A pass over the picture: where it begins, and its strides. */
type Pass = readonly [x: number, y: number, dx: number, dy: number];

const ONE_PASS: readonly Pass[] = [[0, 0, 1, 1]];
const ADAM7: readonly Pass[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/**
 * Decodes a PNG.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @param most The largest picture that is decoded, in pixels.
 * @throws {InputError} when it is damaged, too large, or no PNG.
 */
export function decodePng(bytes: Uint8Array, name: string, most: number = MOST_PIXELS): Raster {
  const chunks = findChunks(bytes, name);
  const header = readHeader(dataOf(bytes, chunks.header), name, most);
  checkColours(bytes, chunks, header, name);
  const samples = readSamples(inflateRows(bytes, chunks.data, header, name), header, name);
  const transparency = chunks.transparency && dataOf(bytes, chunks.transparency);
  return header.colour.palette === "needed" && chunks.palette
    ? rasterOfIndices(samples, dataOf(bytes, chunks.palette), transparency, header, name)
    : rasterOfColours(samples, transparency, header);
}

/** The size that a PNG's header gives; `undefined` where the bytes do not begin as a PNG does. */
export function sizeOfPng(
  bytes: Uint8Array,
): { readonly width: number; readonly height: number } | undefined {
  if (!isPng(bytes) || bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** The header's fields. */
interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits of a channel. */
  readonly depth: number;
  readonly colour: Colour;
  readonly passes: readonly Pass[];
}

function readHeader(data: Uint8Array, name: string, most: number): Header {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const width = view.getUint32(0), height = view.getUint32(4), depth = view.getUint8(8);
  const colour = COLOURS.get(view.getUint8(9)), interlace = view.getUint8(12);
  const size = `${count(width)} × ${count(height)} pixels`,
    largest = `${count(most)} in all and ${count(MOST_SIDE)} a side`;
  if (width === 0 || height === 0) throw damagedPng(name, `it has ${size}`);
  if (most <= 0) {
    const fault = "the pictures before it have all that are decoded together";
    throw new InputError(`${name}: ${size}: ${fault}: give fewer pictures, or smaller ones`);
  }
  if (width > MOST_SIDE || height > MOST_SIDE || width * height > most) {
    throw new InputError(`${name}: ${size}: expected at most ${largest}: make it smaller`);
  }
  if (
    !colour?.depths.includes(depth) || view.getUint8(10) !== 0 || view.getUint8(11) !== 0 || interlace > 1
  ) {
    throw damagedPng(name, "its header names a form that PNG does not have");
  }
  return { width, height, depth, colour, passes: interlace === 0 ? ONE_PASS : ADAM7 };
}

/** Checks palette and transparency against the colour type. */
function checkColours(
  bytes: Uint8Array,
  { palette, transparency }: PngChunks,
  { depth, colour }: Header,
  name: string,
): void {
  const length = palette ? dataOf(bytes, palette).length : 0, entries = length / 3;
  const most = colour.palette === "needed" ? 2 ** depth : 256;
  if (!palette && colour.palette === "needed") throw damagedPng(name, "it has no palette");
  if (palette && colour.palette === "forbidden") throw damagedPng(name, "it has a palette, but no colours");
  if (palette && !(Number.isInteger(entries) && entries >= 1 && entries <= most)) {
    throw damagedPng(
      name,
      `its palette has ${length} bytes: expected three for each of 1 to ${most} colours`,
    );
  }
  const found = transparency && dataOf(bytes, transparency).length, allowed = colour.transparency;
  if (found === undefined) return;
  if (allowed === "palette" ? found > entries : found !== allowed || allowed === 0) {
    const expected = allowed === "palette" ? `at most ${entries}` : allowed === 0 ? "none" : String(allowed);
    throw damagedPng(name, `its tRNS chunk has ${found} bytes: expected ${expected}`);
  }
}

/** Columns and rows of a pass, and the bytes of a row after its filter's. */
function sizeOf([x, y, dx, dy]: Pass, { width, height, depth, colour }: Header) {
  const columns = Math.ceil((width - x) / dx), rows = Math.ceil((height - y) / dy);
  const length = Math.ceil(columns * colour.channels * depth / 8);
  return { columns, rows: columns === 0 ? 0 : rows, length };
}

/** Inflates the data by pieces, up to the size by the header. */
function inflateRows(bytes: Uint8Array, data: readonly Chunk[], header: Header, name: string): Uint8Array {
  const sizes = header.passes.map((pass) => sizeOf(pass, header));
  const inflated = new Uint8Array(sizes.reduce((sum, { rows, length }) => sum + rows * (1 + length), 0));
  let at = 0;
  try {
    for (const piece of inflateZlib(data.map((chunk) => dataOf(bytes, chunk)))) {
      if (at + piece.length > inflated.length) {
        throw damagedPng(name, `its data inflate to more than the ${inflated.length} bytes of its size`);
      }
      inflated.set(piece, at);
      at += piece.length;
    }
  } catch (error) {
    throw error instanceof InflateError ? damagedPng(name, error.message) : error;
  }
  if (at === inflated.length) return inflated;
  throw damagedPng(name, `its data inflate to ${at} bytes, but its size has ${inflated.length}`);
}

/** The numbers of all channels, `[height, width, channels]`. @param inflated Is unfiltered in place. */
function readSamples(inflated: Uint8Array, header: Header, name: string): Uint16Array {
  const { width, height, depth, colour: { channels }, passes } = header;
  const samples = new Uint16Array(width * height * channels), step = Math.max(1, channels * depth / 8);
  let at = 0;
  for (const pass of passes) {
    const [x, y, dx, dy] = pass, { columns, rows, length } = sizeOf(pass, header);
    let above: Uint8Array = new Uint8Array(length);
    for (let row = 0; row < rows; row++) {
      const line = inflated.subarray(at + 1, at + 1 + length);
      if (inflated[at]! > 4) throw damagedPng(name, "a row has a filter that PNG does not have");
      unfilter(line, above, inflated[at]!, step);
      for (let i = 0; i < columns * channels; i++) {
        const column = x + dx * Math.floor(i / channels), place = (y + dy * row) * width + column;
        samples[place * channels + i % channels] = sampleAt(line, i, depth);
      }
      above = line;
      at += 1 + length;
    }
  }
  return samples;
}

/** Undoes a row's filter (PNG, clause 9): each byte was stored less a prediction. @param step Bytes of a pixel. */
function unfilter(line: Uint8Array, above: Uint8Array, filter: number, step: number): void {
  for (let i = 0; i < line.length; i++) {
    const left = i < step ? 0 : line[i - step]!, up = above[i]!;
    switch (filter) {
      case 1:
        line[i]! += left;
        break;
      case 2:
        line[i]! += up;
        break;
      case 3:
        line[i]! += (left + up) >> 1;
        break;
      case 4:
        line[i]! += paeth(left, up, i < step ? 0 : above[i - step]!);
        break;
    }
  }
}

/** Whichever neighbour is the nearest to left + up − diagonal, the first of equals. */
function paeth(left: number, up: number, diagonal: number): number {
  const toLeft = Math.abs(up - diagonal), toUp = Math.abs(left - diagonal);
  const toDiagonal = Math.abs(left + up - 2 * diagonal);
  if (toLeft <= toUp && toLeft <= toDiagonal) return left;
  return toUp <= toDiagonal ? up : diagonal;
}

/** A row's number at a place: the most significant bits and bytes come first. */
function sampleAt(line: Uint8Array, i: number, depth: number): number {
  if (depth === 16) return line[2 * i]! << 8 | line[2 * i + 1]!;
  const bit = i * depth;
  return line[bit >> 3]! >> (8 - depth - (bit & 7)) & (2 ** depth - 1);
}

/** A picture whose numbers are colours. @param key The one colour that is transparent, two bytes a channel. */
function rasterOfColours(
  samples: Uint16Array,
  key: Uint8Array | undefined,
  { width, height, depth, colour: { channels } }: Header,
): Raster {
  const size = width * height, grey = new Uint8Array(size), alpha = new Uint8Array(size).fill(255);
  const most = 2 ** depth - 1, colours = channels < 3 ? 1 : 3;
  const keyed = key && Array.from({ length: colours }, (_, i) => key[2 * i]! << 8 | key[2 * i + 1]!);
  const planes = new Uint8Array(colours === 3 ? 3 * size : 0);
  for (let i = 0; i < size; i++) {
    const at = i * channels;
    const red = samples[at]!, green = samples[at + (colours >> 1)]!, blue = samples[at + colours - 1]!;
    grey[i] = brightness(red, green, blue, most);
    if (channels > colours) alpha[i] = Math.round(samples[at + colours]! * 255 / most);
    else if (keyed?.every((value, channel) => value === samples[at + channel])) alpha[i] = 0;
    if (colours === 1) continue;
    planes[i] = Math.round(red * 255 / most);
    planes[size + i] = Math.round(green * 255 / most);
    planes[2 * size + i] = Math.round(blue * 255 / most);
  }
  return { width, height, grey, colours: colours === 3 ? coloursSeen(planes, alpha) : undefined, alpha };
}

/** A picture whose numbers are colours of a palette. @param opacities Of its first colours. */
function rasterOfIndices(
  samples: Uint16Array,
  palette: Uint8Array,
  opacities: Uint8Array | undefined,
  { width, height }: Header,
  name: string,
): Raster {
  const size = width * height, grey = new Uint8Array(size), alpha = new Uint8Array(size);
  const entries = palette.length / 3, planes = new Uint8Array(3 * size);
  for (const [i, index] of samples.entries()) {
    if (index >= entries) {
      throw damagedPng(name, `pixel ${i} has colour ${index}, but its palette has ${entries}`);
    }
    const red = palette[3 * index]!, green = palette[3 * index + 1]!, blue = palette[3 * index + 2]!;
    grey[i] = brightness(red, green, blue, 255);
    alpha[i] = opacities?.[index] ?? 255;
    planes[i] = red;
    planes[size + i] = green;
    planes[2 * size + i] = blue;
  }
  return { width, height, grey, colours: coloursSeen(planes, alpha), alpha };
}
