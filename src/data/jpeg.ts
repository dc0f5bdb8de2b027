/**
 * JPEG files as brightness and colours, baseline and progressive, by jpeg-js; pictures that Exif says are turned or mirrored are put
 * upright.
 */
import { decode } from "jpeg-js";
import { InputError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { damagedJpeg, type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { brightness, coloursSeen, MOST_PIXELS, MOST_SIDE, type Raster } from "./raster.ts";

/** MiB that the decoder may use for a picture of the most pixels: it keeps all coefficients, in 32 bits each. */
const MEMORY = 1024;

/**
 * Decodes a JPEG.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @param most The largest picture that is decoded, in pixels.
 * @throws {InputError} when it is damaged, too large, no JPEG, or of a form that is not read: see {@linkcode readJpegHeader}.
 */
export function decodeJpeg(bytes: Uint8Array, name: string, most: number = MOST_PIXELS): Raster {
  const header = readJpegHeader(bytes, name), { width, height } = header;
  if (width > MOST_SIDE || height > MOST_SIDE || width * height > most) {
    const largest = `${count(most)} in all and ${count(MOST_SIDE)} a side`;
    throw new InputError(
      `${name}: ${count(width)} × ${count(height)} pixels: expected at most ${largest}: make it smaller`,
    );
  }
  return upright(rasterOf(decodePixels(bytes, header, name), header), header.orientation);
}

/** The size of a JPEG once it is upright; `undefined` where its header cannot be read. */
export function sizeOfJpeg(
  bytes: Uint8Array,
): { readonly width: number; readonly height: number } | undefined {
  try {
    const { width, height, orientation } = readJpegHeader(bytes, "");
    return isOnItsSide(orientation) ? { width: height, height: width } : { width, height };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Red, green and blue of each pixel, `[height, width, 3]`. */
function decodePixels(bytes: Uint8Array, { width, height, isRgb }: JpegHeader, name: string): Uint8Array {
  try {
    const found = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      // Of one channel, restart intervals may go beyond the last block, which it refuses without this; a file that is cut short
      // is refused in either case.
      tolerantDecoding: true,
      maxResolutionInMP: MOST_SIDE * MOST_SIDE / 1e6,
      maxMemoryUsageInMB: MEMORY,
      ...(isRgb && { colorTransform: false }),
    });
    if (found.width === width && found.height === height) return found.data;
  } catch (error) {
    // It has no class of errors of its own, and damage may also be a TypeError or a RangeError.
    if (!(error instanceof Error)) throw error;
  }
  throw damagedJpeg(name);
}

function rasterOf(pixels: Uint8Array, { width, height }: JpegHeader): Raster {
  const size = width * height;
  const grey = new Uint8Array(size),
    planes = new Uint8Array(3 * size),
    alpha = new Uint8Array(size).fill(255);
  for (let i = 0; i < size; i++) {
    const red = pixels[3 * i]!, green = pixels[3 * i + 1]!, blue = pixels[3 * i + 2]!;
    grey[i] = brightness(red, green, blue, 255);
    planes[i] = red;
    planes[size + i] = green;
    planes[2 * size + i] = blue;
  }
  return { width, height, grey, colours: coloursSeen(planes, alpha), alpha };
}

/** Whether rows become columns when a picture is put upright. */
function isOnItsSide(orientation: number): boolean {
  return orientation >= 5;
}

/** Puts a picture upright. */
function upright(raster: Raster, orientation: number): Raster {
  if (orientation === 1) return raster;
  const { width, height, grey, colours, alpha } = raster, size = width * height;
  const turned = (plane: Uint8Array) => turnedPlane(plane, raster, orientation);
  const planes = colours && new Uint8Array(3 * size);
  for (let at = 0; planes && at < 3 * size; at += size) {
    planes.set(turned(colours.subarray(at, at + size)), at);
  }
  const [columns, rows] = isOnItsSide(orientation) ? [height, width] : [width, height];
  return { width: columns, height: rows, grey: turned(grey), colours: planes, alpha };
}

/**
 * A plane put upright. Exif's orientations name the sides on which row 0 and column 0 of the stored picture belong: 1 top and left,
 * 2 top and right, 3 bottom and right, 4 bottom and left, 5 left and top, 6 right and top, 7 right and bottom, 8 left and bottom.
 */
function turnedPlane(plane: Uint8Array, { width, height }: Raster, orientation: number): Uint8Array {
  const [right, bottom] = [[2, 3, 6, 7], [3, 4, 7, 8]].map((those) => those.includes(orientation));
  const isTurned = isOnItsSide(orientation), [columns, rows] = isTurned ? [height, width] : [width, height];
  const result = new Uint8Array(plane.length);
  for (let i = 0; i < plane.length; i++) {
    const column = i % width, row = (i - column) / width, [x, y] = isTurned ? [row, column] : [column, row];
    result[(bottom ? rows - 1 - y : y) * columns + (right ? columns - 1 - x : x)] = plane[i]!;
  }
  return result;
}
