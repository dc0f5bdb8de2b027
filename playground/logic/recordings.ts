/** Recordings: files of sequences, in the form that `train --data` reads. */
import { longestOf } from "../../src/data/fit_steps.ts";
import { areEvents, type DenseFeatures, spreadEvents } from "../../src/data/events.ts";
import {
  type ByteMeaning,
  bytesOf,
  pictureShapeOf,
  type PictureSize,
  type Samples,
} from "../../src/data/samples.ts";
import { InputError } from "../../src/errors.ts";
import { sampleFormOf } from "../../src/network/encoders.ts";
import type { Model } from "../../src/network/model_file.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { count } from "../../src/text/figures.ts";
import { matchClasses } from "../../src/training/class_match.ts";
import { checkBytes } from "../../src/training/fit.ts";

/** What to do where a network does not read a file's recordings. */
const ADVICE = "drop a model that was trained on such recordings first";

/** One recording. */
export interface Recording {
  /** `[steps, channels]`: bytes, or numbers. */
  readonly features: DenseFeatures;
  readonly bytes: ByteMeaning;
  readonly steps: number;
  /** Its class: an output of the network. */
  readonly label: number;
}

/**
 * Gives recordings the labels that a network has for their classes.
 *
 * @param whose The network's name in messages.
 * @throws {InputError} when the network does not read them, or lacks a class.
 */
export function fitRecordings(network: Model, whose: string, samples: Samples): Samples {
  checkForm(network.spec, samples);
  checkBytes(network.metadata.bytes, whose, samples);
  return matchClasses(network, whose, samples, ADVICE).samples;
}

/** @throws {InputError} when a network does not take samples of this form. */
function checkForm(spec: NetworkSpec, samples: Samples): void {
  const { isSequence, channels } = sampleFormOf(spec), { size, steps, name } = samples;
  const fits = isSequence && steps !== undefined && size / steps === channels &&
    longestOf(samples) <= spec.steps;
  if (fits) return;
  throw new InputError(
    `${name}: ${describeSamples(samples)}: this network takes ${describeTaken(spec)}: ${ADVICE}`,
  );
}

/** The form of samples, in words. */
function describeSamples(samples: Samples): string {
  const { steps, size, lengths } = samples, [channels = 1, ...sides] = pictureShapeOf(samples) ?? [];
  const picture = [...(channels > 1 ? [channels] : []), ...sides];
  if (steps === undefined) {
    return sides.length > 0 ? `pictures of ${times(picture)}` : `${count(size)} numbers a sample`;
  }
  const most = lengths ? "up to " : "";
  return `sequences of ${most}${
    times([longestOf(samples), ...(sides.length > 0 ? picture : [size / steps])])
  }`;
}

/** The form of the samples that a network takes, in words. */
function describeTaken(spec: NetworkSpec): string {
  const { isSequence, channels, size } = sampleFormOf(spec), frame = frameOf(spec);
  if (isSequence) {
    const row = frame
      ? [...(frame.channels > 1 ? [frame.channels] : []), frame.rows, frame.columns]
      : [channels];
    return `sequences of up to ${times([spec.steps, ...row])}`;
  }
  const shape = frame && [frame.rows, frame.columns], side = Math.sqrt(size);
  if (!shape && !Number.isInteger(side)) return `${count(size)} numbers a sample`;
  const planes = frame && frame.channels > 1 ? [frame.channels] : [];
  return `pictures of ${times([...planes, ...(shape ?? [side, side])])}`;
}

function times(extents: readonly number[]): string {
  return extents.map((extent) => count(extent)).join(" × ");
}

/** The size of a sequence's picture at one step, where it is one: as the recordings say it, or the network. */
export function frameOf(
  spec: NetworkSpec,
  { frame }: Pick<Samples, "frame"> = {},
): Required<PictureSize> | undefined {
  if (frame) return { channels: 1, ...frame };
  const { shape: [planes, rows, columns], encoder } = spec.input;
  if (rows === undefined || columns === undefined) return undefined;
  const isDoubled = encoder.kind === "delta" && encoder.channels === "both";
  return { channels: isDoubled ? planes / 2 : planes, rows, columns };
}

/** One of some recordings, without what comes after its end. @param at Its index. */
export function recordingAt(samples: Samples, at: number): Recording {
  const { size, steps: most = 1, features, labels, lengths } = samples, steps = lengths?.[at] ?? most;
  const end = steps * size / most;
  const whole = areEvents(features)
    ? spreadEvents(
      features,
      most,
      at,
      features.values instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size),
    )
    : features.subarray(at * size, (at + 1) * size);
  return { features: whole.slice(0, end), bytes: bytesOf(samples), steps, label: labels[at]! };
}
