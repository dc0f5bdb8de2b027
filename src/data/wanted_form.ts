/** The form in which a network takes pictures of a folder. */
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import type { WantedForm } from "./samples.ts";

/**
 * The form of samples that a network takes: the shape of its input where that is a picture's, of one channel or three, else only how many numbers.
 */
export function wantedFormOf(spec: NetworkSpec): WantedForm {
  const { isSequence, size } = sampleFormOf(spec);
  if (isSequence) return {};
  const { inputShape: [channels, rows, columns] } = structureOf(spec);
  return rows === undefined || columns === undefined || ![1, 3].includes(channels)
    ? { size }
    : { rows, columns, channels };
}
