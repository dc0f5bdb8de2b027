/** Fits sequences of unequal lengths to the steps of a network. */
import { areEvents, refitEvents } from "./events.ts";
import type { Samples } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

/**
 * Pads sequences to `steps`, whatever they have been padded to: parts of a data set, or data and a model, may differ in that.
 *
 * @param steps T of the network.
 * @returns The same sequences; `samples` itself where they have no lengths, so many steps already, or one is longer.
 */
export function fitSteps(samples: Samples, steps: number): Samples {
  const { count, size, features, lengths, steps: padded } = samples;
  if (!lengths || padded === undefined || padded === steps || longestOf(samples) > steps) return samples;
  const channels = size / padded, fitted = steps * channels;
  if (areEvents(features)) {
    return { ...samples, size: fitted, steps, features: refitEvents(features, count, padded, steps) };
  }
  const copy = features instanceof Uint8Array
    ? new Uint8Array(sharedBuffer(count * fitted))
    : new Float32Array(sharedBuffer(4 * count * fitted));
  for (let sample = 0; sample < count; sample++) {
    const from = sample * size;
    copy.set(features.subarray(from, from + lengths[sample]! * channels), sample * fitted);
  }
  return { ...samples, size: fitted, steps, features: copy };
}

/** Steps of the longest sequence: T where they have no lengths. */
export function longestOf({ count, lengths, steps = 1 }: Samples): number {
  if (!lengths) return steps;
  let most = 0;
  for (const length of lengths.subarray(0, count)) most = Math.max(most, length);
  return most;
}
