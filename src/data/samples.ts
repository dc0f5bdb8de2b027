/**
 * A data set in memory: features and labels, as bytes or floats, in buffers that threads can share.
 *
 * @module
 */

/** Samples with their labels. Sample i's features are `features[i * size … (i + 1) * size - 1]`. */
export interface Samples {
  /** What messages call it, such as `MNIST train`. */
  readonly name: string;
  /** How many samples there are. */
  readonly count: number;
  /** Features of one sample: its channels, or `steps` times so many where a sample is a sequence. */
  readonly size: number;
  /** T, where samples are known to be sequences. */
  readonly steps?: number;
  /** Where samples are pictures, row by row from the top: what augmentation has to know. */
  readonly picture?: {
    /** From top to bottom. */
    readonly rows: number;
    /** From left to right. */
    readonly columns: number;
  };
  /**
   * Pixels (uint8, 0 to 255; the encoder divides them by 255) or values (float32, taken as they are). Backed by a
   * `SharedArrayBuffer` where the runtime has one, so that handing it to a thread copies nothing.
   */
  readonly features: Uint8Array | Float32Array;
  /**
   * Steps of each sample, where sequences are of unequal lengths: 1 to T each. A sample's features still take the room of T
   * steps; what lies behind its last step is never read. Backed like `features`. @default {all have T}
   */
  readonly lengths?: Uint16Array | Uint32Array;
  /** One class a sample, from 0. Backed like `features`. */
  readonly labels: Uint8Array;
  /** Where the labels are from, such as a file: what messages about them name. @default {name} */
  readonly labelsFrom?: string;
  /** What the classes are called: label n is that of `classes[n]`. No two alike, no label without. @default {nobody named them} */
  readonly classes?: readonly string[];
  /**
   * For each sample the 32 bits that its draws are keyed by. With a hash of its features, a sample meets the same noise
   * in any data set and at any place. Backed like `features`. @default {the sample's index}
   */
  readonly ids?: Uint32Array;
}

/** The steps that samples have on average. @param steps T, of those that have no length of their own. */
export function meanSteps({ count, lengths }: Samples, steps: number): number {
  if (!lengths) return steps;
  let sum = 0;
  for (const length of lengths.subarray(0, count)) sum += length;
  return sum / count;
}
