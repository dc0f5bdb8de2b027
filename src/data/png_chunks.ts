/**
 * The chunks of a PNG file, checked by the specification (https://www.w3.org/TR/png-3): which there are, in which order, and their
 * checksums. Nothing is inflated here.
 */
import { InputError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { oneLine } from "../text/one_line.ts";

/** The first bytes of a PNG file. */
const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** A chunk's place, from its length to the end of its checksum. */
export interface Chunk {
  readonly from: number;
  readonly to: number;
}

/** The chunks of the picture itself; all others are left out. */
export interface PngChunks {
  readonly header: Chunk;
  readonly palette: Chunk | undefined;
  readonly transparency: Chunk | undefined;
  readonly data: readonly Chunk[];
  readonly end: Chunk;
}

/** The error of a PNG that violates the specification. */
export function damagedPng(name: string, fault: string): InputError {
  return new InputError(`${name}: the PNG is damaged: ${fault}: save it anew`);
}

/** A chunk's data. */
export function dataOf(bytes: Uint8Array, { from, to }: Chunk): Uint8Array {
  return bytes.subarray(from + 8, to - 4);
}

/** Whether a file begins as a PNG does. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Finds the chunks of a file.
 *
 * @throws {InputError} when it is no PNG, is cut short, or a chunk is unknown and critical, comes twice, out of order, or with a
 * wrong checksum.
 */
export function findChunks(bytes: Uint8Array, name: string): PngChunks {
  if (!isPng(bytes)) {
    throw new InputError(`${name}: ${count(bytes.length)} bytes that are no PNG: expected a PNG file`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const once = new Map<string, Chunk>(), data: Chunk[] = [], seen: string[] = [];
  for (let from = SIGNATURE.length; from + 12 <= bytes.length;) {
    const to = from + 12 + view.getUint32(from);
    if (to > bytes.length) break;
    const type = String.fromCharCode(...bytes.subarray(from + 4, from + 8)), chunk = { from, to };
    const fault = faultOf(type, to - from - 12, seen);
    if (fault !== undefined) throw damagedPng(name, fault);
    if (isCritical(type) || type === "tRNS") {
      if (crc32(bytes.subarray(from + 4, to - 4)) !== view.getUint32(to - 4)) {
        throw damagedPng(name, `the checksum of its ${type} chunk is wrong`);
      }
      if (type === "IDAT") data.push(chunk);
      else once.set(type, chunk);
    }
    const header = once.get("IHDR"), end = once.get("IEND");
    if (header && end) {
      if (data.length === 0) throw damagedPng(name, "it has no IDAT chunk");
      return { header, palette: once.get("PLTE"), transparency: once.get("tRNS"), data, end };
    }
    if (seen.at(-1) !== type) seen.push(type);
    from = to;
  }
  throw new InputError(
    `${name}: a PNG that is cut short after ${count(bytes.length)} bytes: send the whole of it`,
  );
}

/** A decoder may ignore a chunk unless its name begins with a capital. */
function isCritical(type: string): boolean {
  return /^[A-Z]/.test(type);
}

/** The fault of a chunk of this type and length. @param seen The types before it, the latest last. */
function faultOf(type: string, length: number, seen: readonly string[]): string | undefined {
  if (seen.length === 0 && (type !== "IHDR" || length !== 13)) return "it does not begin with its header";
  if (!/^[A-Za-z]{4}$/.test(type)) return `a chunk is called ${oneLine(JSON.stringify(type))}`;
  switch (type) {
    case "IDAT":
      return seen.includes("IDAT") && seen.at(-1) !== "IDAT"
        ? "its IDAT chunks do not follow one another"
        : undefined;
    case "IHDR":
    case "IEND":
      return seen.includes(type) ? `its ${type} chunk comes twice` : undefined;
    case "PLTE":
    case "tRNS":
      if (seen.includes(type)) return `its ${type} chunk comes twice`;
      return seen.includes("IDAT") || seen.includes("tRNS")
        ? `its ${type} chunk comes behind ${seen.includes("IDAT") ? "IDAT" : "tRNS"}`
        : undefined;
    default:
      return isCritical(type) ? `its ${type} chunk is unknown, and needed to show it` : undefined;
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ byte >>> 1 : byte >>> 1;
  return byte;
});

/** CRC-32 as PNG and gzip have it (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ crc >>> 8;
  return ~crc >>> 0;
}
