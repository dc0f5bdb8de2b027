/** Small pictures inside the page, as PNG in `data:` URLs. */
import { encode } from "fast-png";
import { areEvents, spreadEvents } from "../data/events.ts";
import { arePixels, type Samples } from "../data/samples.ts";
import { type Cells, layOut, layoutOfSamples } from "./layout.ts";
import { html, type Markup } from "./markup.ts";

/** Colours of negative and positive values: Okabe and Ito's blue and vermillion, on light and dark paper. */
const NEGATIVE = [0, 114, 178], POSITIVE = [213, 94, 0];

/** Shades of each sign. More are indistinguishable, and make the file larger. */
const SHADES = 15;

/** Maximum side of a sample's picture in the page, in CSS pixels, and the width of a sequence's. */
const ROOM = 84, ROOM_ACROSS = 168;

/** Draws a sample as a picture in the page. @param alt Its text alternative. */
export function sampleFigure(samples: Samples, index: number, alt: string): Markup {
  const { of, rows, columns } = layoutOfSamples(samples);
  const [width, height] = of === "picture"
    ? [columns, rows].map((cells) => Math.max(1, Math.round(ROOM * cells / Math.max(rows, columns))))
    : [ROOM_ACROSS, Math.max(14, Math.min(ROOM, 4 * rows))];
  return html`<img class="sample" src="${
    sampleImage(samples, index)
  }" width="${width}" height="${height}" alt="${alt}">`;
}

/** A sample's features as ink on paper: the highest value is black, the lowest and what follows the last step white. */
export function sampleImage(samples: Samples, index: number): string {
  const { features, size, lengths, steps = 1 } = samples;
  const own = lengths ? lengths[index]! * size / steps : size;
  const numbers = areEvents(features)
    ? spreadEvents(features, steps, index, new Float32Array(size))
    : features.subarray(index * size, (index + 1) * size);
  const values = Float32Array.from(numbers.subarray(0, own));
  const whole = new Float32Array(size).fill(rangeOf(values)[0]);
  whole.set(values);
  const cells = layOut(whole, layoutOfSamples(samples));
  const [low, high] = arePixels(samples) ? [0, 255] : rangeOf(cells.values);
  const range = high - low || 1;
  const data = Uint8Array.from(cells.values, (value) => 255 - Math.round(255 * (value - low) / range));
  return url(encode({ width: cells.columns, height: cells.rows, data, channels: 1 }));
}

/** The lowest and the highest value; a loop, since long sequences have more values than a call takes arguments. */
function rangeOf(values: ArrayLike<number>): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]!);
    high = Math.max(high, values[i]!);
  }
  return [low, high];
}

/**
 * Signed values as a picture: blue below 0, vermillion above, transparent at 0.
 *
 * @param scale The absolute value that has the full colour, as larger ones have.
 */
export function signedImage({ values, rows, columns }: Cells, scale: number): string {
  const data = Uint8Array.from(
    values,
    (value) => SHADES + Math.round(SHADES * Math.max(-1, Math.min(1, scale > 0 ? value / scale : 0))),
  );
  return url(encode({ width: columns, height: rows, data, channels: 1, palette: PALETTE }));
}

/**
 * From full blue over transparent to full vermillion. No entry is opaque: the encoder writes transparency for those that have
 * some, and expects these to come first.
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
