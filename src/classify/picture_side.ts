/**
 * The size of the pictures that a network takes.
 *
 * @module
 */
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";

/** The side of a network's square pictures; `undefined` where its samples are none. */
export function pictureSide(spec: NetworkSpec): number | undefined {
  const { isSequence, size } = sampleFormOf(spec);
  const side = Math.sqrt(size);
  return !isSequence && Number.isInteger(side) ? side : undefined;
}
