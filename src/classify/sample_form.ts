/**
 * Converts a sample, in any accepted form, to a network's features; only this module distinguishes bytes from numbers.
 */
import type { DenseFeatures } from "../data/events.ts";
import type { ByteMeaning } from "../data/samples.ts";
import { bytesOfModel } from "../engine/model_options.ts";
import { pictureSide } from "./picture_side.ts";
import { sampleFormOf } from "../network/encoders.ts";
import type { Model } from "../network/model_file.ts";
import { count, counted } from "../text/figures.ts";
import { oneLine } from "../text/one_line.ts";

/** Samples as a network takes them: bytes (uint8) or numbers (float32), one sample after the other. */
export type Features = DenseFeatures;

/** Numbers in lists, and lists of these: `[784 numbers]`, `[28 rows][28 columns]`, `[channels][rows][columns]`, `[steps][channels]`. */
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
 * A sample: bytes (also a canvas's `Uint8ClampedArray`, also Node's `Buffer`), which the model's metadata declare as pixels or
 * numbers; or numbers, which are features as they are, in any array or in lists.
 */
export type SampleInput = Uint8Array | Uint8ClampedArray | NumberLists;

/** One sample as a network takes it. */
export interface TakenSample {
  /** `steps` times the channels of a sequence. */
  readonly features: Features;
  /** Of a sequence, which may be shorter than the network's; else 1. */
  readonly steps: number;
}

/** Rounding that is allowed beyond black and white in numbers for a network that learned from pixels. */
const SLACK = 1e-3;

/** The largest magnitude of a number: sums of such do not overflow float32, and networks learn from far smaller ones. */
const MOST = 1e9;
/** The expected numbers, in words. */
const NUMBER = "a number, -1e9 to 1e9", BYTE = "a whole number, 0 to 255";
/** A square number of inputs counts as a picture from this side on. */
const LEAST_SIDE = 8;

/** The form of a model's samples. */
export class SampleForm {
  /** Features of a whole sample. */
  readonly size: number;
  /** Features of a step; all features where samples are no sequences. */
  readonly channels: number;
  /** Steps of a whole sequence; 1 where samples are no sequences. */
  readonly steps: number;
  /** Steps of the shortest sequence from which the readout reads. */
  readonly leastSteps: number;
  /** Meaning of a byte. */
  readonly bytes: ByteMeaning;
  /** Bounds of the numbers, where the model learned from pixels alone. */
  readonly #range: readonly [black: number, white: number] | undefined;
  /** The feature of a white pixel, where inputs look like pictures and the metadata do not say what bytes mean. */
  readonly #white: number | undefined;
  /** Rows and columns of a square picture of one channel. */
  readonly #side: number | undefined;
  /** Of the samples, where the network says it: `[channels, rows, columns]`. */
  readonly #shape: readonly [channels: number, rows: number, columns: number] | undefined;

  /**
   * The form that a model takes.
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
    const { offset } = spec.input.encoder, side = pictureSide(spec);
    const { shape } = spec.input;
    this.#shape = isSequence || shape.length === 1 ? undefined : shape;
    this.#side = side !== undefined && side * side === this.size ? side : undefined;
    if (metadata.bytes === "pixels") this.#range = [offset, 1 + offset];
    // A run's metadata have `bytes` where it learned from bytes; a program's model may lack them.
    const isUnknown = metadata.bytes === undefined && metadata.weightsSha256 === undefined && !isSequence;
    if (isUnknown && (offset !== 0 || (side ?? 0) >= LEAST_SIDE)) this.#white = 1 + offset;
  }

  /**
   * Converts a sample in any accepted form.
   *
   * @param where Its name in messages.
   * @throws {RangeError} when its number of features is not the network's.
   * @throws {TypeError} when it is no sample, its lists are no table, a number is not finite, or bytes are given as numbers to a
   * network that learned from pixels.
   */
  take(input: unknown, where = "the sample"): TakenSample {
    const bytes = asBytes(input);
    if (bytes) return { features: bytes, steps: this.stepsOf(bytes.length, where) };
    const rows = Array.isArray(input) && asBytes(input[0]) ? input.map(asBytes) : [];
    if (rows.length > 0 && rows.every((row) => row !== undefined)) {
      this.#checkRows(rows.map(({ length }) => length), where);
      const joined = new Uint8Array(rows.reduce((sum, { length }) => sum + length, 0));
      rows.reduce((at, row) => (joined.set(row, at), at + row.length), 0);
      return { features: joined, steps: this.stepsOf(joined.length, where) };
    }
    const numbers = this.#flattened(input, { where, expected: NUMBER });
    const steps = this.stepsOf(numbers.length, where);
    const strange = numbers.findIndex((number) => !(Math.abs(number) <= MOST));
    if (strange >= 0) throw wrongNumber(where, strange, numbers[strange], NUMBER);
    this.#checkMeant(numbers, where);
    return { features: Float32Array.from(numbers), steps };
  }

  /**
   * Converts bytes that are numbers in lists, as in JSON.
   *
   * @param where Their name in messages.
   * @throws {RangeError} when their number is not the network's.
   * @throws {TypeError} when they are no whole numbers from 0 to 255, or their lists are no table.
   */
  takeBytes(input: unknown, where = "the sample"): TakenSample {
    const numbers = this.#flattened(input, { where, expected: BYTE });
    const steps = this.stepsOf(numbers.length, where);
    const strange = numbers.findIndex((number) =>
      !(Number.isInteger(number) && number >= 0 && number <= 255)
    );
    if (strange >= 0) throw wrongNumber(where, strange, numbers[strange], BYTE);
    return { features: Uint8Array.from(numbers), steps };
  }

  /**
   * The steps of a sample of `count` numbers.
   *
   * @param where Its name in messages.
   * @throws {RangeError} when the network takes no such sample.
   */
  stepsOf(count: number, where = "the sample"): number {
    if (count === this.size) return this.steps;
    const steps = count / this.channels;
    if (this.steps > 1 && Number.isInteger(steps) && steps >= this.leastSteps && steps < this.steps) {
      return steps;
    }
    const isCanvas = this.steps === 1 && this.bytes === "pixels" && count === 4 * this.size / this.#planes;
    const hint = !isCanvas
      ? ""
      : this.#planes === 1
      ? "; these are four times as many, as a canvas has them: give the brightness of each pixel alone"
      : "; these are red, green, blue and opacity of each pixel, as a canvas has them: give a channel after the other";
    throw new RangeError(`${where}: ${counted(count, "number")}: expected ${this.describe()}${hint}`);
  }

  /** The size of a sample, in words. */
  describe(): string {
    const { size, channels, steps, leastSteps } = this;
    if (steps === 1) {
      const [planes = 1, rows = 0, columns = 0] = this.#shape ?? [];
      const numbers = counted(size, "number");
      return planes === 1
        ? numbers
        : `${numbers}, ${counted(planes, "channel")} of ${counted(rows, "row")} of ${columns} columns`;
    }
    const range = leastSteps === steps
      ? counted(steps, "step")
      : `${count(leastSteps)} to ${counted(steps, "step")}`;
    return `${range} of ${counted(channels, "number")}, in one list or a list a step`;
  }

  /** How many channels a sample has, each a plane of numbers; 1 where the network does not say it. */
  get #planes(): number {
    return this.#shape?.[0] ?? 1;
  }

  /** The numbers of a list or table; the rows of a sequence are its steps. */
  #flattened(input: unknown, context: Reading): number[] {
    const { where } = context;
    if (isList(input) && isList(input[0]) && isList(input[0][0]) && this.#shape) {
      return this.#flattenedPlanes(input, this.#shape, context);
    }
    if (!isList(input)) {
      throw new TypeError(
        `${where}: ${
          typeNameOf(input)
        }: expected bytes (Uint8Array), or numbers in an array or in lists of lists`,
      );
    }
    const numbers: number[] = [], widths: number[] = [], isTable = isList(input[0]);
    for (let i = 0; i < input.length; i++) {
      const item: unknown = input[i], before = numbers.length, isRow = isList(item);
      if (isRow !== isTable) {
        throw new TypeError(`${where}: numbers stand beside lists, at ${i}: expected one or the other`);
      }
      if (!isRow) numbers.push(numberOf(item, i, context));
      else {
        append(item, numbers, context);
        widths.push(numbers.length - before);
      }
    }
    this.#checkRows(widths, where);
    return numbers;
  }

  /** The numbers of a picture in lists of lists of lists. */
  #flattenedPlanes(
    input: ArrayLike<unknown>,
    [channels, rows, columns]: readonly [number, number, number],
    context: Reading,
  ): number[] {
    const planes = listsIn(input, channels) ?? [];
    const lines = planes.flatMap((plane) => listsIn(plane, rows) ?? []);
    if (lines.length !== channels * rows || lines.some(({ length }) => length !== columns)) {
      throw new TypeError(
        `${context.where}: lists of other lengths: expected ${counted(channels, "list")} of ${
          counted(rows, "row")
        } of ${columns} columns, or ${this.describe()} in one list`,
      );
    }
    const numbers: number[] = [];
    for (const line of lines) append(line, numbers, context);
    return numbers;
  }

  /** Checks that rows have the same length; rows of a sequence are steps. */
  #checkRows(widths: readonly number[], where: string): void {
    const [first] = widths, side = this.#side;
    if (first === undefined) return;
    const odd = widths.findIndex((width) => width !== first);
    if (odd >= 0) {
      throw new TypeError(
        `${where}: list ${odd} has ${
          counted(widths[odd]!, "number")
        }, list 0 has ${first}: expected as many in each`,
      );
    }
    if (side !== undefined && (widths.length !== side || first !== side)) {
      throw new TypeError(
        `${where}: ${counted(widths.length, "list")} of ${first}: expected ${
          counted(side, "row")
        } of ${side} columns, or ${this.describe()} in one list`,
      );
    }
    const isPlane = widths.length === this.#planes && first === this.size / this.#planes;
    if (this.#planes > 1 && !isPlane) {
      throw new TypeError(
        `${where}: ${
          counted(widths.length, "list")
        } of ${first}: expected a list a channel, or ${this.describe()} in one list`,
      );
    }
    if (this.steps === 1 || first === this.channels) return;
    throw new RangeError(
      `${where}: ${counted(widths.length, "list")} of ${first}: expected ${this.describe()}`,
    );
  }

  /** @throws {TypeError} where numbers lie outside of what pixels become, for a network that learned from these alone. */
  #checkMeant(numbers: readonly number[], where: string): void {
    if (this.#white !== undefined) checkNoBytes(numbers, this.#white, where);
    if (!this.#range) return;
    const [black, white] = this.#range;
    const outside = numbers.findIndex((value) => value < black - SLACK || value > white + SLACK);
    if (outside < 0) return;
    const sum = black === 0 ? "" : black < 0 ? ` − ${-black}` : ` + ${black}`;
    throw new TypeError(
      `${where}: number ${outside} is ${
        numbers[outside]
      }: this network learned from pixels: give them as bytes, 0 to 255 ` +
        `(a Uint8Array; over HTTP as "pixels"), or as numbers from ${black} to ${white}, byte / 255${sum}`,
    );
  }
}

/** @throws {TypeError} where all numbers are whole, and some above a white pixel's feature: then they are meant as bytes. */
function checkNoBytes(numbers: readonly number[], white: number, where: string): void {
  const at = numbers.findIndex((number) => Math.abs(number) > Math.max(1, white));
  if (at < 0 || !numbers.every(Number.isInteger)) return;
  throw new TypeError(
    `${where}: number ${at} is ${
      numbers[at]
    }, and all are whole: bytes of pixels, 0 to 255, are given as a Uint8Array (over HTTP as "pixels"); ` +
      'a network that learned from such numbers says so: metadata.bytes is "numbers"',
  );
}

/** A view of bytes of either kind, from any realm. */
function asBytes(input: unknown): Uint8Array | undefined {
  const tag = Object.prototype.toString.call(input);
  if (tag !== "[object Uint8Array]" && tag !== "[object Uint8ClampedArray]" || !ArrayBuffer.isView(input)) {
    return undefined;
  }
  return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
}

/** Whether the input is a list, or an array of numbers other than bytes. */
function isList(input: unknown): input is ArrayLike<unknown> {
  return Array.isArray(input) ||
    ArrayBuffer.isView(input) && !(input instanceof DataView) && asBytes(input) === undefined;
}

/** The lists in a list of so many; `undefined` where it is none. */
function listsIn(list: ArrayLike<unknown>, length: number): ArrayLike<unknown>[] | undefined {
  const lists = Array.from(list).filter(isList);
  return lists.length === length && list.length === length ? lists : undefined;
}

/** The input's name in messages, and the expected numbers. */
interface Reading {
  readonly where: string;
  readonly expected: string;
}

/** Appends a row of a table. */
function append(row: ArrayLike<unknown>, numbers: number[], context: Reading): void {
  for (let i = 0; i < row.length; i++) {
    const item = row[i];
    if (isList(item)) {
      throw new TypeError(
        `${context.where}: lists lie in one another at more than two levels: ` +
          "expected [rows][columns] of a picture or [steps][channels] of a sequence",
      );
    }
    numbers.push(numberOf(item, numbers.length, context));
  }
}

function numberOf(value: unknown, at: number, { where, expected }: Reading): number {
  if (typeof value === "number") return value;
  if (asBytes(value)) throw new TypeError(`${where}: bytes stand beside other lists: expected one kind`);
  throw wrongNumber(where, at, value, expected);
}

function wrongNumber(where: string, at: number, found: unknown, expected: string): TypeError {
  return new TypeError(`${where}: number ${at} is ${typeNameOf(found)}: expected ${expected}`);
}

function typeNameOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === "boolean" || typeof value === "number") {
    return String(value);
  }
  if (typeof value === "string") return oneLine(JSON.stringify(value));
  if (typeof value !== "object") return `a ${typeof value}`;
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
