/** The page's digits: those beside it, a user's own, and the cycle that shows them one by one. */
import { count, size } from "../src/text/figures.ts";
import { FILE_NAMES } from "../src/data/file_names.ts";
import { KNOWN_SETS, type KnownSet } from "../src/data/known_classes.ts";
import type { Samples } from "../src/data/samples.ts";
import { InputError, NetworkError } from "../src/errors.ts";
import { type Digits, type NamedBlob, readDigits } from "./logic/subset.ts";

/** Digits, and a line about them for the user. */
export interface DescribedDigits {
  readonly digits: Digits;
  readonly line: string;
}

/** Fetches the part of MNIST beside the page. @throws {NetworkError} when it is missing. */
export async function fetchDigits(): Promise<DescribedDigits> {
  const names = Object.values(FILE_NAMES).flatMap(({ images, labels }) => [`${images}.gz`, `${labels}.gz`]);
  const files = await Promise.all(names.map(async (name): Promise<NamedBlob> => {
    const response = await fetch(new URL(name, import.meta.url));
    if (!response.ok) {
      throw new NetworkError(`${name}: the server answered ${response.status}: upload the whole page again`);
    }
    return { name, blob: await response.blob() };
  }));
  return await digitsOf("MNIST", files, "a part of MNIST", KNOWN_SETS.mnist);
}

/** Reads a user's files. @throws {InputError} when they are not a data set of square images. */
export async function pickedDigits(picked: readonly File[]): Promise<DescribedDigits> {
  return await digitsOf("the files'", picked.map((blob) => ({ name: blob.name, blob })), "from your files");
}

async function digitsOf(
  name: string,
  files: readonly NamedBlob[],
  whence: string,
  known?: KnownSet,
): Promise<DescribedDigits> {
  const digits = await readDigits(name, files, known), { train, test } = digits;
  const { rows = 0, columns = 0 } = train.picture ?? {};
  if (rows !== columns) {
    throw new InputError(`the images have ${rows} × ${columns} pixels: this page expects square ones`);
  }
  const bytes = files.reduce((sum, { blob }) => sum + blob.size, 0);
  const counts = `${count(train.count)} digits to learn from, ${count(test.count)} held back`;
  return { digits, line: `${counts}: ${whence}, ${size(bytes)}.` };
}

/** Steps through samples, cyclically. */
export class DigitCycle {
  readonly #samples: Samples;
  #at = -1;

  constructor(samples: Samples) {
    this.#samples = samples;
  }

  /** Whether there is a sample of a class. */
  has(label: number): boolean {
    return this.#samples.labels.subarray(0, this.#samples.count).includes(label);
  }

  /** The index of the next sample, or of the next one of a class; `undefined` if there is none. */
  next(label?: number): number | undefined {
    const { count, labels } = this.#samples;
    for (let i = 1; i <= count; i++) {
      const at = (this.#at + i) % count;
      if (label === undefined || labels[at] === label) return this.#at = at;
    }
    return undefined;
  }
}
