/** How many of the numbers that an encoder hands on are not 0. */
import type { DenseFeatures } from "../../src/data/events.ts";
import type { ByteMeaning } from "../../src/data/samples.ts";
import { type DeltaEncoder, sampleFormOf } from "../../src/network/encoders.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { standardiserOf } from "../../src/network/standardise.ts";

/** A sample, as an encoder takes it. */
interface EncodedSample {
  readonly features: DenseFeatures;
  readonly bytes: ByteMeaning;
  /** That the network computes. */
  readonly steps: number;
}

/**
 * The share of inputs that are not 0, summed over the steps; an input that is the same at every step counts once. Of inputs that are
 * drawn it is the share that is expected.
 */
export function activityOfInput({ input, steps: all }: NetworkSpec, sample: EncodedSample): number {
  const { encoder } = input, { steps } = sample;
  const features = numbersOf(sample, encoder.kind === "delta" ? 0 : encoder.offset);
  const mean = (value: (feature: number) => number) =>
    features.reduce((sum, feature) => sum + value(feature), 0) / features.length;
  const ink = () => mean((feature) => Number(feature !== 0));
  switch (encoder.kind) {
    case "constant":
      return encoder.mean || encoder.deviation ? 1 : ink();
    case "noise":
      return steps * ink();
    case "poisson":
      return steps * mean((feature) => Math.max(0, Math.min(1, encoder.rate * feature)));
    case "latency":
      return mean((feature) => Number(feature >= encoder.threshold));
    case "direct": {
      const standardiser = standardiserOf(input), row = features.length / steps;
      if (!standardiser) return steps * ink();
      const { features: given, bytes } = sample, standardised = new Float32Array(features.length);
      const unit = given instanceof Uint8Array && bytes === "pixels" ? 255 : 1;
      for (let at = 0; at < given.length; at += row) standardiser.row(given, at, unit, standardised, at);
      return standardised.reduce((sum, value) => sum + Number(value !== 0), 0) / row;
    }
    case "delta": {
      const { channels } = sampleFormOf({ input, steps: all }), inputs = encoder.channels === "both" ? 2 : 1;
      return changesOf(features, channels, encoder) / (inputs * channels);
    }
    default:
      return encoder satisfies never;
  }
}

/** A sample's features: of pixels byte / 255, to which `offset` is added. */
function numbersOf({ features, bytes }: EncodedSample, offset: number): Float32Array {
  if (!(features instanceof Uint8Array)) return features;
  if (bytes === "numbers") return Float32Array.from(features);
  return Float32Array.from(features, (pixel) => Math.fround(pixel / 255) + offset);
}

/** Four units in the last place: see asm/encoders/delta.ts. */
const SLACK = 2 ** -21;

/** The spikes of a delta encoder, with the rounding of its kernel. @param sequence `[steps, channels]`. */
function changesOf(
  sequence: Float32Array,
  channels: number,
  { threshold, channels: kind }: DeltaEncoder,
): number {
  const { fround } = Math, theta = fround(threshold), half = fround(0.5 * theta);
  let spikes = 0;
  for (let at = channels; at < sequence.length; at++) {
    const now = sequence[at]!, before = sequence[at - channels]!;
    const slack = Math.min(half, fround(SLACK * Math.max(Math.abs(now), Math.abs(before))));
    const passes = (difference: number) => fround(fround(difference) + slack) >= theta;
    if (passes(now - before) || kind !== "on" && passes(before - now)) spikes++;
  }
  return spikes;
}
