/**
 * Small pictures inside the page, as PNG in `data:` URLs.
 *
 * @module
 */
import { encode } from "fast-png";
import type { Samples } from "../data/samples.ts";

/** The most negative and the most positive colour: Okabe and Ito's blue and vermillion, for light and dark paper alike. */
const NEGATIVE = [0, 114, 178], POSITIVE = [213, 94, 0];

/** Shades of either sign. More are not told apart, and make the file larger. */
const SHADES = 15;

/** How a list of features is laid out as a picture: a square where it is one, else a single row. */
export function pictureShape(size: number): readonly [rows: number, columns: number] {
  const side = Math.sqrt(size);
  return Number.isInteger(side) ? [side, side] : [1, size];
}

/** A sample's features as ink on paper: the highest value black, the lowest white. */
export function sampleImage({ features, size }: Samples, index: number): string {
  const values = features.subarray(index * size, (index + 1) * size);
  const low = values instanceof Uint8Array ? 0 : Math.min(...values);
  const high = values instanceof Uint8Array ? 255 : Math.max(...values);
  const [height, width] = pictureShape(size);
  const data = Uint8Array.from(values, (value) => 255 - Math.round(255 * (value - low) / (high - low || 1)));
  return url(encode({ width, height, data, channels: 1 }));
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
