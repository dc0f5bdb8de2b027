/**
 * Damaged files, as property tests draw them.
 *
 * @module
 */
import fc from "fast-check";

/**
 * Draws damaged copies of a file: some bytes changed, then perhaps a part cut out, doubled, or the end cut off.
 *
 * @param original The file; it stays as it is.
 */
export function mutationsOf(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  const position = fc.oneof(fc.nat(Math.min(original.length, 64)), fc.nat(original.length));
  const byte = fc.oneof(
    fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, ...new TextEncoder().encode('"{}[],:09')),
    fc.nat(255),
  );
  return fc.record({
    changes: fc.array(fc.tuple(position, byte), { maxLength: 4 }),
    edit: fc.constantFrom("none", "none", "cut", "double", "end"),
    from: position,
    length: fc.nat(16),
  }).map(({ changes, edit, from, length }) => {
    const bytes = original.slice();
    for (const [at, value] of changes) bytes.set([value].slice(0, bytes.length - at), at);
    switch (edit) {
      case "none":
        return bytes;
      case "cut":
        return Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(from + length)]);
      case "double":
        return Uint8Array.from([...bytes.subarray(0, from + length), ...bytes.subarray(from)]);
      case "end":
        return bytes.slice(0, from);
      default:
        return edit satisfies never;
    }
  });
}
