/**
 * Data sets: sources of samples to train with and to measure on.
 *
 * Every data set is a {@linkcode DataSource} with one method, `load`. {@linkcode openDataSource} detects the form of a folder; a
 * program may implement a source of its own.
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { readError } from "../files/file_access.ts";
import { CIFAR_FOLDER } from "./cifar_files.ts";
import { loadMnist, type Split } from "./mnist.ts";
import type { Samples, WantedForm } from "./samples.ts";

export type { WantedForm } from "./samples.ts";

/** A data set. */
export interface DataSource {
  /** Its name in messages. */
  readonly name: string;
  /** Loads a part of it. @throws {InputError} when it has no such part, or a file is missing or damaged. */
  load(split: Split, wanted?: WantedForm): Promise<Samples>;
}

/** Files of a folder whose samples are tensors. */
const TENSORS = { train: "train.safetensors", test: "test.safetensors" } as const;

/**
 * Opens a data set of any known form.
 *
 * - Four IDX files of MNIST's form: see {@linkcode loadMnist}.
 * - The files of CIFAR-10's binary version, also in the folder of their archive, `cifar-10-batches-bin`: see `loadCifar10`.
 * - A folder of PNG or JPEG pictures, `train/CLASS/*.png` and `test/CLASS/*.png`: see `loadPictures`.
 * - `train.safetensors` and `test.safetensors`, with tensors `x` and `y`: see `loadTensors`.
 *
 * @param path The folder, or a single safetensors file to measure on. Undefined is MNIST.
 * @throws {InputError} when nothing of the kind is there.
 *
 * @example
 * ```ts
 * import { openDataSource } from "@spikelet/spikelet";
 *
 * const mnist = await openDataSource();
 * console.log((await mnist.load("test")).count); // 10000
 * ```
 */
export async function openDataSource(path?: string): Promise<DataSource> {
  if (path === undefined) return { name: "MNIST", load: (split) => loadMnist(undefined, split) };
  if (path.endsWith(".safetensors") && !await isFolder(path)) {
    return tensors(path, (split) => ({ train: undefined, test: path })[split]);
  }
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(path)) entries.push(entry);
  } catch (error) {
    throw readError(error, path);
  }
  const has = (name: RegExp, isFile = false) =>
    entries.some((entry) => name.test(entry.name) && !(isFile && entry.isDirectory));
  if (has(/^(train|test)\.safetensors$/, true)) return tensors(path, (split) => join(path, TENSORS[split]));
  const isCifar = has(/^(data_batch_\d|test_batch)\.bin$/, true);
  if (isCifar || entries.some(({ name, isFile }) => name === CIFAR_FOLDER && !isFile)) {
    const folder = isCifar ? path : join(path, CIFAR_FOLDER);
    const { loadCifar10 } = await import("./cifar.ts");
    return { name: path, load: (split) => loadCifar10(folder, split) };
  }
  if (has(/[.-]idx[134]-ubyte(\.gz)?$/)) return { name: path, load: (split) => loadMnist(path, split) };
  if (has(/\.(png|jpe?g)$/i, true) || entries.some(({ isFile }) => !isFile)) {
    // Loaded on demand, because it imports a decoder.
    const { loadPictures } = await import("./picture_folder.ts");
    return { name: path, load: (split, wanted) => loadPictures(path, split, wanted) };
  }
  throw new InputError(
    `${path}: no data set is in this folder: expected MNIST's four files (train-images-idx3-ubyte, …), ` +
      "CIFAR-10's (data_batch_1.bin, …), folders of PNG or JPEG files (train/CLASS/, test/CLASS/), or train.safetensors and test.safetensors",
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false; // reading it reports why it cannot be
  }
}

function tensors(name: string, pathOf: (split: Split) => string | undefined): DataSource {
  return {
    name,
    async load(split) {
      const path = pathOf(split);
      if (path === undefined) {
        throw new InputError(
          `${name}: a single file has no part to train with: expected a folder with ${TENSORS.train} and ${TENSORS.test}`,
        );
      }
      const { readTensors } = await import("./tensor_file.ts");
      return readTensors(path);
    },
  };
}
