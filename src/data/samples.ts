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
  /** Features of one sample: `inputs`, or `steps * inputs` where a sample is a sequence. */
  readonly size: number;
  /**
   * Pixels (uint8, 0 to 255; the encoder divides them by 255) or values (float32, taken as they are). Backed by a
   * `SharedArrayBuffer` where the runtime has one, so that handing it to a thread copies nothing.
   */
  readonly features: Uint8Array | Float32Array;
  /** One class a sample, from 0. Backed like `features`. */
  readonly labels: Uint8Array;
  /**
   * For each sample the 32 bits that its draws are keyed by. With a hash of its features, a sample meets the same noise
   * in any data set and at any place. Backed like `features`. @default {the sample's index}
   */
  readonly ids?: Uint32Array;
}
