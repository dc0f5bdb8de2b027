/**
 * Whether a network can be shown a data set.
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import { InputError } from "../errors.ts";
import { sampleFormOf } from "../network/encoders.ts";
import { classesOf, type NetworkSpec } from "../network/spec.ts";

/**
 * Makes sure that samples have the form and the classes of a network.
 *
 * @param whose What messages call the network's source, such as a model's file.
 * @param advice What to do where they do not fit.
 * @throws {InputError} when they do not fit.
 */
export function checkFit(spec: NetworkSpec, whose: string, samples: Samples, advice: string): void {
  const { isSequence, channels, size } = sampleFormOf(spec);
  const takes = isSequence
    ? `sequences of ${number(spec.steps)} steps of ${
      number(channels)
    }, for its encoder is ${spec.encoder.kind}`
    : `${number(size)} numbers a sample, for its encoder is ${spec.encoder.kind}`;
  const { steps } = samples;
  const isOther = size !== samples.size || (steps !== undefined && steps !== (isSequence ? spec.steps : 1));
  if (isOther) {
    const found = steps === undefined
      ? number(samples.size)
      : `sequences of ${number(steps)} steps of ${number(samples.size / steps)}`;
    const encoders = isSequence || steps === undefined
      ? ""
      : "; sequences are for the encoders direct and delta (docs/networks.md)";
    throw new InputError(
      `${whose}: its network takes ${takes}, but ${samples.name} has ${found}: ${advice}${encoders}`,
    );
  }
  const classes = classesOf(spec);
  const strange = samples.labels.find((label) => label >= classes);
  if (strange !== undefined) {
    throw new InputError(
      `${whose}: its network tells ${classes} classes apart, but ${samples.name} has label ${strange}: ${advice}`,
    );
  }
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
