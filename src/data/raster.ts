/** A decoded picture, of a file of any format. */

/** The largest pictures that are decoded, in pixels. */
export const MOST_PIXELS = 1_048_576;

/** The longest side of a picture that is decoded. */
export const MOST_SIDE = 4096;

/** A picture's pixels, row by row from the top; 0 to 255 each. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** Brightness: 0.299·R + 0.587·G + 0.114·B (ITU-R BT.601), rounded. */
  readonly grey: Uint8Array;
  /** Red, green and blue, a plane each, `[3, height, width]`; undefined where all pixels that can be seen are grey. */
  readonly colours: Uint8Array | undefined;
  /** Opacity. */
  readonly alpha: Uint8Array;
}

/** The brightness of a colour, 0 to 255. @param most The value of white. */
export function brightness(red: number, green: number, blue: number, most: number): number {
  return Math.round((299 * red + 587 * green + 114 * blue) / 1000 * 255 / most);
}

/** Planes of red, green and blue, if a pixel that can be seen has a colour; else `undefined`. */
export function coloursSeen(planes: Uint8Array, alpha: Uint8Array): Uint8Array | undefined {
  const size = alpha.length;
  const isColoured = alpha.some((opacity, i) =>
    opacity > 0 && (planes[i] !== planes[size + i] || planes[i] !== planes[2 * size + i])
  );
  return isColoured ? planes : undefined;
}
