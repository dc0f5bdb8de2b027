/**
 * A small data set of MNIST's form, for short runs.
 *
 * @module
 */
import { join } from "node:path";
import { idxBytes } from "../data/idx_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** The number of images of each part. */
export interface Sizes {
  readonly train: number;
  readonly test: number;
}

/** The official names of the four files. */
export const FILES = {
  trainImages: "train-images-idx3-ubyte",
  trainLabels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** Writes four IDX files into a new folder. An image is a bright bar at the height of its label, with noise. */
export async function writeSmallData(folder: string, sizes: Sizes = { train: 60, test: 20 }): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (
    const [count, images, labels] of [
      [sizes.train, FILES.trainImages, FILES.trainLabels],
      [sizes.test, FILES.testImages, FILES.testLabels],
    ] as const
  ) {
    await Deno.writeFile(join(folder, images), imageBytes(count));
    await Deno.writeFile(join(folder, labels), labelBytes(count));
  }
}

/** The bytes of a file of images. */
export function imageBytes(count: number, rows = 28, columns = 28): Uint8Array<ArrayBuffer> {
  let state = 12345;
  const pixels = Uint8Array.from({ length: count * rows * columns }, (_, i) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const row = Math.floor(i / columns) % rows;
    const label = Math.floor(i / (rows * columns)) % 10;
    return (state >>> 16) % 64 + (Math.abs(row - 4 - 2 * label) <= 1 ? 180 : 0);
  });
  return idxBytes([count, rows, columns], pixels);
}

/** The bytes of a file of labels: 0 to 9, repeated. */
export function labelBytes(count: number): Uint8Array<ArrayBuffer> {
  return idxBytes([count], Array.from({ length: count }, (_, i) => i % 10));
}

/** Runs a test in a temporary folder with a small data set in `data`. */
export async function inFolderWithData(
  test: (folder: string) => Promise<void>,
  sizes?: Sizes,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    await writeSmallData(join(folder, "data"), sizes);
    await test(folder);
  });
}

/** A short run on the data of {@linkcode inFolderWithData}. */
export const QUICK_TRAIN: readonly string[] = [
  ...["train", "--data", "data", "--steps", "6", "--hidden", "5", "--batch-size", "25", "--threads", "1"],
];
