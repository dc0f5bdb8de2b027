/**
 * Whether a network can be shown a data set.
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import { InputError } from "../errors.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { matchClasses, type MatchedSamples, type NamedNetwork } from "./class_match.ts";

/**
 * Makes sure that samples have the form of a network's, and gives them the labels that it has for their classes.
 *
 * @param whose What messages call the network's source, such as a model's file.
 * @param advice What to do where they do not fit.
 * @throws {InputError} when they do not fit.
 */
export function fitSamples(
  network: NamedNetwork,
  whose: string,
  samples: Samples,
  advice: string,
): MatchedSamples {
  checkForm(network.spec, whose, samples, advice);
  return matchClasses(network, whose, samples, advice);
}

/** Makes sure that samples have the form of a network's. @throws {InputError} when they have not: see {@linkcode fitSamples}. */
export function checkForm(spec: NetworkSpec, whose: string, samples: Samples, advice: string): void {
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
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
