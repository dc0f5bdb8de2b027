/**
 * What every engine makes sure of before it takes a batch or parameters.
 *
 * @module
 */
import { type Augmentation, checkAugmentation } from "../data/augment.ts";
import type { Samples } from "../data/samples.ts";
import { sampleFormOf } from "../network/encoders.ts";
import { classesOf, type NetworkSpec, sampleSize } from "../network/spec.ts";
import type { Batch, Parameters } from "./engine.ts";

/**
 * Makes sure that a batch has samples, not too many, and that its data set has them.
 *
 * @param most Samples that the engine has room for.
 * @throws {RangeError} when not.
 */
export function checkBatch({ samples, indices, augmentation }: Batch, most: number): void {
  if (indices.length === 0 || indices.length > most) {
    throw new RangeError(`a batch of ${indices.length} samples: expected 1 to ${most}`);
  }
  const strange = indices.find((index) => index >= samples.count);
  if (strange !== undefined) {
    throw new RangeError(`${samples.name}: no sample ${strange}: expected 0 to ${samples.count - 1}`);
  }
  if (augmentation) checkAugmented(samples, augmentation);
}

/** What has to be true of samples that are moved. */
function checkAugmented({ name, picture, features, size }: Samples, augmentation: Augmentation): void {
  checkAugmentation(augmentation);
  if (!(features instanceof Uint8Array) || !picture || picture.rows * picture.columns !== size) {
    throw new RangeError(
      `${name}: augmentation moves pictures of bytes, whose rows and columns samples.picture names: leave it out`,
    );
  }
}

/**
 * Makes sure that a data set is whole and fits the network: what a kernel would otherwise stumble over, or take for numbers.
 *
 * @throws {RangeError} when not.
 */
export function checkSamples(samples: Samples, spec: NetworkSpec): void {
  const { name, count, size, features, labels, ids, lengths } = samples;
  const expected = sampleSize(spec);
  if (size !== expected) {
    throw new RangeError(`${name}: ${size} features a sample, but the network takes ${expected}`);
  }
  if (features.length < count * size || labels.length < count) {
    throw new RangeError(
      `${name}: ${features.length} features and ${labels.length} labels, too few for ${count} samples of ${size}`,
    );
  }
  if (ids && ids.length < count) {
    throw new RangeError(`${name}: ${ids.length} ids, too few for ${count} samples`);
  }
  if (lengths) checkLengths(name, lengths.subarray(0, count), count, spec);
  const classes = classesOf(spec);
  const strange = labels.findIndex((label) => label >= classes);
  if (strange >= 0) {
    throw new RangeError(
      `${name}: label ${labels[strange]} at ${strange}, but the network has ${classes} classes`,
    );
  }
}

/** Sequences may be shorter than T, but not so short that nothing of them is read. */
function checkLengths(
  name: string,
  lengths: Uint16Array | Uint32Array,
  count: number,
  spec: NetworkSpec,
): void {
  const { encoder, readout, steps } = spec;
  if (!sampleFormOf(spec).isSequence) {
    throw new RangeError(
      `${name}: sequences of unequal lengths, but the network's encoder is ${encoder.kind}: expected one of sequences`,
    );
  }
  if (lengths.length < count) {
    throw new RangeError(`${name}: ${lengths.length} lengths, too few for ${count} samples`);
  }
  const strange = lengths.findIndex((length) => length <= readout.begin || length > steps);
  if (strange >= 0) {
    throw new RangeError(
      `${name}: ${lengths[strange]} steps at ${strange}, but the network takes ${
        readout.begin + 1
      } to ${steps}`,
    );
  }
}

/** A parameter by its name. @throws {RangeError} when it is missing or has not so many values. */
export function tensorOf(parameters: Parameters, name: string, length: number): Float32Array {
  const tensor = parameters.get(name);
  if (tensor?.length !== length) {
    throw new RangeError(`${name}: ${tensor?.length ?? "no"} values, expected ${length}`);
  }
  return tensor;
}
