/** File names and sizes of CIFAR-10's binary version. */

/** Red, green and blue planes of 32 × 32. */
export const CIFAR_PICTURE = { channels: 3, rows: 32, columns: 32 } as const;

/** Bytes of a record: a label, and the planes. */
export const CIFAR_RECORD = 1 + 3 * 32 * 32;

/** Pictures of each file. */
export const CIFAR_FILE_RECORDS = 10_000;

/** Bytes of each file of pictures. */
export const CIFAR_FILE_BYTES = CIFAR_FILE_RECORDS * CIFAR_RECORD;

/** The files with pictures, part by part, and the one with the names of the classes, a line each. */
export const CIFAR_FILES = {
  train: ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
  test: ["test_batch.bin"],
  classes: "batches.meta.txt",
} as const;

/** The folder that the archive unpacks to. */
export const CIFAR_FOLDER = "cifar-10-batches-bin";
