/**
 * The digits that come with the page: MNIST's first ones, training and test, in one compressed file.
 *
 * Behind two counts (uint32, little-endian) come training images, training labels, test images and test labels, a byte a pixel
 * and a byte a label; then all of it is packed by gzip, which every browser unpacks by itself.
 *
 * @module
 */
import type { Samples } from "../data/samples.ts";
import { InputError } from "../errors.ts";

const SIDE = 28, SIZE = SIDE * SIDE, HEADER = 8;

/** Digits to learn from, and others to be measured on. */
export interface Digits {
  readonly train: Samples;
  readonly test: Samples;
}

/** Packs the first samples of both, or all that there are. @throws {RangeError} when they are no pictures of MNIST's size. */
export async function packDigits(
  { train, test }: Digits,
  most: { readonly train: number; readonly test: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const counts = { train: Math.min(most.train, train.count), test: Math.min(most.test, test.count) };
  const parts = [[train, counts.train], [test, counts.test]] as const;
  for (const [{ name, size, features }] of parts) {
    if (size !== SIZE || !(features instanceof Uint8Array)) {
      throw new RangeError(`${name}: expected pictures of ${SIDE} × ${SIDE} pixels`);
    }
  }
  const header = new DataView(new ArrayBuffer(HEADER));
  header.setUint32(0, counts.train, true);
  header.setUint32(4, counts.test, true);
  const blob = new Blob([
    header.buffer,
    ...parts.flatMap(([{ features, labels }, count]) => [
      Uint8Array.from(features.subarray(0, count * SIZE)),
      Uint8Array.from(labels.subarray(0, count)),
    ]),
  ]);
  const packed = blob.stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** What {@linkcode packDigits} packed. @throws {InputError} when the file is damaged. */
export async function unpackDigits(packed: Blob): Promise<Digits> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(
      await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
    );
  } catch {
    throw new InputError("the page's digits are damaged: upload the page again");
  }
  const view = new DataView(bytes.buffer);
  const counts = bytes.length < HEADER ? [0, 0] : [view.getUint32(0, true), view.getUint32(4, true)];
  const [trainCount = 0, testCount = 0] = counts;
  if (bytes.length !== HEADER + (trainCount + testCount) * (SIZE + 1)) {
    throw new InputError("the page's digits are damaged: upload the page again");
  }
  const take = (name: string, start: number, count: number): Samples => ({
    name,
    count,
    size: SIZE,
    picture: { rows: SIDE, columns: SIDE },
    features: bytes.slice(start, start + count * SIZE),
    labels: bytes.slice(start + count * SIZE, start + count * (SIZE + 1)),
  });
  return {
    train: take("the page's training digits", HEADER, trainCount),
    test: take("the page's test digits", HEADER + trainCount * (SIZE + 1), testCount),
  };
}
