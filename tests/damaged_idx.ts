/**
 * Damaged IDX files, with wrong headers.
 *
 * @module
 */
import fc from "fast-check";
import { idxBytes } from "./data/idx_files.ts";
import { mutationsOf, TREACHEROUS } from "./mutations.ts";

/** Draws copies of an IDX file of this shape, nine of ten damaged. */
export function damagedIdx(shape: readonly number[]): fc.Arbitrary<Uint8Array> {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const original = idxBytes(shape, Array.from({ length: count }, (_, i) => i % 251));
  const extent = fc.oneof(fc.constantFrom(...shape, ...TREACHEROUS), fc.nat(64));
  const header = fc.record({
    extents: fc.array(extent, { maxLength: 10 }),
    dimensions: fc.oneof(fc.constant(undefined), fc.nat(255)),
    type: fc.oneof({ weight: 3, arbitrary: fc.constant(8) }, fc.nat(255)),
    elements: fc.oneof(fc.constant(count), fc.nat(2 * count)),
  }).map(({ extents, dimensions, type, elements }) => {
    const bytes = idxBytes(extents, Array.from({ length: elements }, (_, i) => i % 7), type);
    if (dimensions !== undefined) bytes[3] = dimensions;
    return bytes;
  });
  return fc.oneof(
    { weight: 5, arbitrary: mutationsOf(original) },
    { weight: 4, arbitrary: header },
    { weight: 1, arbitrary: fc.constant(original) },
  );
}
