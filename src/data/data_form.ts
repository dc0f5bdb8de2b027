/** The form of a data set's samples, which says what a network for them needs. */
import type { Shape } from "../network/shape.ts";
import { pictureShapeOf, type Samples } from "./samples.ts";

/** Inputs and classes that a network for these samples needs. */
export interface DataForm {
  /** Numbers of a sample, at one step. */
  readonly channels: number;
  /** `[channels, rows, columns]` of a sample, at one step, where it is a picture: a network's input may have this shape. */
  readonly shape?: Shape;
  /** T, where samples are sequences. */
  readonly steps?: number;
  /** As many as have names, or else one more than the largest label. */
  readonly classes: number;
}

/** The form of a data set's samples; classes are counted over all of its parts. */
export function dataFormOf(first: Samples, ...others: readonly Samples[]): DataForm {
  const { size, steps } = first, shape = pictureShapeOf(first);
  const most = (most: number, label: number) => Math.max(most, label + 1);
  const classes = [first, ...others].reduce(
    (all, { labels, classes = [] }) => labels.reduce(most, Math.max(all, classes.length)),
    1,
  );
  return {
    channels: size / (steps ?? 1),
    ...(shape && { shape }),
    ...(steps !== undefined && { steps }),
    classes,
  };
}
