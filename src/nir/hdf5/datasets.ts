/** Datasets: compact, contiguous, or in chunks below a B-tree. */
import { type Bytes, Bytes as BytesOf, DamagedHdf5, decodeText, OtherHdf5 } from "./bytes.ts";
import { type Datatype, readDatatype } from "./datatype.ts";
import { readFilters, undoFilters } from "./filters.ts";
import { TREE_PREFIX } from "./groups.ts";
import { MESSAGE, type ObjectHeader } from "./object_header.ts";
import type { Dataset } from "./tree.ts";

const LAYOUT = { compact: 0, contiguous: 1, chunked: 2 } as const;
/** The largest ratio of deflate: what a file can hold at most. */
const RATIO = 1032;
/** Bytes beside those that are packed. */
const SPARE = 16;
/** More levels than a B-tree of this many chunks has. */
const MOST_LEVELS = 8;

/** Reads a dataset. @throws {DamagedHdf5} when the file is damaged. */
export function readDataset(file: Bytes, header: ObjectHeader): Dataset {
  const space = header.get(MESSAGE.dataspace), type = header.get(MESSAGE.datatype);
  const layout = header.get(MESSAGE.layout), filters = header.get(MESSAGE.filters);
  if (!space || !type || !layout) throw new DamagedHdf5("a dataset without shape, type or layout");
  const shape = readShape(file, space.at), datatype = readDatatype(file, type.at);
  const length = shape.reduce((product, extent) => product * extent, datatype.size);
  if (!(length <= RATIO * file.length)) {
    throw new DamagedHdf5(`its shape [${shape.join(", ")}] is more than a file of this size can hold`);
  }
  const version = file.u8(layout.at);
  if (version !== 3) throw new OtherHdf5(`a layout of version ${version}`);
  const kind = file.u8(layout.at + 1), place = layout.at + 2;
  let bytes: Uint8Array;
  switch (kind) {
    case LAYOUT.compact:
      bytes = exactly(file.part(place + 2, file.u16(place)), length);
      break;
    case LAYOUT.contiguous:
      bytes = length === 0
        ? new Uint8Array()
        : exactly(file.part(file.u64(place), file.u64(place + 8)), length);
      break;
    case LAYOUT.chunked:
      bytes = readChunks(file, place, shape, datatype.size, filters ? readFilters(file, filters.at) : []);
      break;
    default:
      throw new DamagedHdf5(`a layout of kind ${kind}`);
  }
  return { shape, ...elementsOf(file, bytes, datatype) };
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new DamagedHdf5(`it has ${bytes.length} bytes, but its shape takes ${length}`);
}

function readShape(file: Bytes, at: number): number[] {
  const version = file.u8(at), rank = file.u8(at + 1);
  if (version !== 1 && version !== 2) throw new DamagedHdf5(`a shape of version ${version}`);
  if (version === 2 && file.u8(at + 3) > 1) throw new DamagedHdf5("a shape without elements");
  if (rank > 32) throw new DamagedHdf5(`a shape of ${rank} dimensions`);
  const dimensions = at + (version === 1 ? 8 : 4);
  return Array.from({ length: rank }, (_, axis) => file.u64(dimensions + 8 * axis));
}

/** Joins chunks, of which those at an edge may reach over it. */
function readChunks(
  file: Bytes,
  at: number,
  shape: readonly number[],
  size: number,
  filters: readonly number[],
): Uint8Array {
  const axes = file.u8(at), root = file.u64(at + 1);
  const chunk = Array.from({ length: axes }, (_, axis) => file.u32(at + 9 + 4 * axis));
  if (axes !== shape.length + 1 || chunk.at(-1) !== size || chunk.includes(0)) {
    throw new DamagedHdf5(
      `chunks [${chunk.join(", ")}] of ${size}-byte elements of shape [${shape.join(", ")}]`,
    );
  }
  const length = chunk.reduce((product, extent) => product * extent, 1);
  if (!(length <= RATIO * file.length)) {
    throw new DamagedHdf5(`chunks [${chunk.join(", ")}] are larger than a file of this size can hold`);
  }
  const wanted = shape.reduce((product, extent, axis) => product * Math.ceil(extent / chunk[axis]!), 1);
  const chunks = chunksOf(file, root, axes), places = new Set<string>();
  if (chunks.length !== wanted) throw missing(chunks.length, wanted);
  const whole = new Uint8Array(shape.reduce((product, extent) => product * extent, size));
  for (const { key, address } of chunks) {
    const stored = file.u32(key), mask = file.u32(key + 4);
    if (length > RATIO * (stored + SPARE)) throw new DamagedHdf5(`${length} bytes cannot be in ${stored}`);
    const corner = shape.map((_, axis) => file.u64(key + 8 + 8 * axis));
    if (corner.some((place, axis) => place % chunk[axis]! !== 0 || place >= shape[axis]!)) {
      throw new DamagedHdf5(`a chunk at [${corner.join(", ")}] of shape [${shape.join(", ")}]`);
    }
    places.add(corner.join());
    const bytes = undoFilters(file.part(address, stored), filters, mask, length, size);
    copyChunk(bytes, chunk, whole, shape, corner, size);
  }
  if (places.size !== wanted) throw missing(places.size, wanted);
  return whole;
}

function missing(found: number, wanted: number): DamagedHdf5 {
  return new DamagedHdf5(`${found} of ${wanted} chunks are there: the file was not written to its end`);
}

/** Copies what of a chunk lies within the shape, row by row. */
function copyChunk(
  bytes: Uint8Array,
  chunk: readonly number[],
  whole: Uint8Array,
  shape: readonly number[],
  corner: readonly number[],
  size: number,
): void {
  const last = shape.length - 1;
  const extents = shape.map((extent, axis) => Math.min(chunk[axis]!, extent - corner[axis]!));
  const rows = extents.slice(0, last).reduce((product, extent) => product * extent, 1);
  const row = (extents[last] ?? 1) * size;
  for (let i = 0; i < rows; i++) {
    let rest = i, from = 0, to = corner[last] ?? 0, inChunk = chunk[last] ?? 1, inWhole = shape[last] ?? 1;
    for (let axis = last - 1; axis >= 0; axis--) {
      const place = rest % extents[axis]!;
      rest = Math.floor(rest / extents[axis]!);
      from += place * inChunk;
      to += (corner[axis]! + place) * inWhole;
      inChunk *= chunk[axis]!;
      inWhole *= shape[axis]!;
    }
    whole.set(bytes.subarray(from * size, from * size + row), to * size);
  }
}

/** The keys and addresses below a B-tree of chunks. */
function chunksOf(file: Bytes, root: number, axes: number): { key: number; address: number }[] {
  const top = file.u8(root + 5);
  if (top > MOST_LEVELS) throw new DamagedHdf5(`a B-tree of ${top} levels at byte ${root}`);
  let found = [{ key: 0, address: root }];
  const entry = 8 + 8 * axes + 8;
  for (let level = top; level >= 0; level--) {
    found = found.flatMap(({ address: node }) => {
      file.expectSignature(node, "TREE");
      const kind = file.u8(node + 4), own = file.u8(node + 5);
      if (kind !== 1 || own !== level) {
        throw new DamagedHdf5(`the B-tree's node at byte ${node} is of kind ${kind}, level ${own}`);
      }
      return Array.from({ length: file.u16(node + 6) }, (_, i) => {
        const key = node + TREE_PREFIX + entry * i;
        return { key, address: file.u64(key + entry - 8) };
      });
    });
    if (found.length > file.length) throw new DamagedHdf5(`the B-tree at byte ${root} has no end`);
  }
  return found;
}

function elementsOf(
  file: Bytes,
  bytes: Uint8Array,
  type: Datatype,
): { numbers: Float32Array | Float64Array } | { strings: string[] } {
  const count = bytes.length / type.size;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type.kind) {
    case "float":
      return {
        numbers: type.size === 4
          ? Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true))
          : Float64Array.from({ length: count }, (_, i) => view.getFloat64(8 * i, true)),
      };
    case "whole":
      return {
        numbers: Float64Array.from({ length: count }, (_, i) => wholeNumber(view, type, i * type.size)),
      };
    case "text":
      return {
        strings: Array.from({ length: count }, (_, i) => {
          const own = bytes.subarray(i * type.size, (i + 1) * type.size), end = own.indexOf(0);
          return decodeText(end < 0 ? own : own.subarray(0, end));
        }),
      };
    case "heapText": {
      const references = new BytesOf(bytes);
      return { strings: Array.from({ length: count }, (_, i) => heapText(file, references, 16 * i)) };
    }
    default:
      return type satisfies never;
  }
}

function wholeNumber(
  view: DataView,
  { isSigned, size }: { isSigned: boolean; size: number },
  at: number,
): number {
  switch (size) {
    case 1:
      return isSigned ? view.getInt8(at) : view.getUint8(at);
    case 2:
      return isSigned ? view.getInt16(at, true) : view.getUint16(at, true);
    case 4:
      return isSigned ? view.getInt32(at, true) : view.getUint32(at, true);
    default:
      return Number(isSigned ? view.getBigInt64(at, true) : view.getBigUint64(at, true));
  }
}

/** A text of the global heap: its length, the heap's address, and its number there. */
function heapText(file: Bytes, references: Bytes, at: number): string {
  const length = references.u32(at), index = references.u32(at + 12);
  if (length === 0) return "";
  const heap = references.u64(at + 4);
  file.expectSignature(heap, "GCOL");
  const end = heap + file.u64(heap + 8);
  for (let place = heap + 16; place + 16 <= end;) {
    const number = file.u16(place), size = file.u64(place + 8);
    if (number === 0) break; // what is left of the heap
    if (number === index) {
      if (length > size) break;
      return decodeText(file.part(place + 16, length));
    }
    place += 16 + 8 * Math.ceil(size / 8);
  }
  throw new DamagedHdf5(`text ${index} is not in the heap at byte ${heap}`);
}
