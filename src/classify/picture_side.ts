/** The size of the pictures that a network takes. */
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";

/** The side of a network's square pictures; `undefined` where its samples are none. */
export function pictureSide(spec: NetworkSpec): number | undefined {
  const { isSequence, size } = sampleFormOf(spec);
  if (isSequence) return undefined;
  const { inputShape: [channels, height, width] } = structureOf(spec);
  if (height !== undefined) return channels === 1 && height === width ? height : undefined;
  const side = Math.sqrt(size);
  return Number.isInteger(side) ? side : undefined;
}
