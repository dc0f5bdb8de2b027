/**
 * Small pictures inside the page, as PNG in `data:` URLs.
 *
 * @module
 */
import { encode } from "fast-png";
import { arePixels, type Samples } from "../data/samples.ts";

/** The most negative and the most positive colour: Okabe and Ito's blue and vermillion, for light and dark paper alike. */
const NEGATIVE = [0, 114, 178], POSITIVE = [213, 94, 0];

/** Shades of either sign. More are not told apart, and make the file larger. */
const SHADES = 15;

/** How a list of features is laid out as a picture: a square where it is one, else a single row. */
export function pictureShape(size: number): readonly [rows: number, columns: number] {
  const side = Math.sqrt(size);
  return Number.isInteger(side) ? [side, side] : [1, size];
}

/** A sample's features as ink on paper: the highest value black, the lowest white, and white what is behind its last step. */
export function sampleImage(samples: Samples, index: number): string {
  const { features, size, lengths, steps = 1 } = samples;
  const own = lengths ? lengths[index]! * size / steps : size;
  const values = features.subarray(index * size, index * size + own);
  const [low, high] = arePixels(samples) ? [0, 255] : rangeOf(values);
  const [height, width] = pictureShape(size);
  const data = new Uint8Array(size).fill(255);
  values.forEach((value, i) => data[i] = 255 - Math.round(255 * (value - low) / (high - low || 1)));
  return url(encode({ width, height, data, channels: 1 }));
}

/** The least value and the most; in a loop, for a sequence may have more values than a call takes arguments. */
function rangeOf(values: ArrayLike<number>): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return [low, high];
}

/**
 * Signed values as a picture: blue below 0, vermillion above, the paper itself at 0.
 *
 * @param values `[rows, columns]`.
 * @param scale The absolute value that has the full colour; larger ones are cut off there.
 */
export function signedImage(values: Float32Array, columns: number, scale: number): string {
  const data = Uint8Array.from(
    values,
    (value) => SHADES + Math.round(SHADES * Math.max(-1, Math.min(1, scale > 0 ? value / scale : 0))),
  );
  return url(encode({
    width: columns,
    height: values.length / columns,
    data,
    channels: 1,
    palette: PALETTE,
  }));
}

/**
 * From full blue over clear to full vermillion. The encoder writes the transparency of those that have some, and takes them to
 * be the first ones: so none is quite opaque.
 */
const PALETTE = Array.from({ length: 2 * SHADES + 1 }, (_, i) => {
  const level = (i - SHADES) / SHADES;
  return [...(level < 0 ? NEGATIVE : POSITIVE), Math.round(254 * Math.abs(level))];
});

function url(png: Uint8Array): string {
  let text = "";
  for (const byte of png) text += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(text)}`;
}
