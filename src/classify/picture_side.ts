/**
 * Which pictures a network takes.
 *
 * @module
 */
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";

/** The side of the square pictures that a network takes; `undefined` where a sample of its is none. */
export function pictureSide(spec: NetworkSpec): number | undefined {
  const { isSequence, size } = sampleFormOf(spec);
  const side = Math.sqrt(size);
  return !isSequence && Number.isInteger(side) ? side : undefined;
}
