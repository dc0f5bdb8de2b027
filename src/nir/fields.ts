/** Reads a node's fields, and names the node and the field in what is wrong with them. */
import { InputError } from "../errors.ts";
import { describeShape } from "../network/safetensors.ts";
import { sizeOf } from "../network/shape.ts";
import { oneLine } from "../text/one_line.ts";
import { type Constants, findWrong, simplest } from "./constants.ts";
import type { NirNode } from "./graph.ts";
import type { Dataset } from "./hdf5/tree.ts";
import type { Reading } from "./reading.ts";

/** A shape as NIR has it: of any number of dimensions, batch and time left out. */
export type NirShape = readonly number[];

/** The fields of a node. */
export class Fields {
  /** The node's path. */
  readonly path: string;
  /** The node's primitive. */
  readonly type: string;
  readonly #fields: NirNode["fields"];
  readonly #reading: Reading;

  /** Of a node of a file. */
  constructor(path: string, { type, fields }: NirNode, reading: Reading) {
    this.path = path;
    this.type = type;
    this.#fields = fields;
    this.#reading = reading;
  }

  /** An error about this node. */
  error(fault: string): InputError {
    return new InputError(`${this.#reading.file}: node ${oneLine(this.path)} (${this.type}): ${fault}`);
  }

  /** A warning about this node. */
  warn(words: string): void {
    this.#reading.warn(`node ${oneLine(this.path)} (${this.type}): ${words}`);
  }

  /** Whether the file has a field. */
  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** The shape of a field. */
  shapeOf(name: string): NirShape {
    return this.#fields.get(name)?.shape ?? [];
  }

  /** A field's text; `undefined` where it holds numbers. */
  text(name: string): string | undefined {
    const field = this.#fields.get(name);
    return field && "strings" in field ? field.strings[0] : undefined;
  }

  /** A field's numbers, all finite. */
  numbers(name: string): Float32Array | Float64Array {
    const field: Dataset | undefined = this.#fields.get(name);
    if (!field || !("numbers" in field)) {
      throw this.error(`${name}: ${field ? "it is text" : "missing"}, expected numbers`);
    }
    const wrong = field.numbers.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) return field.numbers;
    throw this.error(`${name}: value ${wrong} is ${field.numbers[wrong]}: expected a finite number`);
  }

  /** Whole numbers, `least` or more. */
  wholeNumbers(name: string, least: number): number[] {
    const all = Array.from(this.numbers(name));
    const wrong = all.find((value) => !Number.isSafeInteger(value) || value < least || value > 2 ** 31);
    if (wrong === undefined) return all;
    throw this.error(`${name}: ${wrong}: expected whole numbers, ${least} or more`);
  }

  /** One whole number. @param fallback Where the file has none. */
  wholeNumber(name: string, least: number, fallback?: number): number {
    if (fallback !== undefined && !this.has(name)) return fallback;
    const [value = NaN, ...more] = this.wholeNumbers(name, least);
    if (more.length === 0 && !Number.isNaN(value)) return value;
    throw this.error(`${name}: ${describeShape(this.shapeOf(name))} numbers, expected one`);
  }

  /** As many whole numbers as there are axes; one stands for all. */
  extents(name: string, axes: number, least: number): number[] {
    const all = this.wholeNumbers(name, least);
    if (all.length === axes) return all;
    if (all.length === 1) return Array.from({ length: axes }, () => all[0]!);
    throw this.error(`${name}: ${all.length} numbers, expected ${axes === 1 ? "one" : `1 or ${axes}`}`);
  }

  /**
   * A parameter of a population: one number, or one a unit.
   *
   * @param shape The population's.
   * @param fallback Where the file has none.
   */
  constants(name: string, shape: NirShape, fallback?: number): Constants {
    if (fallback !== undefined && !this.has(name)) return fallback;
    const values = this.numbers(name), own = this.shapeOf(name);
    if (values.length === 1) return values[0]!;
    if (values.length !== sizeOf(shape) || !isSame(withoutOnes(own), withoutOnes(shape))) {
      throw this.error(
        `${name} has the shape ${describeShape(own)}, but there are ${describeShape(shape)} neurons: ` +
          `expected ${describeShape(shape)}`,
      );
    }
    return simplest(values);
  }

  /** The same, of values for which a condition holds. */
  constantsThat(
    name: string,
    shape: NirShape,
    expected: string,
    holds: (value: number) => boolean,
  ): Constants {
    const values = this.constants(name, shape), wrong = findWrong(values, holds);
    if (wrong === undefined) return values;
    throw this.error(`${name}: ${wrong}: expected ${expected}`);
  }
}

/** Whether two shapes are the same. */
export function isSame(one: NirShape, other: NirShape): boolean {
  return one.length === other.length && one.every((extent, axis) => extent === other[axis]);
}

/** A shape without dimensions of one, which frameworks add and leave out. */
function withoutOnes(shape: NirShape): NirShape {
  return shape.filter((extent) => extent !== 1);
}
