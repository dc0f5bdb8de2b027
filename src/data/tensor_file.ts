/**
 * Samples from a safetensors file: numbers of any kind, such as sequences of events that were recorded elsewhere.
 *
 *     x        [samples, steps, channels]                  sequences
 *              [samples, channels]                         numbers without steps
 *              [samples, channels, rows, columns]          pictures; of one channel also [samples, rows, columns, 1]
 *              [samples, steps, channels, rows, columns]   sequences of pictures
 *     y        [samples]   classes from 0 to 255; also [samples, 1], or [samples, classes] of which one is 1
 *     lengths  [samples]   of sequences of unequal lengths: 1 to `steps`; the rest is ignored
 *
 * Each of any type: whole numbers, floats, which become float32, or booleans. U8 of sequences are numbers as they are; all other U8
 * are pixels, 0 to 255, unless the metadata's `bytes` says `numbers` or `pixels`. Names may have capitals. The metadata's `classes`
 * may name the classes: a list in JSON such as `["jab", "hook"]`, whose entry n is the name of label n. Colours that come last, as in
 * [samples, 32, 32, 3], are refused, unless the metadata's `layout` is `channels-first`: then these are 32 channels of 32 × 3.
 */
import { InputError } from "../errors.ts";
import { readBeginning, reading, readWhole, sizeOfFile } from "../files/file_access.ts";
import { parseClassNames } from "../network/class_names.ts";
import {
  bytesOfType,
  describeShape,
  HEADER_ROOM,
  parseSafetensors,
  parseSafetensorsHeader,
  type Tensor,
  tensorOfBytes,
} from "../network/safetensors.ts";
import { numbersOf } from "../network/tensor_numbers.ts";
import { oneLine } from "../text/one_line.ts";
import { type DenseFeatures, EventCollector, type Events } from "./events.ts";
import type { ByteMeaning, PictureSize, Samples } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

const NAMES = ["x", "y", "lengths"];
const EXPECTED =
  "expected x [samples, …], y [samples] and, of sequences of unequal lengths, lengths [samples]";
const FORMS = "[samples, channels], [samples, steps, channels], [samples, channels, rows, columns] " +
  "or [samples, steps, channels, rows, columns]";
const MOST_CLASSES = 256;

/** Red, green and blue. */
const COLOURS = 3;

/** A larger file is read sample by sample, since it may have few numbers that are not 0. */
const WHOLE = 2 ** 25;

/** Bytes of samples that are read at a time. */
const PIECE = 2 ** 22;

/** The largest share of numbers that are not 0 at which sequences are kept as events: a fifth to a third of the memory, and faster. */
const FEW = 0.1;

/** The tensor x, whose numbers are read sample by sample. */
interface SampleTensor {
  readonly dtype: Tensor["dtype"];
  readonly shape: readonly number[];
  /** Bytes of some samples; they may be overwritten by the next call. */
  read(first: number, count: number): Uint8Array;
}

/** A file's tensors: x, and the others by their names in small letters. */
interface SampleFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly x: SampleTensor;
  readonly others: ReadonlyMap<string, Tensor>;
}

/**
 * Reads a file of samples.
 *
 * @throws {InputError} when it cannot be read, is damaged, or a tensor is missing, unknown, of a wrong shape or out of range.
 */
export async function readTensors(path: string): Promise<Samples> {
  const size = await sizeOfFile(path);
  if (size <= WHOLE) return parseTensors(await readWhole(path), path);
  const { metadata, entries, start } = parseSafetensorsHeader(
    await readBeginning(path, HEADER_ROOM),
    size,
    path,
  );
  checkFormat(metadata, path);
  using file = await reading(path, () => Deno.open(path));
  const bytesAt = (at: number, into: Uint8Array) => {
    file.seekSync(at, Deno.SeekMode.Start);
    for (let length = 0; length < into.length;) {
      const read = file.readSync(into.subarray(length));
      if (read === null) {
        throw new InputError(`${path}: it has become shorter while it was read: fetch it again`);
      }
      length += read;
    }
    return into;
  };
  const named = byName(entries.map((entry) => [entry.name, entry]), path), x = namedOf(named, path, "x");
  const others = [...named].filter(([, entry]) => entry !== x).map(([key, entry]): [string, Tensor] => [
    key,
    tensorOfBytes(entry, bytesAt(start + entry.begin, new Uint8Array(entry.end - entry.begin))),
  ]);
  const sampleBytes = (x.end - x.begin) / (x.shape[0] || 1);
  let room = new Uint8Array();
  return samplesOf({
    metadata,
    x: {
      ...x,
      read(first, count) {
        if (room.length < count * sampleBytes) room = new Uint8Array(count * sampleBytes);
        return bytesAt(start + x.begin + first * sampleBytes, room.subarray(0, count * sampleBytes));
      },
    },
    others: new Map(others),
  }, path);
}

/**
 * Takes a file of samples apart.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @returns The samples, copied into memory that threads can share: sequences in which few numbers are not 0 as events. What comes after a
 * sequence's end is any finite numbers, and no events.
 * @throws {InputError} as {@linkcode readTensors} does.
 */
export function parseTensors(bytes: Uint8Array, name: string): Samples {
  const { metadata, tensors } = parseSafetensors(bytes, name);
  checkFormat(metadata, name);
  const others = new Map(byName(tensors, name)), { dtype, shape, data } = namedOf(others, name, "x");
  const whole = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const sampleBytes = whole.length / (shape[0] || 1);
  const read = (first: number, count: number) =>
    whole.subarray(first * sampleBytes, (first + count) * sampleBytes);
  return samplesOf({ metadata, x: { dtype, shape, read }, others }, name);
}

/** Other writers have a format too: `pt`, `np`, `tf`, `mlx`. @throws {InputError} when the file is a model. */
function checkFormat({ format }: Readonly<Record<string, string>>, name: string): void {
  if (format?.startsWith("spikelet")) {
    throw new InputError(
      `${name}: this is a model, not a data set: expected tensors x [samples, …] and y [samples]`,
    );
  }
}

function samplesOf({ metadata, x, others }: SampleFile, name: string): Samples {
  const { count, size, ...form } = formOf(x, metadata, name);
  const labels = labelsOf(namedOf(others, name, "y"), count, name);
  const lengthsTensor = others.get("lengths");
  if (lengthsTensor && form.steps === undefined) {
    throw new InputError(`${name}: tensor lengths: x is ${describe(x)}, which has no steps: leave it out`);
  }
  const { steps = 1 } = form, bounds = { count, least: 1, most: steps };
  const lengths = lengthsTensor && new Uint32Array(sharedBuffer(4 * count));
  if (lengths) lengths.set(wholeNumbers(lengthsTensor, "lengths", bounds, name));
  const meaning = meaningOf(x, metadata, name);
  const classes = classesOf(metadata, labels, name);
  const shape = { count, size, ends: lengths?.map((length) => length * size / steps) };
  const events = form.steps !== undefined && meaning !== "pixels"
    ? eventsOfTensor(x, shape, steps, name)
    : undefined;
  return {
    name,
    count,
    size,
    ...form,
    features: events ?? featuresOf(x, shape, name),
    ...(meaning && { bytes: meaning }),
    labels: sharedBytes(labels),
    labelsFrom: `${name}: tensor y`,
    ...(classes && { classes }),
    ...(lengths && { lengths }),
  };
}

/** What has names, by these in small letters. */
function byName<Named>(all: Iterable<readonly [string, Named]>, name: string): ReadonlyMap<string, Named> {
  const known = new Map<string, Named>();
  for (const [key, tensor] of all) {
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

function namedOf<Named>(all: ReadonlyMap<string, Named>, name: string, key: string): Named {
  const tensor = all.get(key);
  if (!tensor) throw new InputError(`${name}: tensor ${key}: missing; ${EXPECTED}`);
  return tensor;
}

/** The form of the samples, from the shape of x. */
function formOf(
  x: SampleTensor,
  { layout }: Readonly<Record<string, string>>,
  name: string,
): Pick<Samples, "count" | "size" | "steps" | "picture" | "frame"> {
  const [count = 0, ...rest] = x.shape;
  const size = rest.reduce((product, extent) => product * extent, 1);
  const refusal = (advice: string) => new InputError(`${name}: tensor x: it is ${describe(x)}, ${advice}`);
  if (layout !== undefined && layout !== "channels-first") {
    const found = oneLine(JSON.stringify(layout));
    throw new InputError(`${name}: metadata.layout: ${found}: expected "channels-first"`);
  }
  if (count === 0 || size === 0) throw refusal(`expected ${FORMS}, none of them 0`);
  const pictureOf = (first = 0, second = 0, third = 0): PictureSize => {
    if (first === 1) return { rows: second, columns: third };
    if (third === 1) return { rows: first, columns: second };
    if (layout === undefined && third === COLOURS && first > COLOURS && second > COLOURS) {
      throw refusal(
        `whose colours seem to come last: expected [samples, channels, rows, columns]: transpose it, or, ` +
          'where it is in this order, set metadata.layout to "channels-first"',
      );
    }
    return { rows: second, columns: third, channels: first };
  };
  switch (rest.length) {
    case 1:
      return { count, size };
    case 2:
      return { count, size, steps: rest[0]! };
    case 3:
      return { count, size, picture: pictureOf(...rest) };
    case 4:
      return { count, size, steps: rest[0]!, frame: pictureOf(...rest.slice(1)) };
    default:
      throw refusal(`expected ${FORMS}: reshape it`);
  }
}

/** The file's meaning of bytes; booleans are numbers. */
function meaningOf(
  { dtype }: SampleTensor,
  { bytes }: Readonly<Record<string, string>>,
  name: string,
): ByteMeaning | undefined {
  if (bytes === undefined) return dtype === "BOOL" ? "numbers" : undefined;
  if (bytes === "numbers" || bytes === "pixels") return bytes;
  const found = oneLine(JSON.stringify(bytes));
  throw new InputError(`${name}: metadata.bytes: ${found}: expected "numbers" or "pixels"`);
}

/** How many samples there are, numbers of each, and, of unequal lengths, how many of these count. */
interface SampleShape {
  readonly count: number;
  readonly size: number;
  readonly ends: Uint32Array | undefined;
}

/** The numbers of all samples, in order, some samples at a time. */
function* piecesOf(x: SampleTensor, { count, size }: SampleShape) {
  const { dtype } = x, together = Math.max(1, Math.floor(PIECE / (size * bytesOfType(dtype))));
  for (let first = 0; first < count; first += together) {
    const samples = Math.min(together, count - first);
    const numbers = numbersOf(tensorOfBytes({ dtype, shape: [samples * size] }, x.read(first, samples)));
    for (let i = 0; i < samples; i++) {
      yield { sample: first + i, numbers: numbers.subarray(i * size, (i + 1) * size) };
    }
  }
}

/** Whether numbers of a type are bytes, as `numbersOf` gives them. */
function givesBytes({ dtype }: SampleTensor): boolean {
  return dtype === "U8" || dtype === "BOOL";
}

/** Sequences as events; undefined where these would be too many. */
function eventsOfTensor(
  x: SampleTensor,
  shape: SampleShape,
  steps: number,
  name: string,
): Events | undefined {
  const { count, size, ends } = shape, channels = size / steps;
  const collector = new EventCollector(count * steps, channels, givesBytes(x));
  for (const { sample, numbers } of piecesOf(x, shape)) {
    const end = ends?.[sample] ?? size, wrong = collector.add(numbers.subarray(0, end), channels);
    if (wrong >= 0) throw notFinite(name, sample, wrong, numbers[wrong]!);
    collector.addEmpty((size - end) / channels);
    // A few samples may have more than all together.
    if (collector.length > FEW * size * Math.max(sample + 1, count / 8)) return undefined;
  }
  return collector.length <= FEW * count * size ? collector.events() : undefined;
}

/** Bytes or numbers, in memory that threads can share. */
function featuresOf(x: SampleTensor, shape: SampleShape, name: string): DenseFeatures {
  const { count, size, ends } = shape;
  const features = givesBytes(x)
    ? new Uint8Array(sharedBuffer(count * size))
    : new Float32Array(sharedBuffer(4 * count * size));
  for (const { sample, numbers } of piecesOf(x, shape)) {
    const own = features.subarray(sample * size, (sample + 1) * size);
    own.set(numbers);
    if (own instanceof Uint8Array) continue;
    const wrong = own.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) continue;
    if (wrong < (ends?.[sample] ?? size)) throw notFinite(name, sample, wrong, numbers[wrong]!);
    own.fill(0, wrong); // ignored, but finite is safer
  }
  return features;
}

function notFinite(name: string, sample: number, place: number, value: number): InputError {
  return new InputError(
    `${name}: tensor x: value ${place} of sample ${sample} is ${value}, expected a finite number that float32 holds`,
  );
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
  metadata: Readonly<Record<string, string>>,
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

function describe({ dtype, shape }: Pick<Tensor, "dtype" | "shape">): string {
  return `${dtype} ${describeShape(shape)}`;
}
