/**
 * Reads and writes safetensors, the file format of the weights: a little-endian uint64 with the header's length, a JSON
 * header (name → dtype, shape, data_offsets; `__metadata__`: strings), then the tensors' bytes, little-endian and row-major
 * (https://github.com/huggingface/safetensors).
 *
 * Pure: bytes in, bytes out. Tensors have the machine's own byte order, which is little-endian wherever Deno, browsers and
 * WebAssembly run.
 */
import { InputError, OptionError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { oneLine } from "../text/one_line.ts";

/** The array of each type, by the type's name in the header. F16 and BF16 are bits, and BOOL is bytes: see `numbersOf`. */
interface Arrays {
  readonly F64: Float64Array;
  readonly F32: Float32Array;
  readonly F16: Uint16Array;
  readonly BF16: Uint16Array;
  readonly I64: BigInt64Array;
  readonly I32: Int32Array;
  readonly I16: Int16Array;
  readonly I8: Int8Array;
  readonly U64: BigUint64Array;
  readonly U32: Uint32Array;
  readonly U16: Uint16Array;
  readonly U8: Uint8Array;
  readonly BOOL: Uint8Array;
}

/** An element's type, by its name in the header. */
export type Dtype = keyof Arrays;

/** Numbers with a shape; `data.length` is the product of `shape` (1 for a scalar's empty shape). */
export type Tensor = {
  [Type in Dtype]: {
    /** The elements' type. */
    readonly dtype: Type;
    /** From the slowest dimension to the fastest. */
    readonly shape: readonly number[];
    /** The elements, row-major. */
    readonly data: Arrays[Type];
  };
}[Dtype];

/** The contents of a file. */
export interface SafetensorsFile {
  /** Free text under `__metadata__`. */
  readonly metadata: Record<string, string>;
  /** By name, in the order of their bytes in the file. */
  readonly tensors: Map<string, Tensor>;
}

/** A tensor's entry in the header; offsets count from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const BYTES: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};
const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
/** The header ends on a multiple of this, so that the first tensor is aligned for any type. */
const ALIGNMENT = 8;
/** Enough for some 100,000 tensors, and read in a second at worst. */
const LONGEST_HEADER = 10_000_000;

/**
 * Parses the bytes of a safetensors file. Checks all of it: the tensors must cover the data without gap or overlap.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @returns The metadata and tensors. A tensor is a view of `bytes` where its offset is aligned for its type, else a copy.
 * @throws {InputError} when the file is cut short or damaged, or a tensor's dtype is none of {@linkcode Tensor}'s.
 *
 * @example
 * ```ts
 * import { parseSafetensors, serializeSafetensors } from "./safetensors.ts";
 *
 * const bias = { dtype: "F32", shape: [2], data: Float32Array.of(0.5, -1) } as const;
 * const file = parseSafetensors(serializeSafetensors([["b1", bias]], { made: "by hand" }), "bias.safetensors");
 * console.log(file.tensors.get("b1")?.shape, file.metadata.made); // [ 2 ] by hand
 * ```
 */
export function parseSafetensors(bytes: Uint8Array, name: string): SafetensorsFile {
  const { metadata, entries, start } = parseSafetensorsHeader(bytes, bytes.length, name);
  return {
    metadata,
    tensors: new Map(entries.map((entry) => [
      entry.name,
      tensorOfBytes(entry, bytes.subarray(start + entry.begin, start + entry.end)),
    ])),
  };
}

/** What the beginning of a file says of it. */
export interface SafetensorsHeader {
  readonly metadata: Record<string, string>;
  /** In the order of their bytes. */
  readonly entries: readonly Entry[];
  /** Where the tensors' bytes begin. */
  readonly start: number;
}

/** Bytes in which every file's header lies. */
export const HEADER_ROOM = LENGTH_BYTES + LONGEST_HEADER;

/**
 * Parses the header of a file whose tensors are read later, piece by piece.
 *
 * @param bytes The file's beginning: {@linkcode HEADER_ROOM} bytes, or all of a shorter one.
 * @param size Bytes of the whole file.
 * @throws {InputError} as {@linkcode parseSafetensors} does.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, size: number, name: string): SafetensorsHeader {
  const { header, start } = parseHeader(bytes, name);
  const entries = Object.entries(header)
    .filter(([key]) => key !== METADATA)
    .map(([key, value]) => parseEntry(key, value, name))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, size - start, name);
  const metadata = parseMetadata(Object.hasOwn(header, METADATA) ? header[METADATA] : {}, name);
  return { metadata, entries, start };
}

/**
 * Serializes a safetensors file. The same tensors and metadata in the same order give the same bytes.
 *
 * @param tensors Name and tensor, in the order of the file.
 * @param metadata Free text for `__metadata__`; left out where it is empty.
 * @throws {OptionError} when a name comes twice or is `__metadata__`, or a tensor's data do not fill its shape.
 */
export function serializeSafetensors(
  tensors: Iterable<readonly [string, Tensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const all = [...tensors];
  // Joined by hand: an object would move names like "1" to the front.
  const fields = Object.keys(metadata).length === 0 ? [] : [`"${METADATA}":${JSON.stringify(metadata)}`];
  const names = new Set([METADATA]);
  let end = 0;
  for (const [name, { dtype, shape, data }] of all) {
    if (names.has(name)) throw new OptionError(`tensor ${name}: this name is taken; expected each name once`);
    if (!shape.every(isExtent) || elementsOf(shape) !== data.length) {
      throw new OptionError(
        `tensor ${name}: ${data.length} values do not fill its shape [${shape.join(", ")}]`,
      );
    }
    names.add(name);
    const begin = end;
    end += data.byteLength;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerLength = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(header, LENGTH_BYTES);
  bytes.fill(0x20, LENGTH_BYTES + header.length, LENGTH_BYTES + headerLength);
  let offset = LENGTH_BYTES + headerLength;
  for (const [, { data }] of all) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** Parses the header; the tensors' bytes begin at `start`. */
function parseHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < LENGTH_BYTES) {
    throw new InputError(
      `${name}: ${bytes.length} bytes, but a safetensors file has 10 or more: the file is cut short; fetch it again`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const most = Math.min(LONGEST_HEADER, bytes.length - LENGTH_BYTES);
  if (length > BigInt(most)) {
    throw new InputError(
      `${name}: its header is said to have ${length.toLocaleString("en-US")} bytes, expected at most ` +
        `${count(most)}: the file is cut short, or not a safetensors file`,
    );
  }
  const start = LENGTH_BYTES + Number(length);
  let text: string;
  let header: unknown;
  try {
    // Copied because a TextDecoder takes no shared memory everywhere.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes.slice(LENGTH_BYTES, start),
    );
    header = JSON.parse(text);
  } catch {
    throw new InputError(`${name}: its header is not JSON: the file is damaged, or not a safetensors file`);
  }
  if (!isRecord(header)) {
    throw new InputError(
      `${name}: its header is no JSON object: the file is damaged, or not a safetensors file`,
    );
  }
  const keys = checkKeys(text, name);
  return { header: keys.some(({ escaped }) => escaped) ? parseByNumber(text, keys) : header, start };
}

/** Checks one tensor's entry by itself. */
function parseEntry(key: string, value: unknown, name: string): Entry {
  if (!isRecord(value)) throw damaged(name, key, "its entry is no JSON object");
  const { dtype, shape, data_offsets: offsets, ...others } = value;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw damaged(name, key, `its entry has an unknown field ${oneLine(unknown)}`);
  if (!isDtype(dtype)) {
    throw new InputError(
      `${name}: tensor ${oneLine(key)}: its dtype is ${
        oneLine(JSON.stringify(dtype) ?? "undefined")
      }, expected one of ${Object.keys(BYTES).join(", ")}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isExtent)) {
    throw damaged(name, key, "its shape is no list of sizes");
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isExtent)) {
    throw damaged(name, key, "its data_offsets are not two positions");
  }
  const [begin = 0, end = 0] = offsets;
  const expected = elementsOf(shape) * BYTES[dtype];
  if (end - begin !== expected) {
    throw damaged(
      name,
      key,
      `its data_offsets span ${end - begin} bytes, but ${dtype} ${describeShape(shape)} takes ${expected}`,
    );
  }
  return { name: key, dtype, shape, begin, end };
}

/** Throws unless the entries, in the order of their offsets, follow one another from 0 to the end of the file. */
function checkCoverage(entries: readonly Entry[], length: number, name: string): void {
  let covered = 0;
  for (const { name: key, begin, end } of entries) {
    if (begin !== covered) {
      throw damaged(name, key, `it begins at ${begin}, expected ${covered}, where the one before it ends`);
    }
    covered = end;
  }
  if (covered !== length) {
    const fault = length < covered ? "the file is cut short" : "something was added to the file";
    throw new InputError(
      `${name}: ${count(length)} bytes of tensors, but its header promises ` +
        `${count(covered)}: ${fault}; fetch it again`,
    );
  }
}

function parseMetadata(value: unknown, name: string): Record<string, string> {
  if (!isRecord(value)) throw damaged(name, METADATA, "it is no JSON object");
  const pairs = Object.entries(value).map(([key, text]): [string, string] => {
    if (typeof text !== "string") throw damaged(name, METADATA, `the value of ${oneLine(key)} is no string`);
    return [key, text];
  });
  return Object.fromEntries(pairs);
}

/** Bytes of one of a type's elements. */
export function bytesOfType(dtype: Dtype): number {
  return BYTES[dtype];
}

/** A tensor of its bytes: in place if their offset allows, else copied. */
export function tensorOfBytes(
  { dtype, shape }: Pick<Entry, "dtype" | "shape">,
  own: Uint8Array,
): Tensor {
  const { buffer, byteOffset } = own.byteOffset % BYTES[dtype] === 0 ? own : own.slice();
  const count = elementsOf(shape);
  switch (dtype) {
    case "F64":
      return { dtype, shape, data: new Float64Array(buffer, byteOffset, count) };
    case "F32":
      return { dtype, shape, data: new Float32Array(buffer, byteOffset, count) };
    case "F16":
    case "BF16":
    case "U16":
      return { dtype, shape, data: new Uint16Array(buffer, byteOffset, count) };
    case "I64":
      return { dtype, shape, data: new BigInt64Array(buffer, byteOffset, count) };
    case "I32":
      return { dtype, shape, data: new Int32Array(buffer, byteOffset, count) };
    case "I16":
      return { dtype, shape, data: new Int16Array(buffer, byteOffset, count) };
    case "I8":
      return { dtype, shape, data: new Int8Array(buffer, byteOffset, count) };
    case "U64":
      return { dtype, shape, data: new BigUint64Array(buffer, byteOffset, count) };
    case "U32":
      return { dtype, shape, data: new Uint32Array(buffer, byteOffset, count) };
    case "U8":
    case "BOOL":
      return { dtype, shape, data: new Uint8Array(buffer, byteOffset, count) };
    default:
      return dtype satisfies never;
  }
}

/** A key of the header, and its range in the text, quotes included. */
interface Key {
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly escaped: boolean;
}

/**
 * Lists the header's keys. Throws where an object has a key twice, which `JSON.parse` would drop silently, or where objects
 * are nested deeper than in any header. `text` is valid JSON. (No regular expression: its stack overflows on long strings.)
 */
function checkKeys(text: string, name: string): Key[] {
  const all: Key[] = [];
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "{") {
      if (open.length === 2) {
        throw new InputError(`${name}: its header is nested too deeply: the file is damaged`);
      }
      open.push(new Set());
    } else if (char === "}") {
      open.pop();
    } else if (char === '"') {
      const begin = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
      let next = at + 1;
      while (" \t\r\n".includes(text[next] ?? ":")) next++;
      if (text[next] !== ":") continue; // a value
      const quoted = text.slice(begin, at + 1);
      const key = String(JSON.parse(quoted));
      const keys = open.at(-1);
      if (keys?.has(key)) throw damaged(name, key, "it comes twice");
      keys?.add(key);
      all.push({ key, from: begin, to: at + 1, escaped: quoted.includes("\\") });
    }
  }
  return all;
}

/**
 * Parses a header with keys numbered in the text, and names put back afterwards.
 *
 * For keys with an escape sequence in them: V8 13 to 15 take `"\n"` for `"\\"` in an object of a shape that it has met with
 * the latter (https://github.com/nodejs/node/issues/63785).
 */
function parseByNumber(text: string, keys: readonly Key[]): Record<string, unknown> {
  let numbered = "", end = 0;
  for (const [i, { from, to }] of keys.entries()) {
    numbered += `${text.slice(end, from)}"${i}"`;
    end = to;
  }
  const named = (value: unknown): unknown =>
    isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([i, part]) => [keys[Number(i)]!.key, named(part)]))
      : value;
  const header = named(JSON.parse(numbered + text.slice(end)));
  return isRecord(header) ? header : {};
}

function damaged(name: string, key: string, fault: string): InputError {
  return new InputError(
    `${name}: ${
      key === METADATA ? key : `tensor ${oneLine(key)}`
    }: ${fault}: the file is damaged; fetch it again`,
  );
}

/** A shape for a message, cut off, since a file may claim any number of dimensions. */
export function describeShape(shape: readonly number[]): string {
  return oneLine(`[${shape.join(", ")}]`);
}

/** The number of elements of a shape: 1 without dimensions (a scalar), 0 with a dimension of 0. */
function elementsOf(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, extent) => product * extent, 1);
}

function isExtent(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(BYTES, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
