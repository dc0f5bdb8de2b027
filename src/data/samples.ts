/** A data set in memory: features and labels, as bytes, floats or events, in buffers that threads can share. */
import type { Shape } from "../network/shape.ts";
import { type AnyFeatures, areEvents } from "./events.ts";

/**
 * Meaning of a byte: `pixels`, 0 to 255, are brightnesses from 0 to 1, to which an encoder's `offset` is added; `numbers`, such as
 * spikes and counts, are used as they are, like the same numbers in float32.
 */
export type ByteMeaning = "pixels" | "numbers";

/** The size of a picture, whose numbers lie by channel, row and column: a plane a channel, each row by row from the top. */
export interface PictureSize {
  /** From top to bottom. */
  readonly rows: number;
  /** From left to right. */
  readonly columns: number;
  /** Such as 3 of red, green and blue, in this order. @default {1} */
  readonly channels?: number;
}

/**
 * Samples with their labels. Sample i's features are `features[i * size … (i + 1) * size - 1]`, or its events.
 *
 * @template Kept What features are kept as: pictures are bytes.
 */
export interface Samples<Kept extends AnyFeatures = AnyFeatures> {
  /** Its name in messages, such as `MNIST train`. */
  readonly name: string;
  /** How many samples there are. */
  readonly count: number;
  /** Features of one sample: its channels, or `steps` times so many where a sample is a sequence. */
  readonly size: number;
  /** T, where samples are known to be sequences. */
  readonly steps?: number;
  /** Where samples are pictures: their size, of `size` numbers. */
  readonly picture?: PictureSize;
  /** Where samples are sequences of pictures, one a step: their size, of `size / steps` numbers. */
  readonly frame?: PictureSize;
  /**
   * Bytes, whose meaning is `bytes`, or values (float32, used as they are); of sequences in which few numbers are not 0, also events,
   * for which `steps` must be said. Backed by a `SharedArrayBuffer` where the runtime has one, so that handing it to a thread copies
   * nothing.
   */
  readonly features: Kept;
  /** Meaning of a byte of `features`; see {@linkcode bytesOf}. @default {numbers where `steps` says that they are sequences} */
  readonly bytes?: ByteMeaning;
  /**
   * Steps of each sample, where sequences are of unequal lengths: 1 to T each. A sample's features are still padded to T steps;
   * the padding is never read. Backed like `features`. @default {all have T}
   */
  readonly lengths?: Uint16Array | Uint32Array;
  /** One class a sample, from 0. Backed like `features`. */
  readonly labels: Uint8Array;
  /** The source of the labels in messages, such as a file. @default {name} */
  readonly labelsFrom?: string;
  /** Names of the classes: label n is that of `classes[n]`. No two alike, no label without. @default {they have no names} */
  readonly classes?: readonly string[];
  /**
   * For each sample the 32 bits that its draws are keyed by. With a hash of its features, a sample gets the same noise
   * in any data set and at any place. Backed like `features`. @default {the sample's index}
   */
  readonly ids?: Uint32Array;
}

/**
 * Meaning of these samples' bytes: `bytes` where it is given, or else pixels where they are pictures or have no `steps`, and
 * numbers where they are sequences.
 */
export function bytesOf(
  { bytes, picture, steps, features }:
    & Pick<Samples, "bytes" | "picture" | "steps">
    & Partial<Pick<Samples, "features">>,
): ByteMeaning {
  if (features && areEvents(features)) return "numbers";
  return bytes ?? (picture || steps === undefined ? "pixels" : "numbers");
}

/** Whether features are brightnesses in bytes. */
export function arePixels(samples: Samples): boolean {
  return samples.features instanceof Uint8Array && bytesOf(samples) === "pixels";
}

/** The word for one sample. */
export type SampleWord = "image" | "sequence" | "sample";

/** The word for one of these samples: an image, a sequence, or, where neither is known of it, a sample. */
export function wordOf({ picture, steps }: Pick<Samples, "picture" | "steps">): SampleWord {
  return picture ? "image" : steps === undefined ? "sample" : "sequence";
}

/**
 * The shape of a picture, `[channels, rows, columns]`: of a sample, or, of a sequence of pictures, of one step; `undefined` where
 * samples are neither.
 */
export function pictureShapeOf(
  { picture, frame, steps }: Pick<Samples, "picture" | "frame" | "steps">,
): Shape | undefined {
  const size = steps === undefined ? picture : frame;
  return size && [size.channels ?? 1, size.rows, size.columns];
}

/** The steps that samples have on average. @param steps T, of those that have no length of their own. */
export function meanSteps({ count, lengths }: Samples, steps: number): number {
  if (!lengths) return steps;
  let sum = 0;
  for (const length of lengths.subarray(0, count)) sum += length;
  return sum / count;
}

/** The form of samples that a network needs, which pictures of a folder are given; what is left out, the pictures decide. */
export interface WantedForm {
  /** Rows of pictures; nothing without `columns`. */
  readonly rows?: number;
  /** Columns of pictures. */
  readonly columns?: number;
  /** Rows and columns of squares. */
  readonly side?: number;
  /** 1 for brightness, 3 for red, green and blue. @default {3 where a picture has colours} */
  readonly channels?: number;
  /** Numbers of a sample, where neither rows and columns nor a side say it. */
  readonly size?: number;
}
