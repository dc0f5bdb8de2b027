/** A picture of a digit that was dropped on the page, as ink for the pad. */
import { InputError } from "../src/errors.ts";

/** Whether a file is a picture, by its type. */
export function isPicture({ type }: File): boolean {
  return type.startsWith("image/");
}

/**
 * Reads a picture as ink: what differs from its border is ink, and the ground is 0.
 *
 * @param side Rows and columns of the result.
 * @returns `[side, side]`, 0 to 255.
 * @throws {InputError} when the browser cannot read it.
 */
export async function inkOfFile(file: File, side: number): Promise<Uint8Array> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new InputError(
      `${file.name}: this browser cannot read it: expected a picture such as a PNG or a JPEG`,
    );
  }
  const context = new OffscreenCanvas(side, side).getContext("2d");
  if (!context) throw new TypeError("this browser cannot draw on a canvas");
  const scale = Math.min(side / bitmap.width, side / bitmap.height);
  const [width, height] = [
    Math.max(1, Math.round(scale * bitmap.width)),
    Math.max(1, Math.round(scale * bitmap.height)),
  ];
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const bright = (at: number) =>
    (0.299 * data[4 * at]! + 0.587 * data[4 * at + 1]! + 0.114 * data[4 * at + 2]!) * data[4 * at + 3]! / 255;
  let border = 0;
  for (let x = 0; x < width; x++) border += bright(x) + bright((height - 1) * width + x);
  const isLight = border / (2 * width) > 127;
  const ink = new Uint8Array(side * side);
  for (let at = 0; at < width * height; at++) {
    const value = isLight ? 255 - bright(at) : bright(at);
    ink[Math.floor(at / width) * side + at % width] = value < 40 ? 0 : value;
  }
  return ink;
}
