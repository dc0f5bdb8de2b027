/**
 * A folder of PNG pictures as a data set, such as drawn digits.
 *
 *     train/7/first.png      a folder a class, below a folder a part
 *     7/first.png            a folder a class: all of it serves to measure on
 *     train/7-first.png      no folder a class: the class is the number that a file's name begins with
 *
 * Where every class is called by a number, that is its label; else labels count the names in their order. The names stay with the
 * samples, and with the model that learns from them: data are matched to it by name. Pictures become
 * squares of one size, light on dark as MNIST's, whatever their own size and colours: see `readPicture`.
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
/** Bytes of a file: some times what the largest picture has that is decoded. */
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
 * @param split Which part. A folder without `train/` and `test/` has pictures to measure on alone.
 * @returns Pixels, `side` × `side` a sample; labels and classes are those of `train/` where there is one, also of what is in `test/`.
 * @throws {InputError} when there are no pictures, one is damaged or has no class, or the test pictures have a class that the
 * training pictures have not.
 */
export async function loadPictures(
  folder: string,
  split: Split,
  { side = SIDE }: WantedForm = {},
): Promise<Samples> {
  const names = (await entriesOf(folder)).filter((entry) => !isPng(entry)).map(({ name }) => name);
  if (!names.includes(split) && (split === "train" || names.includes("train"))) {
    throw new InputError(
      `${folder}: it has no folder ${split}: expected train/CLASS/*.png to learn from and test/CLASS/*.png to measure on`,
    );
  }
  const pictures = await findPictures(names.includes(split) ? join(folder, split) : folder);
  const { places, classes } = split === "test" && names.includes("train")
    ? folderClasses(await findPictures(join(folder, "train")), join(folder, "train"))
    : folderClasses(pictures, folder);
  const strange = pictures.find(({ name }) => !places.has(name));
  if (strange) {
    throw new InputError(
      `${strange.path}: class ${shownName(strange.name)} is not among those of ${join(folder, "train")}: ` +
        `expected one of ${listNames([...places.keys()])}`,
    );
  }
  const count = pictures.length, size = side * side;
  const features = new Uint8Array(sharedBuffer(count * size)), labels = new Uint8Array(sharedBuffer(count));
  for (let from = 0; from < count; from += TOGETHER) {
    const read = pictures.slice(from, from + TOGETHER).map(({ path }) => readOne(path, side));
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

async function readOne(path: string, side: number): Promise<Uint8Array> {
  return readPicture(await readWhole(path, LARGEST_PICTURE), side, { name: path });
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
        throw new InputError(
          `${path}: its name tells no class: put it into a folder that is called like its class, ` +
            "or begin its name with the class's number",
        );
      }
      found.push({ path, name: number });
    } else if (!isFile) {
      const inside = (await entriesOf(path)).filter(isPng);
      // Some file systems take names apart (NFD) which others keep whole: here they are the same.
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

/** The classes of a folder's pictures. */
interface FolderClasses {
  /** The label of each name. */
  readonly places: ReadonlyMap<string, number>;
  /** The name of each label. */
  readonly classes: readonly string[];
}

function folderClasses(pictures: readonly Labelled[], folder: string): FolderClasses {
  const names = [...new Set(pictures.map(({ name }) => name))].sort();
  const areNumbers = names.every((name) => /^\d+$/.test(name));
  const labels = areNumbers ? names.map(Number) : names.map((_, i) => i);
  const most = Math.max(...labels);
  if (most >= MOST_CLASSES) {
    throw new InputError(
      `${folder}: class ${
        shownName(areNumbers ? String(most) : names.at(-1)!)
      } would be number ${most}: expected 0 to ${MOST_CLASSES - 1}`,
    );
  }
  return {
    places: new Map(names.map((name, i) => [name, labels[i]!])),
    classes: areNumbers ? indexNames(most + 1) : names,
  };
}
