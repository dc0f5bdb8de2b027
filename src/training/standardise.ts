/** Means and deviations of training samples, by channel, as part of a network's description. */
import { areEvents, spreadEvents } from "../data/events.ts";
import { arePixels, type Samples } from "../data/samples.ts";
import { checkSamples } from "../engine/checks.ts";
import { OptionError } from "../errors.ts";
import { sampleFormOf, type Standardisation } from "../network/encoders.ts";
import { sizeOf } from "../network/shape.ts";
import { type NetworkSpec, parseNetworkSpec } from "../network/spec.ts";
import { standardisationOf } from "../network/standardise.ts";

/**
 * The network whose encoder standardises features by these samples: x' = (x − mean) / deviation. It has `mean` and `deviation` in
 * place of an `offset`, and so have its models.
 *
 * Both are one number a channel of the input's shape, or one for all where pictures lie in a flat input. They are the mean and the
 * root of the mean square from it (divided by their number), in float64, over the samples in their order; of sequences over all
 * steps up to each one's end. A channel that never varies has the deviation 1.
 *
 * @param indices The samples that count. @default {all}
 * @throws {OptionError} when the encoder is neither `constant` nor `direct`, has `mean` or `deviation` already, or no sample counts.
 * @throws {RangeError} when the samples do not fit the network.
 *
 * @example
 * ```ts
 * import { lifNetwork, loadMnist, standardised } from "@spikelet/spikelet";
 *
 * const spec = standardised(lifNetwork(), await loadMnist(undefined, "train"));
 * const { encoder } = spec.input;
 * console.log(encoder.kind === "constant" && encoder.mean?.length); // 1: of all pixels
 * ```
 */
export function standardised(spec: NetworkSpec, samples: Samples, indices?: Uint32Array): NetworkSpec {
  const { encoder } = spec.input;
  if (encoder.kind !== "constant" && encoder.kind !== "direct") {
    throw new OptionError(
      `standardize: the network's encoder is ${encoder.kind}: expected constant or direct, which take features as they are`,
    );
  }
  if (standardisationOf(encoder)) {
    throw new OptionError(
      "standardize: the network's encoder has mean or deviation already: leave it out, or leave these out",
    );
  }
  checkSamples(samples, spec);
  const counted = indices ?? Uint32Array.from({ length: samples.count }, (_, i) => i);
  if (counted.length === 0) {
    throw new OptionError(`standardize: ${samples.name}: no samples: expected one or more`);
  }
  const { kind } = encoder, measured = measure(spec, samples, counted);
  return parseNetworkSpec({ ...spec, input: { ...spec.input, encoder: { kind, ...measured } } });
}

/** Calls with the features of one step of a sample, and where they begin. */
type OnRow = (features: Uint8Array | Float32Array, at: number) => void;

function measure(spec: NetworkSpec, samples: Samples, counted: Uint32Array): Required<Standardisation> {
  const { shape } = spec.input, isPicture = samples.picture !== undefined || arePixels(samples);
  const channels = shape.length === 1 && isPicture ? 1 : shape[0];
  const positions = sizeOf(shape) / channels, unit = arePixels(samples) ? 255 : 1;
  const sums = new Float64Array(channels), squares = new Float64Array(channels);
  const lowest = new Float64Array(channels).fill(Infinity);
  const highest = new Float64Array(channels).fill(-Infinity);
  let rows = 0;
  overRows(spec, samples, counted, (features, at) => {
    rows++;
    for (let channel = 0; channel < channels; channel++) {
      let sum = sums[channel]!, low = lowest[channel]!, high = highest[channel]!;
      for (const end = at + positions; at < end; at++) {
        const x = features[at]! / unit;
        sum += x;
        if (x < low) low = x;
        if (x > high) high = x;
      }
      sums[channel] = sum, lowest[channel] = low, highest[channel] = high;
    }
  });
  const mean = Array.from(sums, (sum) => sum / (rows * positions));
  overRows(spec, samples, counted, (features, at) => {
    for (let channel = 0; channel < channels; channel++) {
      let sum = squares[channel]!;
      for (const end = at + positions, middle = mean[channel]!; at < end; at++) {
        const x = features[at]! / unit - middle;
        sum += x * x;
      }
      squares[channel] = sum;
    }
  });
  const deviation = Array.from(
    squares,
    (sum, channel) => lowest[channel] === highest[channel] ? 1 : Math.sqrt(sum / (rows * positions)),
  );
  return { mean, deviation };
}

/** Goes through the features of samples: each whole, or step by step up to a sequence's end. */
function overRows(spec: NetworkSpec, samples: Samples, counted: Uint32Array, onRow: OnRow): void {
  const { isSequence, channels, size } = sampleFormOf(spec), { features, lengths } = samples;
  const spread = new Float32Array(areEvents(features) ? size : 0);
  for (const index of counted) {
    const row = areEvents(features) ? spreadEvents(features, spec.steps, index, spread) : features;
    const begin = areEvents(features) ? 0 : index * size;
    const steps = isSequence ? lengths?.[index] ?? spec.steps : 1;
    for (let step = 0; step < steps; step++) onRow(row, begin + step * channels);
  }
}
