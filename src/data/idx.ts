/**
 * Reads IDX, the format of MNIST's files: two zero bytes, the element's type, the number of dimensions, each dimension as a
 * big-endian uint32, then the elements in row-major order (http://yann.lecun.com/exdb/mnist). Elements here are uint8.
 *
 * Memory is reserved only for what a file really holds, whatever its header promises.
 */
import { count } from "../text/figures.ts";
import { InputError } from "../errors.ts";
import { readError, sizeOfFile } from "../files/file_access.ts";
import { InflateError } from "./inflate_error.ts";
import { sharedBuffer } from "./shared_memory.ts";

/** An array of bytes. */
export interface Idx {
  /** From the slowest dimension to the fastest, such as `[60000, 28, 28]`. */
  readonly shape: readonly number[];
  /** The elements in row-major order: a view of the file's bytes. */
  readonly data: Uint8Array;
}

/** The header of a file. */
interface Header {
  readonly shape: readonly number[];
  /** Bytes before the first element. */
  readonly length: number;
  /** Bytes of the whole file. */
  readonly total: number;
}

const UINT8 = 0x08;
const TYPES = new Map([
  [UINT8, "uint8"],
  [0x09, "int8"],
  [0x0b, "int16"],
  [0x0c, "int32"],
  [0x0d, "float32"],
  [0x0e, "float64"],
]);
const MOST_DIMENSIONS = 8;
const LONGEST_HEADER = 4 + 4 * MOST_DIMENSIONS;
/** The most bytes that typed arrays of every runtime can hold; the largest file of MNIST's family (EMNIST) has a quarter of it. */
const LARGEST_FILE = 2 ** 31 - 1;
/** Larger pieces read no faster (22 ms for 47 MB, from the page cache) and take more memory. */
const PIECE = 1 << 20;
/** Deflate cannot shrink data more than 1 : 1032, so a gzip file that promises more is damaged. */
const DEFLATE_RATIO = 1032;

/**
 * Reads an IDX file that is in memory.
 *
 * @param bytes The whole file.
 * @param name Its name in messages.
 * @returns The shape, and a view of the elements.
 * @throws {InputError} when the file is empty, cut short, too long, not IDX, or its elements are not uint8.
 *
 * @example
 * ```ts
 * import { parseIdx } from "./idx.ts";
 *
 * const { shape, data } = parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9), "labels");
 * console.log(shape, data); // [ 2 ] Uint8Array(2) [ 7, 9 ]
 * ```
 */
export function parseIdx(bytes: Uint8Array, name: string): Idx {
  const { shape, length, total } = parseHeader(bytes, name);
  checkLength(bytes.length, total, name);
  return { shape, data: bytes.subarray(length) };
}

/**
 * Reads an IDX file from a disk, inflating it if it is gzip. The data are backed by a `SharedArrayBuffer` where the runtime
 * has one, and are never held twice.
 *
 * @param path The file; gzip is recognised by its first bytes, and expected where the name ends in `.gz`.
 * @returns The shape and the elements.
 * @throws {InputError} when the file cannot be read, is damaged gzip, or is not what {@linkcode parseIdx} accepts.
 */
export async function readIdx(path: string): Promise<Idx> {
  const size = await sizeOfFile(path);
  try {
    using file = await Deno.open(path);
    const start = new Uint8Array(Math.min(size, LONGEST_HEADER));
    fill(file, start, path);
    file.seekSync(0, Deno.SeekMode.Start);
    const isPacked = startsAsGzip(start);
    if (!isPacked && path.endsWith(".gz")) {
      const found = hex(start.subarray(0, 2)), advice = "fetch it again or drop .gz from its name";
      throw new InputError(`${path}: starts with ${found}, expected 1f 8b: this is not gzip; ${advice}`);
    }
    const bytes = isPacked ? await inflate(file.readable, path, size) : readWhole(file, start, path, size);
    return parseIdx(bytes, path);
  } catch (error) {
    throw readError(error, path);
  }
}

/**
 * Reads an IDX file that a browser has fetched or a user has picked, inflating it if it is gzip.
 *
 * @param file Its bytes; gzip is recognised by the first ones, for servers may have inflated it on the way.
 * @param name Its name in messages.
 * @returns The shape and the elements.
 * @throws {InputError} when it is damaged gzip, or not what {@linkcode parseIdx} accepts.
 */
export async function readIdxBlob(file: Blob, name: string): Promise<Idx> {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (startsAsGzip(start)) return parseIdx(await inflate(file.stream(), name, file.size), name);
  if (file.size > LARGEST_FILE) {
    throw new InputError(`${name}: ${count(file.size)} bytes, expected at most ${count(LARGEST_FILE)}`);
  }
  return parseIdx(new Uint8Array(await file.arrayBuffer()), name);
}

/** Reads the header from a file's first bytes (all of them, or {@linkcode LONGEST_HEADER} or more). */
function parseHeader(start: Uint8Array, name: string): Header {
  if (start.length === 0) throw new InputError(`${name}: empty; expected an IDX file; fetch it again`);
  if (start[0] !== 0 || (start.length > 1 && start[1] !== 0)) {
    const found = hex(start.subarray(0, 2));
    throw new InputError(
      `${name}: starts with ${found}, expected 00 00: this is not an IDX file; check the path`,
    );
  }
  const [, , type, dimensions] = start;
  if (type === undefined || dimensions === undefined) {
    throw new InputError(
      `${name}: ${start.length} bytes, but an IDX header has 8 or more: the file is cut short; fetch it again`,
    );
  }
  if (type !== UINT8) {
    const found = TYPES.get(type) ?? "of an unknown type";
    throw new InputError(
      `${name}: its elements are ${found} (0x${hex([type])}), expected uint8 (0x08): convert it to bytes`,
    );
  }
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
    throw new InputError(
      `${name}: ${dimensions} dimensions, expected 1 to ${MOST_DIMENSIONS}: the header is damaged; fetch it again`,
    );
  }
  const length = 4 + 4 * dimensions;
  if (start.length < length) {
    throw new InputError(
      `${name}: ${start.length} bytes, but its header alone has ${length}: the file is cut short; fetch it again`,
    );
  }
  const view = new DataView(start.buffer, start.byteOffset, length);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const total = length + shape.reduce((product, extent) => product * extent, 1);
  if (total > LARGEST_FILE) {
    const found = `its header promises ${shape.join(" × ")} bytes`, most = count(LARGEST_FILE);
    throw new InputError(
      `${name}: ${found}, expected at most ${most} in all: the header is damaged; fetch it again`,
    );
  }
  return { shape, length, total };
}

/** Throws unless a file of `found` bytes is as long as its header promises. */
function checkLength(found: number, promised: number, name: string): void {
  if (found === promised) return;
  const fault = found < promised ? "the file is cut short" : "something was added to the file";
  throw new InputError(
    `${name}: ${count(found)} bytes, but its header promises ${count(promised)}: ${fault}; fetch it again`,
  );
}

/** Reads a plain file into shared memory, once its header and its size agree. */
function readWhole(file: Deno.FsFile, start: Uint8Array, path: string, size: number): Uint8Array {
  checkLength(size, parseHeader(start, path).total, path);
  const bytes = sharedBytes(size);
  fill(file, bytes, path);
  return bytes;
}

/** Fills `bytes` from a file's position on, by pieces: Deno does not promise to read into shared memory. */
function fill(file: Deno.FsFile, bytes: Uint8Array, path: string): void {
  const piece = new Uint8Array(Math.min(PIECE, bytes.length));
  for (let filled = 0; filled < bytes.length;) {
    const read = file.readSync(piece.subarray(0, bytes.length - filled));
    if (read === null) throw new InputError(`${path}: it became shorter while it was read; try again`);
    bytes.set(piece.subarray(0, read), filled);
    filled += read;
  }
}

/** Inflates a gzip file of `size` bytes into shared memory, and stops it where it exceeds what its header promises. */
async function inflate(
  file: ReadableStream<Uint8Array<ArrayBuffer>>,
  path: string,
  size: number,
): Promise<Uint8Array> {
  let start = new Uint8Array(0);
  let bytes: Uint8Array | undefined;
  let filled = 0;
  const append = (to: Uint8Array, piece: Uint8Array) => {
    if (piece.length > to.length - filled) {
      const promised = `${count(to.length)} bytes that its header promises`;
      throw new InputError(`${path}: inflates to more than the ${promised}: fetch it again`);
    }
    to.set(piece, filled);
    filled += piece.length;
  };
  // Loaded on demand, because most files are not packed.
  const { gunzip } = await import("./inflate.ts");
  try {
    for await (const piece of gunzip(file)) {
      if (bytes === undefined) {
        start = Uint8Array.of(...start, ...piece);
        if (start.length < LONGEST_HEADER) continue;
        bytes = sharedBytes(inflatedLength(start, path, size));
        append(bytes, start);
      } else {
        append(bytes, piece);
      }
    }
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    throw new InputError(`${path}: ${error.message}; fetch it again`);
  }
  if (bytes !== undefined) return bytes.subarray(0, filled);
  const short = sharedBytes(start.length);
  short.set(start);
  return short;
}

/** The length by the header of an inflated file. @throws {InputError} when `size` bytes of gzip cannot inflate to it. */
function inflatedLength(start: Uint8Array, path: string, size: number): number {
  const { total } = parseHeader(start, path);
  if (total > size * DEFLATE_RATIO) {
    throw new InputError(
      `${path}: ${count(size)} bytes of gzip, but its header promises ${count(total)}: ` +
        "the file is cut short or damaged; fetch it again",
    );
  }
  return total;
}

/** Bytes that threads can share, where the runtime has such. */
function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(sharedBuffer(length));
}

function startsAsGzip([first, second]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b;
}

function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
