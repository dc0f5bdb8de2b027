/**
 * From a picture of any size to the one that a network takes: the brightnesses of light ink on a dark ground, or three planes of
 * colours.
 */
import { decodePng } from "./png.ts";
import { MOST_PIXELS, type Raster } from "./raster.ts";
import { resample } from "./resample.ts";
import type { PictureSize } from "./samples.ts";

/** Whether a picture's ink is light or dark; `auto` decides by its border. */
export const INKS = ["auto", "light", "dark"] as const;

/** One of {@linkcode INKS}. */
export type Ink = typeof INKS[number];

/** How to read a picture. */
export interface PictureOptions {
  /** Which of the pixels of a picture of one channel are ink. @default {"auto"} */
  readonly ink?: Ink;
  /** Name of the file in messages. @default {"picture"} */
  readonly name?: string;
  /** The largest picture that is decoded. @default {1,048,576} */
  readonly mostPixels?: number;
}

/**
 * Reads a PNG as the pixels that a network takes.
 *
 * A picture of another size is scaled to fit, in its middle, each pixel the mean of what lies under it; one of the network's size is
 * taken pixel by pixel.
 *
 * For one channel, colours become brightness. MNIST's digits are light on dark: dark ink on a light ground is inverted, and where the
 * border is mostly transparent, what is opaque is the ink. For three channels, colours stay as they are, on black where they are
 * transparent; a grey picture has three equal planes.
 *
 * @param bytes The whole file.
 * @param size Of the network's pictures: 1 or 3 channels, or the side of squares of one channel.
 * @returns `[channels, rows, columns]`, 0 to 255; of one channel 0 is the ground, and 255 the ink.
 * @throws {InputError} when the file is damaged, too large, or no PNG.
 */
export function readPicture(
  bytes: Uint8Array,
  size: number | PictureSize,
  { ink = "auto", name = "picture", mostPixels = MOST_PIXELS }: PictureOptions = {},
): Uint8Array<ArrayBuffer> {
  return fitPicture(
    decodePng(bytes, name, mostPixels),
    typeof size === "number" ? { rows: size, columns: size } : size,
    ink,
  );
}

/** Turns a decoded picture into a network's: see {@linkcode readPicture}. @throws {RangeError} when it has neither 1 nor 3 channels. */
export function fitPicture(
  raster: Raster,
  size: PictureSize,
  ink: Ink = "auto",
): Uint8Array<ArrayBuffer> {
  const { channels = 1 } = size;
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`pictures of ${channels} channels: expected 1 or 3`);
  }
  const planes = channels === 1 ? [inkOf(raster, ink)] : coloursOf(raster);
  const fitted = new Uint8Array(channels * size.rows * size.columns);
  for (const [channel, plane] of planes.entries()) {
    fitted.set(fit(plane, raster, size), channel * size.rows * size.columns);
  }
  return fitted;
}

/** How much ink each pixel has, 0 to 255. */
function inkOf(raster: Raster, ink: Ink): Uint8Array {
  const { grey, alpha } = raster;
  switch (ink) {
    case "auto":
      if (borderMean(raster, alpha) < 127.5) return alpha;
      return inkOf(raster, borderMean(raster, grey) > 127.5 ? "dark" : "light");
    case "light":
      return overBlack(grey, alpha);
    case "dark":
      return grey.map((value, i) => Math.round((255 - value) * alpha[i]! / 255));
    default:
      return ink satisfies never;
  }
}

/** Planes of red, green and blue. */
function coloursOf({ grey, colours, alpha }: Raster): Uint8Array[] {
  if (!colours) return new Array<Uint8Array>(3).fill(overBlack(grey, alpha));
  const size = alpha.length;
  return [0, 1, 2].map((channel) => overBlack(colours.subarray(channel * size, (channel + 1) * size), alpha));
}

function overBlack(values: Uint8Array, alpha: Uint8Array): Uint8Array {
  return values.map((value, i) => Math.round(value * alpha[i]! / 255));
}

/** The mean of the outermost pixels. */
function borderMean({ width, height }: Raster, values: Uint8Array): number {
  let sum = 0, count = 0;
  for (let i = 0; i < values.length; i++) {
    const x = i % width, y = (i - x) / width;
    if (x > 0 && x < width - 1 && y > 0 && y < height - 1) continue;
    sum += values[i]!;
    count++;
  }
  return sum / count;
}

/** Scales a plane to fit, in the middle of rows and columns. */
function fit(pixels: Uint8Array, { width, height }: Raster, { rows, columns }: PictureSize): Uint8Array {
  if (width === columns && height === rows) return pixels;
  const scale = Math.max(width / columns, height / rows); // pixels of the picture to one that is wanted
  return resample({ pixels, width, height }, { rows, columns }, {
    scale,
    left: (width - columns * scale) / 2,
    top: (height - rows * scale) / 2,
  });
}
