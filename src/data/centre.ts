/**
 * Brings a drawing into the form of MNIST's digits.
 *
 * As its authors say of theirs (http://yann.lecun.com/exdb/mnist): scaled, aspect ratio kept, into a box of 20 × 20 pixels, which
 * then lies in 28 × 28 so that the centre of mass of its pixels is in the middle.
 */
import { type Picture, resample } from "./resample.ts";

/** The digit's longer side, as a share of the square's. */
const BOX = 20 / 28;
/** Fainter pixels do not count for the box: the soft edge of a stroke fades without an end. */
const INK = 16;

/**
 * Scales and centres a drawing as MNIST's digits were.
 *
 * @param drawing Ink is light: 0 is the ground, 255 is ink.
 * @param side Rows and columns of the network's pictures.
 * @returns `[side, side]`; all 0 where nothing was drawn.
 *
 * @example
 * ```ts
 * import { centreDigit } from "./centre.ts";
 *
 * console.log(centreDigit({ pixels: new Uint8Array(280 * 280), width: 280, height: 280 }, 28).length); // 784
 * ```
 */
export function centreDigit(drawing: Picture, side: number): Uint8Array<ArrayBuffer> {
  const { pixels, width, height } = drawing;
  let left = width, right = -1, top = height, bottom = -1, mass = 0, x = 0, y = 0;
  pixels.forEach((ink, i) => {
    if (ink === 0) return;
    const column = i % width, row = (i - column) / width;
    mass += ink;
    x += ink * (column + 0.5);
    y += ink * (row + 0.5);
    if (ink < INK) return;
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
  });
  if (right < 0) return new Uint8Array(side * side);
  const scale = Math.max(right - left + 1, bottom - top + 1) / (BOX * side);
  // Where centring would cut ink off, the square moves until it covers all ink.
  const edge = (middle: number, from: number, to: number) =>
    Math.min(from, Math.max(to - scale * side, middle - scale * side / 2));
  return resample(drawing, { rows: side, columns: side }, {
    scale,
    left: edge(x / mass, left, right + 1),
    top: edge(y / mass, top, bottom + 1),
  });
}
