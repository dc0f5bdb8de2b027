/** Reads little-endian numbers at places of a file, all within its bounds. */

/** The file is damaged, in words that continue `FILE: PLACE: `. */
export class DamagedHdf5 extends Error {}

/** The file has a form that only the HDF5 library reads, such as one of the newer versions of the format. */
export class OtherHdf5 extends Error {}

/** Addresses that are not set. */
const UNDEFINED = 2n ** 64n - 1n;

/** A file, or a part of one. */
export class Bytes {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  /** Takes a whole file, or what was unpacked of one. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many there are. */
  get length(): number {
    return this.#bytes.length;
  }

  /** One byte. */
  u8(at: number): number {
    return this.#view.getUint8(this.#check(at, 1));
  }

  /** A number of two bytes. */
  u16(at: number): number {
    return this.#view.getUint16(this.#check(at, 2), true);
  }

  /** A number of four bytes. */
  u32(at: number): number {
    return this.#view.getUint32(this.#check(at, 4), true);
  }

  /** A number of eight bytes, such as a size. @throws {DamagedHdf5} when no file is that large. */
  u64(at: number): number {
    const value = this.#view.getBigUint64(this.#check(at, 8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new DamagedHdf5(
        value === UNDEFINED ? `no address at byte ${at}` : `${value} at byte ${at}: expected a size`,
      );
    }
    return Number(value);
  }

  /** A part of the file. */
  part(at: number, length: number): Uint8Array {
    this.#check(at, length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Checks a signature of four letters. */
  expectSignature(at: number, letters: string): void {
    const found = String.fromCharCode(...this.part(at, letters.length));
    if (found !== letters) throw new DamagedHdf5(`no ${letters} at byte ${at}`);
  }

  /** Text up to a byte of 0, which has to come before `end`. */
  textAt(at: number, end: number): string {
    this.#check(at, 0);
    const stop = this.#bytes.subarray(0, end).indexOf(0, at);
    if (stop < 0) throw new DamagedHdf5(`a name at byte ${at} has no end`);
    return decodeText(this.#bytes.subarray(at, stop));
  }

  #check(at: number, length: number): number {
    if (at >= 0 && length >= 0 && at + length <= this.#bytes.length) return at;
    throw new DamagedHdf5(
      `bytes ${at} to ${at + length} are needed, but there are ${this.#bytes.length}: the file is cut short`,
    );
  }
}

/** Decodes UTF-8. @throws {DamagedHdf5} when it is none. */
export function decodeText(bytes: Uint8Array): string {
  try {
    // Copied because a TextDecoder takes no shared memory everywhere.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice());
  } catch {
    throw new DamagedHdf5("a text is not UTF-8");
  }
}
