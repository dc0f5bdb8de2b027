/** Scales pictures: each pixel becomes the mean of the area under it. */

/** A picture's brightnesses, row by row from the top. */
export interface Picture {
  /** 0 to 255 each. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Where in a picture a square lies, in the picture's pixels. */
export interface Window {
  /** The picture's pixels to one of the square's. */
  readonly scale: number;
  /** The square's left edge; below 0 it lies outside, where pixels are 0. */
  readonly left: number;
  /** The square's upper edge. */
  readonly top: number;
}

/**
 * Samples a square of a picture.
 *
 * @param side Rows and columns of the square.
 * @returns `[side, side]`.
 */
export function resample(
  { pixels, width, height }: Picture,
  side: number,
  { scale, left, top }: Window,
): Uint8Array<ArrayBuffer> {
  const columns = coverage(width, side, scale, left), rows = coverage(height, side, scale, top);
  return Uint8Array.from({ length: side * side }, (_, i) => {
    let sum = 0;
    for (const [y, down] of rows[Math.floor(i / side)]!) {
      for (const [x, across] of columns[i % side]!) sum += pixels[y * width + x]! * down * across;
    }
    return Math.round(sum / (scale * scale));
  });
}

/** Along one axis: for each pixel of the square which of the picture's it covers, and how much of each. */
function coverage(
  length: number,
  side: number,
  scale: number,
  start: number,
): [index: number, share: number][][] {
  return Array.from({ length: side }, (_, i) => {
    const from = Math.max(0, start + i * scale), to = Math.min(length, start + (i + 1) * scale);
    const covered: [number, number][] = [];
    for (let x = Math.floor(from); x < to; x++) covered.push([x, Math.min(x + 1, to) - Math.max(x, from)]);
    return covered;
  });
}
