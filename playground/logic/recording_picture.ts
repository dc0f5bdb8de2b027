/** A recording as pictures, in red, green, blue and opacity: the frame of a step, or all channels over time. */
import type { PictureSize } from "../../src/data/samples.ts";
import type { Recording } from "./recordings.ts";

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** The two colours of a picture: of the first and second channel, or of numbers below and above 0. */
export interface Inks {
  readonly first: Colour;
  readonly second: Colour;
}

/** A picture's pixels, row by row from the top, four bytes each. */
export interface Pixels {
  readonly rows: number;
  readonly columns: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** What a recording's numbers are measured by. */
type Measured = Pick<Recording, "features" | "bytes" | "steps">;

/** Brightness of the first step where all are in one; the last one has 1. */
const LEAST = 0.2;
const WHITE: Colour = [255, 255, 255];
const COLOURS: readonly Colour[] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];

/** The least and the largest number, and 0: brightness goes from the one to the other. */
function rangeOf({ features, bytes }: Measured): readonly [low: number, high: number] {
  if (features instanceof Uint8Array && bytes === "pixels") return [0, 255];
  let low = 0, high = 0;
  for (const value of features) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * The frame of a step, or of all steps in one, the darker, the longer ago: one channel is white, two have the two inks, three are red,
 * green and blue; of more, the largest number is white.
 *
 * @param step From 0; undefined for all.
 */
export function framePixels(
  recording: Measured,
  { rows, columns, channels = 1 }: PictureSize,
  inks: Inks,
  step?: number,
): Pixels {
  const { features, steps } = recording, size = rows * columns, row = channels * size;
  const [low, high] = rangeOf(recording), span = high - low || 1;
  const data = new Uint8ClampedArray(4 * size);
  const own: readonly Colour[] = channels === 2
    ? [inks.first, inks.second]
    : channels === 3
    ? COLOURS
    : [WHITE];
  const from = step === undefined ? 0 : step * row, end = step === undefined ? steps * row : from + row;
  const most = new Float32Array(own.length * size);
  const fresh = (at: number) =>
    step === undefined ? LEAST + (1 - LEAST) * (Math.floor(at / row) + 1) / steps : 1;
  for (let at = from; at < end; at++) {
    const place = at % row % most.length, share = fresh(at) * (features[at]! - low) / span;
    if (share > most[place]!) most[place] = share;
  }
  for (let pixel = 0; pixel < size; pixel++) {
    // Most pixels of an event camera that were on were off, too: the later one is shown.
    if (step === undefined && own.length === 2) {
      most[most[pixel]! < most[size + pixel]! ? pixel : size + pixel] = 0;
    }
    own.forEach((ink, channel) => {
      const share = most[channel * size + pixel]!;
      for (let part = 0; part < 3; part++) data[4 * pixel + part]! += share * ink[part]!;
    });
    data[4 * pixel + 3] = 255;
  }
  return { rows, columns, data };
}

/** Larger recordings share rows among channels, and columns among steps. */
const MOST_ROWS = 256, MOST_COLUMNS = 512;

/**
 * All channels, the first one at the bottom, over all steps: opaque where a number is large. White, or, where some numbers are below 0,
 * in the two inks. Of numbers that share a place, the one farthest from 0 is shown.
 */
export function rasterPixels(recording: Measured, inks: Inks): Pixels {
  const { features, steps } = recording, channels = features.length / steps;
  const [low, high] = rangeOf(recording), most = Math.max(high, -low) || 1;
  const together = Math.ceil(channels / MOST_ROWS), perColumn = Math.ceil(steps / MOST_COLUMNS);
  const rows = Math.ceil(channels / together), columns = Math.ceil(steps / perColumn);
  const cells = new Float32Array(rows * columns);
  features.forEach((value, at) => {
    const row = rows - 1 - Math.floor(at % channels / together);
    const place = row * columns + Math.floor(at / channels / perColumn);
    if (Math.abs(value) > Math.abs(cells[place]!)) cells[place] = value;
  });
  const data = new Uint8ClampedArray(4 * rows * columns);
  cells.forEach((value, place) => {
    const ink = low === 0 ? WHITE : value < 0 ? inks.first : inks.second;
    data.set(ink, 4 * place);
    data[4 * place + 3] = 255 * Math.abs(value) / most;
  });
  return { rows, columns, data };
}
