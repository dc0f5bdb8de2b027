/**
 * What a sample may be given as, and how it becomes the features that a network takes: the one place that tells bytes from numbers.
 *
 * @module
 */
import type { ByteMeaning } from "../data/samples.ts";
import { bytesOfModel } from "../engine/model_options.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { Model } from "../network/model_file.ts";
import { oneLine } from "../one_line.ts";

/** Samples as a network takes them: bytes (uint8) or numbers (float32), one sample after the other. */
export type Features = Uint8Array | Float32Array;

/** Numbers in lists, and lists of these: `[784 numbers]`, `[28 rows][28 columns]`, `[steps][channels]`. */
export type NumberLists = readonly (number | NumberLists)[] | NumberArray;

/** Arrays of numbers of other types than bytes; they count as lists. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint16Array
  | Uint32Array;

/**
 * A sample: bytes (also a canvas's `Uint8ClampedArray`, also Node's `Buffer`), of which a model says what they stand for, pixels or
 * numbers; or numbers, which are features as they are, in any array or in lists.
 */
export type SampleInput = Uint8Array | Uint8ClampedArray | NumberLists;

/** One sample as a network takes it. */
export interface TakenSample {
  /** `steps` times the channels of a sequence. */
  readonly features: Features;
  /** Of a sequence, which may be shorter than the network's; 1 where a sample is none. */
  readonly steps: number;
}

/** Numbers of a network that learned from pixels lie between a black one and a white one; so much rounding is allowed. */
const SLACK = 1e-3;

/** Lists in lists: a table of anything has fewer. */
const MOST_DEPTH = 8;

/** What samples of a model are like. */
export class SampleForm {
  /** Features of a whole sample. */
  readonly size: number;
  /** Features of a step; of a sample that is no sequence, all of them. */
  readonly channels: number;
  /** Steps of a whole sequence; 1 where samples are none. */
  readonly steps: number;
  /** The shortest sequence of which something is read. */
  readonly leastSteps: number;
  /** What a byte stands for. */
  readonly bytes: ByteMeaning;
  /** What numbers lie between, where the model learned from pixels alone. */
  readonly #range: readonly [black: number, white: number] | undefined;

  /**
   * Finds out what a model takes.
   *
   * @param model Its network, and what its metadata say of the bytes that it learned from.
   */
  constructor(model: Pick<Model, "spec" | "metadata">) {
    const { spec, metadata } = model, { isSequence, channels, size } = sampleFormOf(spec);
    this.size = size;
    this.channels = channels;
    this.steps = isSequence ? spec.steps : 1;
    this.leastSteps = isSequence ? spec.readout.begin + 1 : 1;
    this.bytes = bytesOfModel(model);
    const { offset } = spec.encoder;
    if (metadata.bytes === "pixels") this.#range = [offset, 1 + offset];
  }

  /**
   * Takes a sample in whatever form it comes.
   *
   * @throws {RangeError} when it has not as many features as the network takes.
   * @throws {TypeError} when it is no sample, its lists do not make up a table, a number is not finite, or it cannot be meant: bytes
   * that are given as numbers to a network that learned from pixels.
   */
  take(input: unknown): TakenSample {
    const bytes = asBytes(input);
    if (bytes) return { features: bytes, steps: this.stepsOf(bytes.length) };
    const rows = Array.isArray(input) ? input.map(asBytes) : [];
    if (rows.length > 0 && rows.every((row) => row !== undefined)) {
      this.#checkRows(rows.map(({ length }) => length));
      const joined = new Uint8Array(rows.reduce((sum, { length }) => sum + length, 0));
      rows.reduce((at, row) => (joined.set(row, at), at + row.length), 0);
      return { features: joined, steps: this.stepsOf(joined.length) };
    }
    const numbers = this.#flattened(input);
    const steps = this.stepsOf(numbers.length);
    return { features: this.#checked(numbers), steps };
  }

  /**
   * The steps of a sample that has so many features.
   *
   * @throws {RangeError} when the network takes no sample of so many.
   */
  stepsOf(count: number): number {
    if (count === this.size) return this.steps;
    const steps = count / this.channels;
    if (this.steps > 1 && Number.isInteger(steps) && steps >= this.leastSteps && steps < this.steps) {
      return steps;
    }
    throw new RangeError(`a sample of ${counted(count)}: the network takes ${this.#describe(count)}`);
  }

  #describe(count: number): string {
    const { size, channels, steps, leastSteps } = this;
    if (steps > 1) {
      return `sequences of ${leastSteps.toLocaleString("en-US")} to ${
        steps.toLocaleString("en-US")
      } steps of ${channels}, ${size.toLocaleString("en-US")} at most`;
    }
    const hint = count === 4 * size && this.bytes === "pixels"
      ? "; these are four times as many, as a canvas has them: give the brightness of each pixel alone"
      : "";
    return `${size.toLocaleString("en-US")}${hint}`;
  }

  /** Lists of lists, one number after the other; the rows of a sequence are its steps. */
  #flattened(input: unknown): number[] {
    if (!isList(input)) {
      throw new TypeError(
        `a sample is ${
          typeNameOf(input)
        }: expected bytes (Uint8Array), numbers in an array, or lists of them`,
      );
    }
    const numbers: number[] = [];
    const widths: number[] = [];
    for (let i = 0; i < input.length; i++) {
      const item: unknown = input[i], before = numbers.length;
      if (isList(item)) append(item, numbers, 1);
      else numbers.push(numberOf(item, i));
      if (isList(item) !== isList(input[0])) {
        throw new TypeError(`a sample has numbers beside lists, at ${i}: expected one or the other`);
      }
      if (isList(item)) widths.push(numbers.length - before);
    }
    this.#checkRows(widths);
    return numbers;
  }

  /** Rows are all alike; those of a sequence are steps. */
  #checkRows(widths: readonly number[]): void {
    if (widths.length === 0) return;
    const odd = widths.findIndex((width) => width !== widths[0]);
    if (odd >= 0) {
      throw new TypeError(
        `a sample's list ${odd} has ${counted(widths[odd]!)}, its list 0 ${
          widths[0]
        }: expected as many in each`,
      );
    }
    if (this.steps > 1 && widths[0] !== this.channels) {
      throw new RangeError(
        `a sample of ${widths.length} lists of ${widths[0]}: the network takes ${
          this.leastSteps === this.steps ? this.steps : `${this.leastSteps} to ${this.steps}`
        } steps of ${this.channels}: a list a step`,
      );
    }
  }

  #checked(numbers: readonly number[]): Float32Array {
    const features = Float32Array.from(numbers), range = this.#range;
    const strange = features.findIndex((value) => !Number.isFinite(value));
    if (strange >= 0) {
      throw new TypeError(
        `a sample's number ${strange} is ${numbers[strange]}: expected a number that float32 holds`,
      );
    }
    if (!range) return features;
    const [black, white] = range;
    const outside = features.findIndex((value) => value < black - SLACK || value > white + SLACK);
    if (outside >= 0) {
      throw new TypeError(
        `a sample's number ${outside} is ${
          numbers[outside]
        }: this network learned from pixels, and takes them as bytes ` +
          `(Uint8Array, 0 to 255), or as numbers from ${black} to ${white}, byte / 255${
            black === 0 ? "" : black < 0 ? ` − ${-black}` : ` + ${black}`
          }`,
      );
    }
    return features;
  }
}

/** Bytes of either kind, wherever they were made; nothing is copied. */
function asBytes(input: unknown): Uint8Array | undefined {
  const tag = Object.prototype.toString.call(input);
  if (tag !== "[object Uint8Array]" && tag !== "[object Uint8ClampedArray]" || !ArrayBuffer.isView(input)) {
    return undefined;
  }
  return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
}

/** A list, or an array of numbers that are no bytes. */
function isList(input: unknown): input is ArrayLike<unknown> {
  return Array.isArray(input) ||
    ArrayBuffer.isView(input) && !(input instanceof DataView) && asBytes(input) === undefined;
}

function append(list: ArrayLike<unknown>, numbers: number[], depth: number): void {
  if (depth === MOST_DEPTH) {
    throw new TypeError(`a sample's lists lie deeper than ${MOST_DEPTH} in one another`);
  }
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (isList(item)) append(item, numbers, depth + 1);
    else numbers.push(numberOf(item, numbers.length));
  }
}

function numberOf(value: unknown, at: number): number {
  if (typeof value === "number") return value;
  throw new TypeError(
    asBytes(value)
      ? "a sample has bytes beside other lists: expected one kind"
      : `a sample's number ${at} is ${typeNameOf(value)}: expected a number`,
  );
}

function typeNameOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return oneLine(JSON.stringify(value));
  if (typeof value !== "object") return `a ${typeof value}`;
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function counted(count: number): string {
  return `${count.toLocaleString("en-US")} feature${count === 1 ? "" : "s"}`;
}
