/**
 * From a picture of any size to the square of brightnesses that a network was trained on: light ink on a dark ground.
 */
import { decodePng, MOST_PIXELS, type Raster } from "./png.ts";
import { resample } from "./resample.ts";

/** Whether a picture's ink is light or dark; `auto` decides by its border. */
export const INKS = ["auto", "light", "dark"] as const;

/** One of {@linkcode INKS}. */
export type Ink = typeof INKS[number];

/** How to read a picture. */
export interface PictureOptions {
  /** Which of the picture's pixels are ink. @default {"auto"} */
  readonly ink?: Ink;
  /** Name of the file in messages. @default {"picture"} */
  readonly name?: string;
  /** The largest picture that is decoded. @default {1,048,576} */
  readonly mostPixels?: number;
}

/**
 * Reads a PNG as the pixels that a network takes.
 *
 * Colours become brightness. A picture of another size is scaled to fit, in its middle, each pixel the mean of what lies
 * under it; one of the network's size is taken pixel by pixel. MNIST's digits are light on dark: dark ink on a light ground
 * is inverted, and where the border is mostly transparent, what is opaque is the ink.
 *
 * @param bytes The whole file.
 * @param side Rows and columns of the network's pictures.
 * @returns `[side, side]`, 0 (ground) to 255 (ink).
 * @throws {InputError} when the file is damaged, too large, or no PNG.
 */
export function readPicture(
  bytes: Uint8Array,
  side: number,
  { ink = "auto", name = "picture", mostPixels = MOST_PIXELS }: PictureOptions = {},
): Uint8Array<ArrayBuffer> {
  const raster = decodePng(bytes, name, mostPixels);
  return fit(inkOf(raster, ink), raster.width, raster.height, side);
}

/** How much ink each pixel has, 0 to 255. */
function inkOf(raster: Raster, ink: Ink): Uint8Array {
  const { grey, alpha } = raster;
  switch (ink) {
    case "auto":
      if (borderMean(raster, alpha) < 127.5) return alpha;
      return inkOf(raster, borderMean(raster, grey) > 127.5 ? "dark" : "light");
    case "light":
      return grey.map((value, i) => Math.round(value * alpha[i]! / 255));
    case "dark":
      return grey.map((value, i) => Math.round((255 - value) * alpha[i]! / 255));
    default:
      return ink satisfies never;
  }
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

/** Scales a picture to fit into a square, in its middle. */
function fit(pixels: Uint8Array, width: number, height: number, side: number): Uint8Array<ArrayBuffer> {
  const scale = Math.max(width, height) / side; // pixels of the picture to one of the square's
  return resample({ pixels, width, height }, side, {
    scale,
    left: (width - side * scale) / 2,
    top: (height - side * scale) / 2,
  });
}
