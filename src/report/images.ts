/** Small pictures inside the page, as PNG in `data:` URLs. */
import { encode } from "fast-png";
import { areEvents, spreadEvents } from "../data/events.ts";
import { arePixels, type PictureSize, type Samples } from "../data/samples.ts";
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
  const { of, rows, columns } = areColours(samples)
    ? { of: "picture", ...samples.picture }
    : layoutOfSamples(samples);
  const [width, height] = of === "picture"
    ? [columns, rows].map((cells) => Math.max(1, Math.round(ROOM * cells / Math.max(rows, columns))))
    : [ROOM_ACROSS, Math.max(14, Math.min(ROOM, 4 * rows))];
  return html`<img class="${areColours(samples) ? "sample colours" : "sample"}" src="${
    sampleImage(samples, index)
  }" width="${width}" height="${height}" alt="${alt}">`;
}

/** Samples whose three channels are red, green and blue. */
type Colours = Samples & { readonly picture: PictureSize };

function areColours(samples: Samples): samples is Colours {
  return samples.picture?.channels === 3;
}

/**
 * A sample's features as ink on paper: the highest value is black, the lowest and what follows the last step white. A picture of three
 * channels has its colours.
 */
export function sampleImage(samples: Samples, index: number): string {
  if (areColours(samples)) return colourImage(samples, index);
  const { size, lengths, steps = 1 } = samples;
  const own = lengths ? lengths[index]! * size / steps : size;
  const values = Float32Array.from(numbersOf(samples, index).subarray(0, own));
  const whole = new Float32Array(size).fill(rangeOf(values)[0]);
  whole.set(values);
  const cells = layOut(whole, layoutOfSamples(samples));
  const [low, high] = arePixels(samples) ? [0, 255] : rangeOf(cells.values);
  const range = high - low || 1;
  const data = Uint8Array.from(cells.values, (value) => 255 - Math.round(255 * (value - low) / range));
  return url(encode({ width: cells.columns, height: cells.rows, data, channels: 1 }));
}

/** A sample's features. */
function numbersOf({ features, size, steps = 1 }: Samples, index: number): Uint8Array | Float32Array {
  return areEvents(features)
    ? spreadEvents(features, steps, index, new Float32Array(size))
    : features.subarray(index * size, (index + 1) * size);
}

/** A picture's planes as red, green and blue, from 0 to 255 where they are pixels, else from the lowest value to the highest. */
function colourImage(samples: Colours, index: number): string {
  const { rows, columns } = samples.picture, plane = rows * columns, values = numbersOf(samples, index);
  const [low, high] = arePixels(samples) ? [0, 255] : rangeOf(values);
  const planes = [0, 1, 2].map((channel) =>
    layOut(values.subarray(channel * plane, (channel + 1) * plane), { of: "picture", rows, columns })
  );
  const { rows: height, columns: width } = planes[0]!;
  const data = Uint8Array.from(
    { length: 3 * width * height },
    (_, i) => Math.round(255 * (planes[i % 3]!.values[Math.floor(i / 3)]! - low) / (high - low || 1)),
  );
  return url(encode({ width, height, data, channels: 3 }));
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

/** Grey behind the shades, so that what does not fire is seen, too. */
const QUIET = [128, 128, 128, 38];

/** Shares from 0 to 1 as a picture: grey at 0, then the deeper blue the larger they are; transparent where they are NaN. */
export function shadedImage({ values, rows, columns }: Cells): string {
  const data = Uint8Array.from(
    values,
    (value) => Number.isNaN(value) ? 0 : 1 + Math.ceil(SHADES * Math.max(0, Math.min(1, value))),
  );
  return url(encode({ width: columns, height: rows, data, channels: 1, palette: SHADED }));
}

/** Nothing, grey, then blue. */
const SHADED = [
  [0, 0, 0, 0],
  QUIET,
  ...Array.from(
    { length: SHADES },
    (_, i) => [...NEGATIVE, Math.round(254 * (0.25 + 0.75 * (i + 1) / SHADES))],
  ),
];

function url(png: Uint8Array): string {
  let text = "";
  for (const byte of png) text += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(text)}`;
}
