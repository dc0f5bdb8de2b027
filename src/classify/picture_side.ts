/** The size of the pictures that a network takes. */
import type { PictureSize } from "../data/samples.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";

/** The side of a network's square pictures, of one channel or three; `undefined` where its samples are none. */
export function pictureSide(spec: NetworkSpec): number | undefined {
  const size = pictureSizeOf(spec);
  return size && size.rows === size.columns ? size.rows : undefined;
}

/** Whether the page that learns takes a network's samples: square pictures, or recordings. */
export function isForPage(spec: NetworkSpec): boolean {
  return pictureSide(spec) !== undefined || sampleFormOf(spec).isSequence;
}

/**
 * The size of a network's pictures, of one channel or three: the shape of its input, or, where that is a list, of squares with so many
 * numbers; `undefined` where its samples are no pictures.
 */
export function pictureSizeOf(spec: NetworkSpec): Required<PictureSize> | undefined {
  const { isSequence, size } = sampleFormOf(spec);
  if (isSequence) return undefined;
  const { inputShape: [channels, height, width] } = structureOf(spec);
  if (height !== undefined && width !== undefined) {
    return channels === 1 || channels === 3 ? { rows: height, columns: width, channels } : undefined;
  }
  return [1, 3].map((channels) => {
    const side = Math.sqrt(size / channels);
    return { rows: side, columns: side, channels };
  }).find(({ rows }) => Number.isInteger(rows));
}
