/** Scales pictures: each pixel becomes the mean of the area under it. */

/** A picture's brightnesses, row by row from the top. */
export interface Picture {
  /** 0 to 255 each. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The rows and columns that a picture is scaled to. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Where in a picture a grid lies, in the picture's pixels. */
export interface Window {
  /** The picture's pixels to one of the grid's. */
  readonly scale: number;
  /** The grid's left edge; below 0 it lies outside, where pixels are 0. */
  readonly left: number;
  /** The grid's upper edge. */
  readonly top: number;
}

/**
 * Samples a picture.
 *
 * @returns `[rows, columns]`.
 */
export function resample(
  { pixels, width, height }: Picture,
  { rows, columns }: Grid,
  { scale, left, top }: Window,
): Uint8Array<ArrayBuffer> {
  const across = coverage(width, columns, scale, left), down = coverage(height, rows, scale, top);
  return Uint8Array.from({ length: rows * columns }, (_, i) => {
    let sum = 0;
    for (const [y, high] of down[Math.floor(i / columns)]!) {
      for (const [x, wide] of across[i % columns]!) sum += pixels[y * width + x]! * high * wide;
    }
    return Math.round(sum / (scale * scale));
  });
}

/** Along one axis: for each pixel of the grid which of the picture's it covers, and how much of each. */
function coverage(
  length: number,
  cells: number,
  scale: number,
  start: number,
): [index: number, share: number][][] {
  return Array.from({ length: cells }, (_, i) => {
    const from = Math.max(0, start + i * scale), to = Math.min(length, start + (i + 1) * scale);
    const covered: [number, number][] = [];
    for (let x = Math.floor(from); x < to; x++) covered.push([x, Math.min(x + 1, to) - Math.max(x, from)]);
    return covered;
  });
}
