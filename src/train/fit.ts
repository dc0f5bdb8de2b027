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
 * Makes sure that samples have the size and the classes of a network.
 *
 * @param whose What messages call the network's source, such as a model's file.
 * @param advice What to do where they do not fit.
 * @throws {InputError} when they do not fit.
 */
export function checkFit(spec: NetworkSpec, whose: string, samples: Samples, advice: string): void {
  const { isSequence, channels, size } = sampleFormOf(spec);
  if (size !== samples.size) {
    const sequence = isSequence
      ? ` (${spec.steps} steps of ${channels}, for its encoder is ${spec.encoder.kind})`
      : "";
    throw new InputError(
      `${whose}: its network takes ${number(size)} numbers a sample${sequence}, but ${samples.name} has ${
        number(samples.size)
      }: ${advice}`,
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
