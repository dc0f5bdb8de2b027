/**
 * A folder of PNG pictures as a data set, such as drawn digits.
 *
 *     train/7/first.png      a folder a class, below a folder a part
 *     7/first.png            a folder a class: all pictures are test pictures
 *     train/7-first.png      no folder a class: the class is the number that a file's name begins with
 *
 * Where every class's name is a number, that is its label; else labels count the names in their order. The names stay with the
 * samples, and with a model that is trained on them: data are matched to it by name. Pictures become squares of one size, light
 * on dark as MNIST's, whatever their own size and colours: see `readPicture`.
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { readError, readWhole } from "../files/file_access.ts";
import { indexNames, listNames, shownName } from "../network/class_names.ts";
import type { Split } from "./mnist.ts";
import { readPicture } from "./picture.ts";
import type { Samples, WantedForm } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

/** MNIST's. */
const SIDE = 28;
const MOST_CLASSES = 256;
/** The most bytes of a file: several times those of the largest picture that is decoded. */
const LARGEST_PICTURE = 2 ** 26;
/** Files that are read at a time. */
const TOGETHER = 16;

/** A picture and its class. */
interface Labelled {
  readonly path: string;
  readonly name: string;
}

/**
 * Loads a part of a folder of pictures, sorted by class and then by name.
 *
 * @param folder See above.
 * @param split Which part. A folder without `train/` and `test/` has test pictures alone.
 * @returns Pixels, `side` × `side` a sample; labels and classes are those of `train/` where there is one, also for `test/`.
 * @throws {InputError} when there are no pictures, one is damaged or has no class, or the test pictures have a class that the
 * training pictures have not.
 */
export async function loadPictures(
  folder: string,
  split: Split,
  { side = SIDE }: WantedForm = {},
): Promise<Samples<Uint8Array>> {
  const names = (await entriesOf(folder)).filter((entry) => !isPng(entry)).map(({ name }) => name);
  if (!names.includes(split) && (split === "train" || names.includes("train"))) {
    throw new InputError(
      `${folder}: it has no folder ${split}: expected train/CLASS/*.png to train with and test/CLASS/*.png to measure on`,
    );
  }
  const pictures = await findPictures(names.includes(split) ? join(folder, split) : folder);
  const { places, classes } = split === "test" && names.includes("train")
    ? folderClasses(await findPictures(join(folder, "train")), join(folder, "train"))
    : folderClasses(pictures, folder);
  const unknown = pictures.find(({ name }) => !places.has(name));
  if (unknown) {
    throw new InputError(
      `${unknown.path}: class ${shownName(unknown.name)} is not among those of ${join(folder, "train")}: ` +
        `expected one of ${listNames([...places.keys()])}`,
    );
  }
  const count = pictures.length, size = side * side;
  const features = new Uint8Array(sharedBuffer(count * size)), labels = new Uint8Array(sharedBuffer(count));
  for (let from = 0; from < count; from += TOGETHER) {
    const read = pictures.slice(from, from + TOGETHER).map(async ({ path }) =>
      readPicture(await readWhole(path, LARGEST_PICTURE), side, { name: path })
    );
    for (const [i, pixels] of (await Promise.all(read)).entries()) {
      features.set(pixels, (from + i) * size);
      labels[from + i] = places.get(pictures[from + i]!.name)!;
    }
  }
  return {
    name: `${folder} ${split}`,
    count,
    size,
    picture: { rows: side, columns: side },
    features,
    labels,
    classes,
  };
}

/** The entries of a folder by name, without hidden files. */
async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ name }) => !name.startsWith(".")).sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    throw readError(error, folder);
  }
}

/** The pictures of a part, each with its class's name, in a fixed order. */
async function findPictures(folder: string): Promise<Labelled[]> {
  const found: Labelled[] = [];
  for (const entry of await entriesOf(folder)) {
    const { name, isFile } = entry, path = join(folder, name);
    if (isPng(entry)) {
      const number = name.match(/^\d+/)?.[0];
      if (number === undefined) {
        const advice = "put it into a folder of its class's name, or begin its name with the class's number";
        throw new InputError(`${path}: its name has no class: ${advice}`);
      }
      found.push({ path, name: number });
    } else if (!isFile) {
      const inside = (await entriesOf(path)).filter(isPng);
      // Some file systems decompose names (NFD) and others do not: NFC makes them equal.
      found.push(...inside.map((entry) => ({ path: join(path, entry.name), name: name.normalize("NFC") })));
    }
  }
  if (found.length === 0) {
    throw new InputError(
      `${folder}: no PNG pictures are there: expected CLASS/*.png, or names that begin with the class's number`,
    );
  }
  return found;
}

function isPng({ name, isDirectory }: Deno.DirEntry): boolean {
  return !isDirectory && /\.png$/i.test(name);
}

/** The label of each class's name, and the name of each label. */
function folderClasses(
  pictures: readonly Labelled[],
  folder: string,
): { readonly places: ReadonlyMap<string, number>; readonly classes: readonly string[] } {
  const names = [...new Set(pictures.map(({ name }) => name))].sort();
  const areNumbers = names.every((name) => /^\d+$/.test(name));
  const labels = areNumbers ? names.map(Number) : names.map((_, i) => i);
  const most = Math.max(...labels), last = shownName(areNumbers ? String(most) : names.at(-1)!);
  if (most >= MOST_CLASSES) {
    throw new InputError(
      `${folder}: class ${last} would be number ${most}: expected 0 to ${MOST_CLASSES - 1}`,
    );
  }
  return {
    places: new Map(names.map((name, i) => [name, labels[i]!])),
    classes: areNumbers ? indexNames(most + 1) : names,
  };
}
