/** Checks that a data set fits a network. */
import { areBytes } from "../data/events.ts";
import { fitSteps, longestOf } from "../data/fit_steps.ts";
import { bytesOf, type Samples } from "../data/samples.ts";
import { InputError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { matchClasses, type MatchedSamples, type NamedNetwork } from "./class_match.ts";

/**
 * Checks that samples have the form of a network's input, and gives them the labels that it has for their classes.
 *
 * @param whose The network's source in messages, such as a model's file.
 * @param advice The message's advice where they do not fit.
 * @throws {InputError} when they do not fit.
 */
export function fitSamples(
  network: NamedNetwork & { readonly metadata?: Readonly<Record<string, string>> },
  whose: string,
  samples: Samples,
  advice: string,
): MatchedSamples {
  checkBytes(network.metadata?.bytes, whose, samples);
  return matchClasses(network, whose, fitForm(network.spec, whose, samples, advice), advice);
}

/**
 * Checks that bytes mean what they meant in the model's training data.
 *
 * @param learned `bytes` of its metadata.
 * @param whose The model's source in messages.
 * @throws {InputError} when they mean something else.
 */
export function checkBytes(learned: string | undefined, whose: string, samples: Samples): void {
  const found = bytesOf(samples);
  if (learned === undefined || !areBytes(samples.features) || learned === found) return;
  throw new InputError(
    `${whose}: it learned from bytes that are ${learned}, but those of ${samples.name} are ${found}: ` +
      "say what they are in the file's metadata (bytes), or keep them as floats",
  );
}

/**
 * Gives samples the form of a network's input: sequences with lengths are padded to its steps.
 *
 * @throws {InputError} when they have another form: see {@linkcode fitSamples}.
 */
export function fitForm(spec: NetworkSpec, whose: string, given: Samples, advice: string): Samples {
  const { isSequence, channels, size } = sampleFormOf(spec);
  const takes = isSequence
    ? `sequences of ${count(spec.steps)} steps of ${
      count(channels)
    }, for its encoder is ${spec.input.encoder.kind}`
    : `${count(size)} numbers a sample, for its encoder is ${spec.input.encoder.kind}`;
  const samples = isSequence ? fitSteps(given, spec.steps) : given, { steps } = samples;
  if (size === samples.size && (steps === undefined || steps === (isSequence ? spec.steps : 1))) {
    return samples;
  }
  const longest = `${samples.lengths ? "up to " : ""}${count(longestOf(samples))} steps`;
  const found = steps === undefined
    ? count(samples.size)
    : `sequences of ${longest} of ${count(samples.size / steps)}`;
  const encoders = isSequence || steps === undefined
    ? ""
    : "; sequences are for the encoders direct and delta (docs/networks.md)";
  throw new InputError(
    `${whose}: its network takes ${takes}, but ${samples.name} has ${found}: ${advice}${encoders}`,
  );
}
