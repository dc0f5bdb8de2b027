/** Sequences of unequal lengths in the room that a network has for them. */
import type { Samples } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

/**
 * Gives sequences room for `steps`, whatever room they have been padded to: parts of a data set, or data and a model, may have
 * been padded apart.
 *
 * @param steps T, as the network has it.
 * @returns The same sequences; the very ones that were given where they have no lengths, room for just so many steps, or one is longer.
 */
export function fitSteps(samples: Samples, steps: number): Samples {
  const { count, size, features, lengths, steps: room } = samples;
  if (!lengths || room === undefined || room === steps || longestOf(samples) > steps) return samples;
  const channels = size / room, fitted = steps * channels;
  const copy = features instanceof Uint8Array
    ? new Uint8Array(sharedBuffer(count * fitted))
    : new Float32Array(sharedBuffer(4 * count * fitted));
  for (let sample = 0; sample < count; sample++) {
    const from = sample * size;
    copy.set(features.subarray(from, from + lengths[sample]! * channels), sample * fitted);
  }
  return { ...samples, size: fitted, steps, features: copy };
}

/** Steps of the longest sequence: those that all have room for, where they have no lengths. */
export function longestOf({ count, lengths, steps = 1 }: Samples): number {
  if (!lengths) return steps;
  let most = 0;
  for (const length of lengths.subarray(0, count)) most = Math.max(most, length);
  return most;
}
