/**
 * Samples from a safetensors file: numbers of any kind, such as sequences of events that were recorded elsewhere.
 *
 *     x        [samples, steps, channels]    sequences
 *              [samples, channels]           numbers without steps
 *              [samples, 1, rows, columns]   pictures, also [samples, rows, columns, 1]
 *     y        [samples]                     classes from 0 to 255; also [samples, 1], or [samples, classes] of which one is 1
 *     lengths  [samples]                     of sequences of unequal lengths: 1 to `steps`; the rest is ignored
 *
 * Each of any type: whole numbers, floats, which become float32, or booleans. U8 of sequences are numbers as they are; all other U8
 * are pixels, 0 to 255, unless the metadata's `bytes` says `numbers` or `pixels`. Names may have capitals. The metadata's `classes`
 * may name the classes: a list in JSON such as `["jab", "hook"]`, whose entry n is the name of label n.
 */
import { InputError } from "../errors.ts";
import { readWhole } from "../files/file_access.ts";
import { parseClassNames } from "../network/class_names.ts";
import {
  describeShape,
  parseSafetensors,
  type SafetensorsFile,
  type Tensor,
} from "../network/safetensors.ts";
import { numbersOf } from "../network/tensor_numbers.ts";
import { oneLine } from "../text/one_line.ts";
import type { ByteMeaning, Samples } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

const NAMES = ["x", "y", "lengths"];
const EXPECTED =
  "expected x [samples, …], y [samples] and, of sequences of unequal lengths, lengths [samples]";
const FORMS = "[samples, steps, channels], [samples, channels] or [samples, 1, rows, columns]";
const MOST_CLASSES = 256;

/**
 * Reads a file of samples.
 *
 * @throws {InputError} when it cannot be read, is damaged, or a tensor is missing, unknown, of a wrong shape or out of range.
 */
export async function readTensors(path: string): Promise<Samples> {
  return parseTensors(await readWhole(path), path);
}

/**
 * Takes a file of samples apart.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @returns The samples, copied into memory that threads can share; features after a sequence's end are any finite numbers.
 * @throws {InputError} as {@linkcode readTensors} does.
 */
export function parseTensors(bytes: Uint8Array, name: string): Samples {
  const file = parseSafetensors(bytes, name);
  // Other writers have a format too: `pt`, `np`, `tf`, `mlx`.
  if (file.metadata.format?.startsWith("spikelet")) {
    throw new InputError(
      `${name}: this is a model, not a data set: expected tensors x [samples, …] and y [samples]`,
    );
  }
  const tensors = byName(file, name);
  const x = tensorOf(tensors, name, "x");
  const { count, size, ...form } = formOf(x, name);
  const labels = labelsOf(tensorOf(tensors, name, "y"), count, name);
  const lengthsTensor = tensors.get("lengths");
  if (lengthsTensor && form.steps === undefined) {
    throw new InputError(`${name}: tensor lengths: x is ${describe(x)}, which has no steps: leave it out`);
  }
  const { steps = 1 } = form, bounds = { count, least: 1, most: steps };
  const lengths = lengthsTensor && new Uint32Array(sharedBuffer(4 * count));
  if (lengths) lengths.set(wholeNumbers(lengthsTensor, "lengths", bounds, name));
  const meaning = meaningOf(x, file, name);
  const classes = classesOf(file, labels, name);
  return {
    name,
    count,
    size,
    ...form,
    features: featuresOf(x, size, lengths?.map((length) => length * size / steps), name),
    ...(meaning && { bytes: meaning }),
    labels: sharedBytes(labels),
    labelsFrom: `${name}: tensor y`,
    ...(classes && { classes }),
    ...(lengths && { lengths }),
  };
}

/** The tensors by their names in small letters. */
function byName({ tensors }: SafetensorsFile, name: string): ReadonlyMap<string, Tensor> {
  const known = new Map<string, Tensor>();
  for (const [key, tensor] of tensors) {
    const small = key.toLowerCase();
    if (!NAMES.includes(small)) {
      throw new InputError(
        `${name}: tensor ${oneLine(key)}: unknown name; ${EXPECTED}: rename it, or leave it out`,
      );
    }
    if (known.has(small)) {
      throw new InputError(
        `${name}: tensor ${small}: it comes twice, with a capital and without: leave one out`,
      );
    }
    known.set(small, tensor);
  }
  return known;
}

function tensorOf(tensors: ReadonlyMap<string, Tensor>, name: string, key: string): Tensor {
  const tensor = tensors.get(key);
  if (!tensor) throw new InputError(`${name}: tensor ${key}: missing; ${EXPECTED}`);
  return tensor;
}

/** The form of the samples, from the shape of x. */
function formOf(x: Tensor, name: string): Pick<Samples, "count" | "size" | "steps" | "picture"> {
  const [count = 0, ...rest] = x.shape;
  const size = rest.reduce((product, extent) => product * extent, 1);
  const refusal = (advice: string) => new InputError(`${name}: tensor x: it is ${describe(x)}, ${advice}`);
  if (count === 0 || size === 0) throw refusal(`expected ${FORMS}, none of them 0`);
  switch (rest.length) {
    case 1:
      return { count, size };
    case 2:
      return { count, size, steps: rest[0]! };
    case 3: {
      const [first = 0, second = 0, third = 0] = rest;
      if (first === 1) return { count, size, picture: { rows: second, columns: third } };
      if (third === 1) return { count, size, picture: { rows: first, columns: second } };
      const advice = `expected one channel, [samples, 1, rows, columns]; or reshape it to [samples, ${size}]`;
      throw refusal(`pictures of several channels: ${advice}`);
    }
    default:
      throw refusal(`expected ${FORMS}: reshape it`);
  }
}

/** The file's meaning of bytes; booleans are numbers. */
function meaningOf({ dtype }: Tensor, { metadata }: SafetensorsFile, name: string): ByteMeaning | undefined {
  const { bytes } = metadata;
  if (bytes === undefined) return dtype === "BOOL" ? "numbers" : undefined;
  if (bytes === "numbers" || bytes === "pixels") return bytes;
  const found = oneLine(JSON.stringify(bytes));
  throw new InputError(`${name}: metadata.bytes: ${found}: expected "numbers" or "pixels"`);
}

/**
 * Bytes or numbers, in memory that threads can share.
 *
 * @param ends How many values of each sample count; all where it is not given.
 */
function featuresOf(
  x: Tensor,
  size: number,
  ends: Uint32Array | undefined,
  name: string,
): Uint8Array | Float32Array {
  const values = numbersOf(x);
  if (values instanceof Uint8Array) return sharedBytes(values);
  const features = new Float32Array(sharedBuffer(4 * values.length));
  features.set(values);
  for (let from = 0; from < features.length;) {
    const wrong = from + features.subarray(from).findIndex((value) => !Number.isFinite(value));
    if (wrong < from) break;
    const sample = Math.floor(wrong / size), place = wrong % size;
    if (place < (ends?.[sample] ?? size)) {
      throw new InputError(
        `${name}: tensor x: value ${place} of sample ${sample} is ${values[wrong]}, ` +
          "expected a finite number that float32 holds",
      );
    }
    from = (sample + 1) * size;
    features.fill(0, wrong, from); // ignored, but finite is safer
  }
  return features;
}

/** Labels, one a sample, or a row a sample in which the label's place alone is 1. */
function labelsOf(y: Tensor, count: number, name: string): readonly number[] {
  const [, classes = 1] = y.shape;
  if (y.shape.length !== 2 || y.shape[0] !== count || classes < 2) {
    return wholeNumbers(y, "y", { count, least: 0, most: MOST_CLASSES - 1 }, name);
  }
  const rows = numbersOf(y);
  return Array.from({ length: count }, (_, sample) => {
    const row = Array.from(rows.subarray(sample * classes, (sample + 1) * classes));
    const label = row.indexOf(1);
    if (label < 0 || label >= MOST_CLASSES || row.some((value, i) => value !== (i === label ? 1 : 0))) {
      const found = oneLine(`[${row.slice(0, 8).join(", ")}${classes > 8 ? ", …" : ""}]`);
      throw new InputError(
        `${name}: tensor y: row ${sample} of ${
          describe(y)
        } is ${found}: expected a label a sample, [${count}], ` +
          `or rows in which one of up to ${MOST_CLASSES} classes is 1 and the others are 0`,
      );
    }
    return label;
  });
}

/** Whole numbers, one a sample, from `least` to `most`. */
function wholeNumbers(
  tensor: Tensor,
  key: string,
  { count, least, most }: { readonly count: number; readonly least: number; readonly most: number },
  name: string,
): readonly number[] {
  const [first, second = 1] = tensor.shape;
  if (tensor.shape.length < 1 || tensor.shape.length > 2 || first !== count || second !== 1) {
    throw new InputError(
      `${name}: tensor ${key}: it is ${describe(tensor)}, expected [${count}], one a sample`,
    );
  }
  const numbers = Array.from(numbersOf(tensor));
  const wrong = numbers.findIndex((value) => !(Number.isInteger(value) && value >= least && value <= most));
  if (wrong >= 0) {
    throw new InputError(
      `${name}: tensor ${key}: ${numbers[wrong]} at ${wrong}, expected a whole number, ${least} to ${most}`,
    );
  }
  return numbers;
}

/** The file's class names. @throws {InputError} when they are invalid, or a label has no name. */
function classesOf(
  { metadata }: SafetensorsFile,
  labels: readonly number[],
  name: string,
): readonly string[] | undefined {
  if (metadata.classes === undefined) return undefined;
  const classes = parseClassNames(metadata.classes, `${name}: metadata.classes`);
  const unnamed = labels.findIndex((label) => label >= classes.length);
  if (unnamed < 0) return classes;
  const found = `${labels[unnamed]} at ${unnamed}, but metadata.classes has ${classes.length} names`;
  throw new InputError(`${name}: tensor y: ${found}: expected 0 to ${classes.length - 1}`);
}

/** A copy in memory that threads can share. */
function sharedBytes(values: ArrayLike<number>): Uint8Array {
  const copy = new Uint8Array(sharedBuffer(values.length));
  copy.set(values);
  return copy;
}

function describe({ dtype, shape }: Tensor): string {
  return `${dtype} ${describeShape(shape)}`;
}
