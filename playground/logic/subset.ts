/** The page's digits: the part of MNIST beside it, or a user's four files. */
import { readIdxBlob } from "../../src/data/idx.ts";
import type { KnownSet } from "../../src/data/known_classes.ts";
import { labelledImages, type NamedIdx } from "../../src/data/labelled_images.ts";
import type { Samples } from "../../src/data/samples.ts";
import { InputError } from "../../src/errors.ts";
import { counted } from "../../src/text/figures.ts";

/** Number of images beside the page: the first ones of each part. */
export const SUBSET = { train: 5000, test: 1000 } as const;

/** Training digits, and held-back digits. */
export interface Digits {
  readonly train: Samples<Uint8Array>;
  readonly test: Samples<Uint8Array>;
}

/** A file that was fetched or picked. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

/** Beginnings of the file names of MNIST and its relatives. */
const PART = /^(train|t10k|test)-(images|labels)/;

/**
 * Reads four IDX files, recognized by their names.
 *
 * @param name The data set's name in messages.
 * @param known The data set that they are a part of, if it is a known one.
 * @throws {InputError} when one is missing, damaged, or does not match its counterpart.
 */
export async function readDigits(
  name: string,
  files: readonly NamedBlob[],
  known?: KnownSet,
): Promise<Digits> {
  const parts = new Map<string, NamedBlob>();
  for (const file of files) {
    const [, split, what] = PART.exec(file.name.toLowerCase()) ?? [];
    if (split === undefined) {
      throw new InputError(
        `${file.name}: expected a name such as train-images-idx3-ubyte or t10k-labels-idx1-ubyte.gz: pick MNIST's four files`,
      );
    }
    const part = `${split === "train" ? "train" : "t10k"}-${what}`;
    if (parts.has(part)) {
      throw new InputError(`${file.name}: there are two files of ${part}: pick one of each`);
    }
    parts.set(part, file);
  }
  const read = async (part: string): Promise<NamedIdx> => {
    const file = parts.get(part);
    if (!file) {
      throw new InputError(
        `${part} is missing among ${counted(files.length, "file")}: pick all four of MNIST's together`,
      );
    }
    return { ...await readIdxBlob(file.blob, file.name), name: file.name };
  };
  const samples = async (split: string, of: string) =>
    labelledImages(`${name} ${of}`, await read(`${split}-images`), await read(`${split}-labels`), known);
  const digits = { train: await samples("train", "train"), test: await samples("t10k", "test") };
  if (digits.train.size !== digits.test.size) {
    throw new InputError(
      `the training images have ${digits.train.size} pixels, the test images ${digits.test.size}: pick four files of one data set`,
    );
  }
  return digits;
}
