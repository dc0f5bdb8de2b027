/**
 * Samples from a safetensors file: numbers of any kind, such as sequences of events that were recorded elsewhere.
 *
 *     x        [samples, steps, channels] or [samples, channels]    F32, taken as they are; or U8, pixels
 *     y        [samples]                                            I64, I32 or U8: classes from 0 to 255
 *     lengths  [samples], of sequences of unequal lengths           I64 or I32: 1 to `steps`; what lies behind is not read
 *
 * Its metadata may name the classes: `classes`, a list in JSON such as `["jab", "hook"]`, whose entry n is the name of label n.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { readWhole } from "../file_access.ts";
import { parseClassNames } from "../network/class_names.ts";
import { parseSafetensors, type SafetensorsFile, type Tensor } from "../network/safetensors.ts";
import type { Samples } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

const NAMES = ["x", "y", "lengths"];

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
 * @param name What messages call it.
 * @returns The samples, copied into memory that threads can share.
 * @throws {InputError} as {@linkcode readTensors} does.
 */
export function parseTensors(bytes: Uint8Array, name: string): Samples {
  const file = parseSafetensors(bytes, name);
  if (file.metadata.format !== undefined) {
    throw new InputError(
      `${name}: this is a model, not a data set: expected tensors x [samples, …] and y [samples]`,
    );
  }
  const unknown = [...file.tensors.keys()].find((key) => !NAMES.includes(key));
  if (unknown !== undefined) {
    throw new InputError(`${name}: tensor ${unknown}: nothing is known of it; expected ${NAMES.join(", ")}`);
  }
  const x = tensorOf(file, name, "x");
  const [count = 0, ...rest] = x.shape;
  const size = rest.reduce((product, extent) => product * extent, 1);
  if (rest.length < 1 || rest.length > 2 || count === 0 || size === 0) {
    throw new InputError(
      `${name}: tensor x: it is ${
        describe(x)
      }, expected [samples, steps, channels] or [samples, channels], none of them 0`,
    );
  }
  const steps = rest.length === 2 ? rest[0] : undefined;
  const labels = whole(file, name, "y", count, 0, 255, Uint8Array);
  const lengths = file.tensors.has("lengths")
    ? whole(file, name, "lengths", count, 1, steps ?? 0, Uint32Array)
    : undefined;
  const classes = file.metadata.classes === undefined
    ? undefined
    : parseClassNames(file.metadata.classes, `${name}: metadata.classes`);
  const unnamed = classes ? labels.findIndex((label) => label >= classes.length) : -1;
  if (classes && unnamed >= 0) {
    throw new InputError(
      `${name}: tensor y: ${
        labels[unnamed]
      } at ${unnamed}, but metadata.classes has ${classes.length} names: ` +
        `expected 0 to ${classes.length - 1}`,
    );
  }
  return {
    name,
    count,
    size,
    ...(steps !== undefined && { steps }),
    features: features(x, name),
    labels,
    labelsFrom: `${name}: tensor y`,
    ...(classes && { classes }),
    ...(lengths && { lengths }),
  };
}

/** Pixels or numbers, in memory that threads can share. */
function features(x: Tensor, name: string): Uint8Array | Float32Array {
  switch (x.dtype) {
    case "U8":
      return copied(Uint8Array, x.data);
    case "F32": {
      const wrong = x.data.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) {
        throw new InputError(
          `${name}: tensor x: value ${wrong} is ${x.data[wrong]}, expected a finite number`,
        );
      }
      return copied(Float32Array, x.data);
    }
    case "F64":
    case "I64":
    case "I32":
    case "I8":
      throw new InputError(`${name}: tensor x: it is ${describe(x)}, expected F32 (numbers) or U8 (pixels)`);
    default:
      return x satisfies never;
  }
}

/** Whole numbers, one a sample, from `least` to `most`. */
function whole<Numbers extends Uint8Array | Uint32Array>(
  file: SafetensorsFile,
  name: string,
  key: string,
  count: number,
  least: number,
  most: number,
  type: TypedArray<Numbers>,
): Numbers {
  const tensor = tensorOf(file, name, key);
  const kinds: readonly string[] = ["I64", "I32", "U8"];
  if (!kinds.includes(tensor.dtype) || tensor.shape.length !== 1 || tensor.shape[0] !== count) {
    throw new InputError(
      `${name}: tensor ${key}: it is ${describe(tensor)}, expected I64, I32 or U8 [${count}], one a sample`,
    );
  }
  const numbers = Array.from(tensor.data, Number);
  const wrong = numbers.findIndex((value) => !(value >= least && value <= most));
  if (wrong >= 0) {
    throw new InputError(
      most < least
        ? `${name}: tensor ${key}: x is ${
          describe(tensorOf(file, name, "x"))
        }, which has no steps: leave it out`
        : `${name}: tensor ${key}: ${numbers[wrong]} at ${wrong}, expected ${least} to ${most}`,
    );
  }
  return copied(type, numbers);
}

/** The constructor of an array over a buffer. */
interface TypedArray<Numbers> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike): Numbers & { set(values: ArrayLike<number>): void };
}

function copied<Numbers>(type: TypedArray<Numbers>, values: ArrayLike<number>): Numbers {
  const copy = new type(sharedBuffer(values.length * type.BYTES_PER_ELEMENT));
  copy.set(values);
  return copy;
}

function tensorOf(file: SafetensorsFile, name: string, key: string): Tensor {
  const tensor = file.tensors.get(key);
  if (!tensor) {
    throw new InputError(`${name}: tensor ${key}: missing; expected x [samples, …] and y [samples]`);
  }
  return tensor;
}

function describe({ dtype, shape }: Tensor): string {
  return `${dtype} [${shape.join(", ")}]`;
}
