/** Writes IDX files (see `idx.ts`). */

/**
 * An array of bytes as an IDX file.
 *
 * @param shape From the slowest dimension to the fastest.
 * @param data The elements, in that order.
 */
export function encodeIdx(shape: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length), view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((extent, i) => view.setUint32(4 + 4 * i, extent));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}
