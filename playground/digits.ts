/**
 * The page's digits: those shipped beside it, a user's own, and the cycle that shows them one by one.
 *
 * @module
 */
import { count, size } from "../src/text/figures.ts";
import { FILE_NAMES } from "../src/data/file_names.ts";
import { KNOWN_SETS, type KnownSet } from "../src/data/known_classes.ts";
import type { Samples } from "../src/data/samples.ts";
import { InputError, NetworkError } from "../src/errors.ts";
import { type Digits, type NamedBlob, readDigits } from "./logic/subset.ts";

/** Fetches the part of MNIST that lies beside the page. @throws {NetworkError} when it does not. */
export async function fetchDigits(): Promise<{ digits: Digits; line: string }> {
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

/** Reads the files that a user has picked. @throws {InputError} when they are not a data set of squares. */
export async function pickedDigits(picked: readonly File[]): Promise<{ digits: Digits; line: string }> {
  return await digitsOf(
    "the files'",
    picked.map((file) => ({ name: file.name, blob: file })),
    "from your files",
  );
}

async function digitsOf(
  name: string,
  files: readonly NamedBlob[],
  whence: string,
  known?: KnownSet,
): Promise<{ digits: Digits; line: string }> {
  const digits = await readDigits(name, files, known), { train, test } = digits;
  const { rows = 0, columns = 0 } = train.picture ?? {};
  if (rows !== columns) {
    throw new InputError(
      `the images have ${rows} × ${columns} pixels, expected squares: this page draws such`,
    );
  }
  const bytes = files.reduce((sum, { blob }) => sum + blob.size, 0);
  const line = `${count(train.count)} digits to learn from, ${count(test.count)} held back: ${whence}, ${
    size(bytes)
  }.`;
  return { digits, line };
}

/** Steps through samples, from the last back to the first. */
export class DigitCycle {
  readonly #samples: Samples;
  #at = -1;

  constructor(samples: Samples) {
    this.#samples = samples;
  }

  /** The next one, of one class if it is said; `undefined` where there is none. */
  next(label?: number): number | undefined {
    const { count, labels } = this.#samples;
    for (let i = 1; i <= count; i++) {
      const at = (this.#at + i) % count;
      if (label === undefined || labels[at] === label) return this.#at = at;
    }
    return undefined;
  }
}
