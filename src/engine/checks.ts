/** Checks of options, batches, data sets and parameters that all engines share. */
import { type Augmentation, checkAugmentation } from "../data/augment.ts";
import { areEvents, type Events } from "../data/events.ts";
import type { Samples } from "../data/samples.ts";
import { OptionError } from "../errors.ts";
import { checkObject, checkWhole } from "../misuse.ts";
import { sampleFormOf } from "../network/encoders.ts";
import { type NetworkSpec, sampleSize } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import type { Batch, EngineState, Parameters } from "./engine.ts";
import { type KernelModule, type Variant, VARIANTS } from "./wasm/kernels.ts";
import { PRECISIONS } from "./wasm/precision.ts";

/** More threads than any machine has cores: each takes memory of its own. */
const MOST_THREADS = 1024;

/** The span of an option in words, and whether a value lies in it. */
type Range = readonly [span: string, includes: (value: unknown) => boolean];

const isNumber = (value: unknown): value is number => typeof value === "number";
const whole = (least: number, most: number): Range => [
  `a whole number from ${least} to ${most}`,
  (value) => isNumber(value) && Number.isSafeInteger(value) && value >= least && value <= most,
];

const RANGES: Readonly<Record<string, Range>> = {
  threads: whole(0, MOST_THREADS),
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  batchSize: whole(1, 2 ** 31),
  usualBatchSize: whole(1, 2 ** 31),
  shards: whole(1, 2 ** 16),
  skipBound: ["a number, 0 or more", (value) => isNumber(value) && value >= 0],
  gpuMemory: ["a number of MiB above 0", (value) => isNumber(value) && value > 0],
  precision: [PRECISIONS.join(" or "), (value) => PRECISIONS.some((known) => known === value)],
};

/** Checks an engine's options. @throws {OptionError} when one is out of its range; the message names both. */
export function checkEngineOptions(options: object): void {
  checkObject("options", options, "an object, such as { spec: notebookNetwork() }");
  for (const [name, [span, includes]] of Object.entries(RANGES)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined && !includes(value)) {
      throw new OptionError(`${name}: ${value}, expected ${span}`);
    }
  }
}

/** Checks that kernels are a compiled build. @throws {OptionError} when not. */
export function checkKernels(kernels: KernelModule): void {
  const expected = "kernels, such as `await loadKernels()` gives";
  checkObject("kernels", kernels, expected);
  if (kernels instanceof Promise) throw new OptionError(`kernels: a promise, expected ${expected}`);
  checkObject("kernels.module", kernels.module, `a WebAssembly.Module, in ${expected}`);
  checkVariant(kernels.variant, "kernels.variant");
}

/** Checks the name of a build of the kernels. @throws {OptionError} when there is no such build. */
export function checkVariant(variant: unknown, what = "variant"): asserts variant is Variant {
  if (VARIANTS.some((known) => known === variant)) return;
  throw new OptionError(`${what}: ${variant}, expected ${VARIANTS.join(" or ")}`);
}

/** Checks an engine's state. @throws {OptionError} when it is none. */
export function checkState(state: EngineState): void {
  checkObject("state", state, "an engine's state, such as getState gives");
  checkObject("state.moments", state.moments, "the optimizer's moments, by name");
  checkWhole("state.updates", state.updates, 0);
}

/** The error of `trace` on an engine that keeps no states. */
export function noStates(): OptionError {
  return new OptionError("trace: this engine keeps no states: make it with `recordStates: true`");
}

/**
 * Checks that a batch has 1 to `most` samples, and that its data set has them.
 *
 * @throws {RangeError} when not.
 * @throws {OptionError} when it is no batch.
 */
export function checkBatch(batch: Batch, most: number): void {
  checkObject("batch", batch, "{ samples, indices, stream, epoch }");
  checkObject("batch.samples", batch.samples, "samples, such as loadMnist gives");
  const { samples, indices, stream, epoch, augmentation } = batch;
  if (!(indices instanceof Uint32Array)) {
    throw new OptionError("batch.indices: expected a Uint32Array of samples' places in the data set");
  }
  checkWhole("batch.stream", stream, 0);
  checkWhole("batch.epoch", epoch, 0);
  if (indices.length === 0 || indices.length > most) {
    throw new RangeError(`a batch of ${indices.length} samples: expected 1 to ${most}`);
  }
  const strange = indices.find((index) => index >= samples.count);
  if (strange !== undefined) {
    throw new RangeError(`${samples.name}: no sample ${strange}: expected 0 to ${samples.count - 1}`);
  }
  if (augmentation) checkAugmented(samples, augmentation);
}

/** Augmentation needs pictures of bytes. */
function checkAugmented({ name, picture, features, size }: Samples, augmentation: Augmentation): void {
  checkAugmentation(augmentation);
  const { rows, columns, channels = 1 } = picture ?? { rows: 0, columns: 0 };
  if (!(features instanceof Uint8Array) || !picture || channels * rows * columns !== size) {
    throw new RangeError(
      `${name}: augmentation moves pictures of bytes, whose rows, columns and channels samples.picture names: ` +
        "leave it out",
    );
  }
}

/** Samples whose features have been found finite, by any engine. */
const FINITE = new WeakSet<Samples>();

/**
 * Checks that a data set is whole and fits the network: no kernel checks it again.
 *
 * Float features are checked once for each `Samples` object; values behind a sequence's end are not checked.
 *
 * @throws {RangeError} when not.
 * @throws {OptionError} when they are no samples.
 */
export function checkSamples(samples: Samples, spec: NetworkSpec): void {
  const { name, count, size, features, labels, ids, lengths } = samples;
  if (!(features instanceof Uint8Array || features instanceof Float32Array || isEvents(features))) { // from JavaScript
    throw new OptionError(`${name}: samples.features: expected a Uint8Array, a Float32Array or events`);
  }
  if (!(labels instanceof Uint8Array)) {
    throw new OptionError(`${name}: samples.labels: expected a Uint8Array`);
  }
  checkWhole(`${name}: samples.count`, count, 0);
  const expected = sampleSize(spec);
  if (size !== expected) {
    throw new RangeError(`${name}: ${size} features a sample, but the network takes ${expected}`);
  }
  const there = areEvents(features) ? Math.floor(features.ends.length / spec.steps) * size : features.length;
  if (there < count * size || labels.length < count) {
    throw new RangeError(
      `${name}: ${there} features and ${labels.length} labels, too few for ${count} samples of ${size}`,
    );
  }
  if (ids && ids.length < count) {
    throw new RangeError(`${name}: ${ids.length} ids, too few for ${count} samples`);
  }
  if (lengths) checkLengths(name, lengths.subarray(0, count), count, spec);
  const { classes } = structureOf(spec);
  const strange = labels.findIndex((label) => label >= classes);
  if (strange >= 0) {
    throw new RangeError(
      `${name}: label ${labels[strange]} at ${strange}, but the network has ${classes} classes`,
    );
  }
  if (!FINITE.has(samples)) checkFeatures(samples, spec);
  FINITE.add(samples);
}

/** Checks that the features that are read are finite. */
function checkFeatures(samples: Samples, spec: NetworkSpec): void {
  const { name, count, size, features, lengths } = samples;
  if (areEvents(features)) return checkEvents(samples, features, spec);
  if (!(features instanceof Float32Array)) return;
  const { channels } = sampleFormOf(spec);
  for (let sample = 0; sample < count; sample++) {
    const begin = sample * size;
    const end = begin + (lengths ? lengths[sample]! * channels : size);
    const found = firstNotFinite(features, begin, end);
    if (found < 0) continue;
    throw new RangeError(
      `${name}: feature ${found - begin} of sample ${sample} is ${features[found]}, expected a finite number`,
    );
  }
}

/** From JavaScript, features can be anything. */
function isEvents(features: unknown): features is Events {
  if (typeof features !== "object" || features === null || !("ends" in features && "channels" in features)) {
    return false;
  }
  const { ends, channels, values } = features as Readonly<Record<string, unknown>>;
  return ends instanceof Uint32Array &&
    (channels instanceof Uint16Array || channels instanceof Uint32Array) &&
    (values === undefined || values instanceof Uint8Array || values instanceof Float32Array);
}

/** Checks that events are of channels that there are, in their order, and within the sequences. */
function checkEvents({ name, count, steps, lengths }: Samples, events: Events, spec: NetworkSpec): void {
  const { ends, channels, values } = events, form = sampleFormOf(spec);
  if (!form.isSequence || steps !== spec.steps) {
    throw new RangeError(
      `${name}: events of ${steps ?? "no"} steps, but the network takes ${
        form.isSequence ? `sequences of ${spec.steps} steps` : "no sequences"
      }`,
    );
  }
  const all = Math.min(channels.length, values?.length ?? Infinity);
  let at = 0;
  for (let sample = 0; sample < count; sample++) {
    for (let step = 0; step < steps; step++) {
      const end = ends[sample * steps + step]!, where = `${name}: step ${step} of sample ${sample}`;
      if (end < at || end > all) throw new RangeError(`${where}: its events end at ${end} of ${all}`);
      if (end > at && step >= (lengths?.[sample] ?? steps)) {
        throw new RangeError(`${where}: it has events, but the sequence has ended`);
      }
      for (let before = -1; at < end; at++) {
        const channel = channels[at]!, value = values?.[at] ?? 1;
        if (channel <= before || channel >= form.channels) {
          throw new RangeError(
            `${where}: channel ${channel}, expected each of 0 to ${form.channels - 1} once, ascending`,
          );
        }
        if (!Number.isFinite(value)) throw new RangeError(`${where}: ${value}, expected a finite number`);
        before = channel;
      }
    }
  }
}

/** The index of the first value in `begin` ≤ i < `end` that is infinite or NaN; −1 where all are finite. */
export function firstNotFinite(values: Float32Array, begin = 0, end: number = values.length): number {
  for (let i = begin; i < end; i++) {
    if (!Number.isFinite(values[i])) return i;
  }
  return -1;
}

/** Checks that sequences have at most T steps, and at least one step that is read. */
function checkLengths(
  name: string,
  lengths: Uint16Array | Uint32Array,
  count: number,
  spec: NetworkSpec,
): void {
  const { input: { encoder }, readout, steps } = spec;
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

/** A parameter by its name. @throws {RangeError} when it is missing or has another number of values. */
export function tensorOf(parameters: Parameters, name: string, length: number): Float32Array {
  if (typeof parameters?.get !== "function") { // from JavaScript
    throw new OptionError(
      "parameters: expected a Map of Float32Arrays by name, as `initialParameters` gives it",
    );
  }
  const tensor = parameters.get(name);
  if (tensor?.length !== length) {
    throw new RangeError(`${name}: ${tensor?.length ?? "no"} values, expected ${length}`);
  }
  if (!(tensor instanceof Float32Array)) throw new OptionError(`${name}: expected a Float32Array`);
  return tensor;
}

/** Checks that parameters are finite; {@linkcode tensorOf} checks their shapes. @throws {RangeError} when not. */
export function checkWeights(parameters: Parameters): void {
  if (!(parameters instanceof Map)) return;
  for (const [name, weights] of parameters) {
    if (!(weights instanceof Float32Array)) continue;
    const wrong = firstNotFinite(weights);
    if (wrong < 0) continue;
    throw new RangeError(
      `parameter ${name}: value ${wrong} is ${weights[wrong]}, expected a finite number`,
    );
  }
}
