/**
 * Draws damaged files for property tests: mutations of bytes, without regard to the format. `damaged_idx.ts` and
 * `damaged_safetensors.ts` damage fields of their formats; `withstand.ts` gives the files to readers.
 *
 * @module
 */
import fc from "fast-check";

/** Makes another file of one. */
export type Mutation = (bytes: Uint8Array) => Uint8Array;

/** Numbers that break arithmetic: around powers of two, and beyond the precision of a float. */
export const TREACHEROUS: readonly number[] = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0xffff,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 64,
];

/**
 * Draws damaged copies of a file: with bytes changed, bits flipped, a part removed, doubled or swapped with another, the end
 * cut off, or bytes added.
 *
 * @param original The file, which is not changed.
 */
export function mutationsOf(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.array(mutations(original.length), { minLength: 1, maxLength: 4 })
    .map((all) => all.reduce<Uint8Array>((bytes, mutation) => mutation(bytes), original.slice()));
}

/** Draws one mutation of a file of `length` bytes, half of the time near its beginning, where headers are. */
export function mutations(length: number): fc.Arbitrary<Mutation> {
  const position = fc.oneof(fc.nat(Math.min(length, 64)), fc.nat(length));
  const byte = fc.oneof(
    fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, ...new TextEncoder().encode('"{}[],:09')),
    fc.nat(255),
  );
  const span = fc.nat(16);
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(position, byte).map(([at, value]) => changed(at, () => value)) },
    {
      weight: 4,
      arbitrary: fc.tuple(position, fc.nat(7)).map(([at, bit]) => changed(at, (old) => old ^ (1 << bit))),
    },
    fc.tuple(position, span).map(([at, count]): Mutation => (bytes) =>
      joined(bytes.subarray(0, at), bytes.subarray(at + count))
    ),
    fc.tuple(position, span).map(([at, count]): Mutation => (bytes) =>
      joined(bytes.subarray(0, at + count), bytes.subarray(at))
    ),
    fc.tuple(position, position, span).map(([a, b, count]) => swapped(Math.min(a, b), Math.max(a, b), count)),
    position.map((end): Mutation => (bytes) => bytes.slice(0, end)),
    fc.tuple(fc.uint8Array({ maxLength: 64 }), fc.nat(8)).map(([tail, times]): Mutation => (bytes) =>
      joined(bytes, ...Array(times).fill(tail))
    ),
  );
}

function changed(at: number, change: (old: number) => number): Mutation {
  return (bytes) => {
    const copy = bytes.slice();
    if (at < copy.length) copy[at] = change(copy[at]!);
    return copy;
  };
}

/** Swaps two parts of equal length, as far as they do not overlap. */
function swapped(low: number, high: number, count: number): Mutation {
  return (bytes) => {
    const copy = bytes.slice();
    const size = Math.min(count, high - low, copy.length - high);
    if (size <= 0) return copy;
    copy.set(bytes.subarray(high, high + size), low);
    copy.set(bytes.subarray(low, low + size), high);
    return copy;
  };
}

/** Concatenates bytes. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
