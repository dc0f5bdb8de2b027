/**
 * Writes IDX files for tests by the format's description, without the code under test.
 *
 * @module
 */

/**
 * The bytes of an IDX file.
 *
 * @param shape The dimensions in the header.
 * @param data The elements, of any number.
 * @param type The elements' type; 0x08 is uint8.
 */
export function idxBytes(
  shape: readonly number[],
  data: Iterable<number>,
  type = 0x08,
): Uint8Array<ArrayBuffer> {
  const extents = shape.flatMap((extent) => [24, 16, 8, 0].map((shift) => (extent >>> shift) & 0xff));
  return Uint8Array.from([0, 0, type, shape.length, ...extents, ...data]);
}

/** The same bytes as a gzip file. */
export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
