/** Filters of chunks: gzip, shuffle, Fletcher's checksum, and h5py's LZF. */
import { inflateZlib } from "../../data/inflate.ts";
import { InflateError } from "../../data/inflate_error.ts";
import { type Bytes, DamagedHdf5, OtherHdf5 } from "./bytes.ts";

/** Undoes a filter. @param most The most bytes that come out. @param size Bytes of an element. */
type Undo = (packed: Uint8Array, most: number, size: number) => Uint8Array;

const FILTERS: ReadonlyMap<number, Undo> = new Map([
  [1, (packed, most) => inflate(packed, most)],
  [2, (packed, _, size) => unshuffle(packed, size)],
  [3, (packed) => checkSum(packed)],
  [32_000, (packed, most) => expandLzf(packed, most)],
]);

/** Reads a pipeline message: numbers of filters, in the order in which they were applied. */
export function readFilters(file: Bytes, at: number): number[] {
  const version = file.u8(at), count = file.u8(at + 1);
  if (version !== 1) throw new OtherHdf5(`filters of version ${version}`);
  const filters: number[] = [];
  let place = at + 8;
  for (let i = 0; i < count; i++) {
    const filter = file.u16(place), name = file.u16(place + 2), values = file.u16(place + 6);
    if (!FILTERS.has(filter)) throw new OtherHdf5(`filter ${filter}`);
    filters.push(filter);
    place += 8 + 8 * Math.ceil(name / 8) + 8 * Math.ceil(values / 2);
  }
  return filters;
}

/**
 * Undoes the filters of a chunk.
 *
 * @param mask Bit i set: filter i was left out.
 * @param length Bytes of the whole chunk.
 * @throws {DamagedHdf5} when there are other than these.
 */
export function undoFilters(
  chunk: Uint8Array,
  filters: readonly number[],
  mask: number,
  length: number,
  size: number,
): Uint8Array {
  let bytes = chunk;
  for (let i = filters.length - 1; i >= 0; i--) {
    // A checksum's four bytes may stand behind.
    if ((mask >>> i & 1) === 0) bytes = FILTERS.get(filters[i]!)!(bytes, length + 4, size);
  }
  if (bytes.length !== length) {
    throw new DamagedHdf5(`a chunk has ${bytes.length} bytes: expected ${length}`);
  }
  return bytes;
}

function inflate(packed: Uint8Array, most: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for (const piece of inflateZlib([packed])) {
      length += piece.length;
      if (length > most) throw new DamagedHdf5(`a chunk has more than the ${most} bytes that are expected`);
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof InflateError) throw new DamagedHdf5(error.message);
    throw error;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The bytes of elements, which lie apart: all first ones, all second ones, … */
function unshuffle(shuffled: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(shuffled.length / size), bytes = shuffled.slice();
  for (let byte = 0; byte < size; byte++) {
    for (let i = 0; i < count; i++) bytes[i * size + byte] = shuffled[byte * count + i]!;
  }
  return bytes;
}

/** Fletcher's sums of big-endian pairs of bytes; the checksum stands behind them. */
function checkSum(bytes: Uint8Array): Uint8Array {
  const data = bytes.subarray(0, bytes.length - 4);
  let one = 0, two = 0;
  for (let i = 0; i < data.length; i += 2) {
    one = (one + (data[i]! << 8 | (data[i + 1] ?? 0))) % 65_535;
    two = (two + one) % 65_535;
  }
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(data.length);
  if (bytes.length < 4 || (a | b << 8) % 65_535 !== one || (c | d << 8) % 65_535 !== two) {
    throw new DamagedHdf5("a chunk's checksum is wrong");
  }
  return data;
}

/** LibLZF: runs of bytes as they are, and copies of what came up to 8 KiB before. */
function expandLzf(packed: Uint8Array, most: number): Uint8Array {
  const bytes = new Uint8Array(most);
  let at = 0, length = 0;
  const next = () => {
    if (at >= packed.length) throw new DamagedHdf5("a chunk's LZF data are cut short");
    return packed[at++]!;
  };
  while (at < packed.length) {
    const control = next();
    let run: number, from: number | undefined;
    if (control < 32) {
      run = control + 1;
    } else {
      run = (control >> 5) + 2;
      if (run === 9) run += next();
      from = length - ((control & 31) << 8) - next() - 1;
    }
    if (length + run > most || (from !== undefined && from < 0)) {
      throw new DamagedHdf5("a chunk's LZF data are damaged");
    }
    for (let i = 0; i < run; i++) bytes[length++] = from === undefined ? next() : bytes[from + i]!;
  }
  return bytes.subarray(0, length);
}
