/** File names of MNIST's family. */

/** The names of the four files, which all data sets of MNIST's family share. */
export const FILE_NAMES = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
} as const;
