/**
 * Inflates deflate's two wrappers, gzip and zlib, piece by piece, by pako: a port of zlib, so sums are checked and gzip may have
 * several members, in any runtime. (A `DecompressionStream` takes a single member.)
 */
import { Inflate } from "pako";
import { InflateError } from "./inflate_error.ts";

/** Bytes that are inflated at a time: to half a megabyte at most, because deflate's largest ratio is 1 : 1032. */
const PIECE = 512;

/** Bytes of an inflated piece. */
const OUTPUT = 16_384;

/** zlib's `windowBits`: the largest window, and which wrapper is expected. */
const WINDOW_BITS = { zlib: 15, gzip: 15 + 16 } as const;

/** One stream of deflate, or several members of gzip. */
class Inflator extends Inflate {
  /** Inflated bytes of the latest input. */
  readonly pieces: Uint8Array<ArrayBuffer>[] = [];
  #stream: { readonly avail_in: number } = { avail_in: 0 };

  constructor(form: keyof typeof WINDOW_BITS) {
    super({ windowBits: WINDOW_BITS[form], chunkSize: OUTPUT });
  }

  /** Bytes of the latest input after the end of the stream. */
  get left(): number {
    return this.ended ? this.#stream.avail_in : 0;
  }

  override onStart(stream: { readonly avail_in: number }): void {
    this.#stream = stream;
  }

  override onData(piece: Uint8Array<ArrayBuffer>): void {
    this.pieces.push(piece);
  }

  override onEnd(): void {} // nothing is joined

  /** Inflates bytes. @throws {InflateError} when they are damaged. */
  *inflate(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    this.push(bytes);
    if (this.err !== 0) throw new InflateError(`its compressed data are damaged: ${this.msg}`);
    yield* this.pieces.splice(0);
  }
}

/**
 * Inflates gzip: one member or many, as `gzip -dc` does. Zeros after the last one, with which some archivers pad, are ignored.
 *
 * @param packed The file, in pieces of any size.
 * @returns The inflated bytes, in pieces of 16 KiB at most; half a megabyte is inflated ahead at most.
 * @throws {InflateError} when it is damaged or cut short, a checksum is wrong, or something else follows the last member.
 */
export async function* gunzip(
  packed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let member: Inflator | undefined, members = 0, isPadding = false;
  for await (const bytes of packed) {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + PIECE);
      isPadding ||= !member && members > 0 && piece[0] === 0;
      if (isPadding) {
        if (piece.some((byte) => byte !== 0)) throw new InflateError("something was added to its gzip data");
        at += piece.length;
        continue;
      }
      member ??= new Inflator("gzip");
      yield* member.inflate(piece);
      at += piece.length - member.left;
      if (!member.ended) continue;
      member = undefined;
      members++;
    }
  }
  if (member || members === 0) throw new InflateError("its gzip data are cut short");
}

/**
 * Inflates a zlib stream.
 *
 * @param packed The stream, in pieces of any size.
 * @returns The inflated bytes, in pieces of 16 KiB at most; half a megabyte is inflated ahead at most.
 * @throws {InflateError} when it is damaged or cut short, its checksum is wrong, or something follows its end.
 */
export function* inflateZlib(packed: Iterable<Uint8Array>): Generator<Uint8Array<ArrayBuffer>> {
  const stream = new Inflator("zlib");
  for (const bytes of packed) {
    for (let at = 0; at < bytes.length; at += PIECE) {
      if (stream.ended) throw new InflateError("something follows the end of its compressed data");
      yield* stream.inflate(bytes.subarray(at, at + PIECE));
      if (stream.left > 0) throw new InflateError("something follows the end of its compressed data");
    }
  }
  if (!stream.ended) throw new InflateError("its compressed data are cut short");
}
