/**
 * CIFAR-10 in its binary version: 32 × 32 pixels in three colours, ten classes, 50,000 to train with and 10,000 to test with
 * (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; https://www.cs.toronto.edu/~kriz/cifar.html).
 *
 *     data_batch_1.bin … data_batch_5.bin, test_batch.bin   10,000 records each: a label, then the planes R, G, B row by row
 *     batches.meta.txt                                      the names of the classes, a line each
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { reading, readText, sizeOfFile } from "../files/file_access.ts";
import { faultOfNames } from "../network/class_names.ts";
import { count } from "../text/figures.ts";
import {
  CIFAR_FILE_BYTES,
  CIFAR_FILE_RECORDS,
  CIFAR_FILES,
  CIFAR_PICTURE,
  CIFAR_RECORD,
} from "./cifar_files.ts";
import type { Split } from "./mnist.ts";
import type { Samples } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

const CLASSES = 10;
const ADVICE = "fetch the data set again";
/** Records that are read at a time: 3 MB. */
const TOGETHER = 1000;
/** The most bytes of the names. */
const LARGEST_NAMES = 4096;

/**
 * Loads pictures, labels and class names, in memory that threads can share.
 *
 * @param folder The folder of the seven files.
 * @param split Which part.
 * @returns Pixels, `[3, 32, 32]` a sample.
 * @throws {InputError} when a file is missing, of another size than the official one, or damaged.
 *
 * @example
 * ```ts ignore
 * import { loadCifar10 } from "@spikelet/spikelet";
 *
 * const { count, picture } = await loadCifar10("data/cifar10", "test");
 * console.log(count, picture); // 10000 { channels: 3, rows: 32, columns: 32 }
 * ```
 */
export async function loadCifar10(folder: string, split: Split): Promise<Samples<Uint8Array>> {
  const classes = await readClasses(join(folder, CIFAR_FILES.classes));
  const paths = CIFAR_FILES[split].map((name) => join(folder, name));
  for (const path of paths) await checkSize(path);
  const all = paths.length * CIFAR_FILE_RECORDS, size = CIFAR_RECORD - 1;
  const features = new Uint8Array(sharedBuffer(all * size)), labels = new Uint8Array(sharedBuffer(all));
  let at = 0;
  for (const path of paths) {
    for await (const records of recordsOf(path)) {
      for (let from = 0; from < records.length; from += CIFAR_RECORD, at++) {
        labels[at] = records[from]!;
        features.set(records.subarray(from + 1, from + CIFAR_RECORD), at * size);
        if (labels[at]! < CLASSES) continue;
        throw new InputError(
          `${path}: label ${labels[at]} at ${at % CIFAR_FILE_RECORDS}: CIFAR-10 has ${CLASSES} classes, ` +
            `0 to ${CLASSES - 1}: the file is damaged; ${ADVICE}`,
        );
      }
    }
  }
  return { name: `${folder} ${split}`, count: all, size, picture: CIFAR_PICTURE, features, labels, classes };
}

async function readClasses(path: string): Promise<readonly string[]> {
  const lines = (await readText(path, LARGEST_NAMES)).split(/\r?\n/).map((line) => line.trim());
  const names = lines.filter((line) => line !== "").map((line) => line.normalize("NFC"));
  const fault = names.length === CLASSES
    ? faultOfNames(names)
    : `${names.length} names, expected ${CLASSES}, a line each`;
  if (fault !== undefined) throw new InputError(`${path}: ${fault}: the file is damaged; ${ADVICE}`);
  return names;
}

async function checkSize(path: string): Promise<void> {
  const found = await sizeOfFile(path);
  if (found === CIFAR_FILE_BYTES) return;
  const records = `${count(CIFAR_FILE_RECORDS)} records of ${count(CIFAR_RECORD)}`;
  const fault = found < CIFAR_FILE_BYTES ? "the file is cut short" : "something was added to the file";
  throw new InputError(
    `${path}: ${count(found)} bytes, expected ${count(CIFAR_FILE_BYTES)}, ${records}: ${fault}; ${ADVICE}`,
  );
}

/** A file's records, whole ones, some at a time; each may be overwritten by the next. */
async function* recordsOf(path: string): AsyncGenerator<Uint8Array> {
  using file = await reading(path, () => Deno.open(path));
  const records = new Uint8Array(TOGETHER * CIFAR_RECORD);
  for (let left = CIFAR_FILE_BYTES; left > 0; left -= records.length) {
    for (let filled = 0; filled < records.length;) {
      const read = await reading(path, () => file.read(records.subarray(filled)));
      if (read === null) throw new InputError(`${path}: it became shorter while it was read; try again`);
      filled += read;
    }
    yield records;
  }
}
