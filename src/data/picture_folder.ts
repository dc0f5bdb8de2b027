/**
 * A folder of PNG and JPEG pictures as a data set, such as drawn digits or photos.
 *
 *     train/7/first.png      a folder a class, below a folder a part
 *     7/first.png            a folder a class: all pictures are test pictures
 *     train/7-first.png      no folder a class: the class is the number that a file's name begins with
 *
 * Where every class's name is a number, that is its label; else labels count the names in their order. The names stay with the
 * samples, and with a model that is trained on them: data are matched to it by name.
 *
 * Pictures of one size stay as they are, others become squares of 28 × 28, if nothing else is wanted; they are scaled as
 * `readPicture` does. They have three channels, red, green and blue, where a pixel of any of them has a colour; else they have one, and
 * are light on dark as MNIST's.
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { readError, readWhole } from "../files/file_access.ts";
import { indexNames, listNames, shownName } from "../network/class_names.ts";
import { decodeJpeg, sizeOfJpeg } from "./jpeg.ts";
import { isJpeg } from "./jpeg_header.ts";
import type { Split } from "./mnist.ts";
import { fitPicture } from "./picture.ts";
import { decodePng, sizeOfPng } from "./png.ts";
import { isPng } from "./png_chunks.ts";
import { MOST_SIDE, type Raster } from "./raster.ts";
import type { PictureSize, Samples, WantedForm } from "./samples.ts";
import { sharedBuffer } from "./shared_memory.ts";

/** MNIST's, of pictures that have no size in common. */
const SIDE = 28;
const MOST_CLASSES = 256;
/** The most bytes of a file: several times those of the largest picture that is decoded. */
const LARGEST_PICTURE = 2 ** 26;
/** The largest picture that is decoded, in pixels: a photo of a camera. */
const MOST_PIXELS = MOST_SIDE * MOST_SIDE;
/** Files that are read at a time. */
const TOGETHER = 16;
/** The names of pictures' files. */
export const PICTURE_NAME = /\.(png|jpe?g)$/i;
/** The files of a class in messages. */
const FILES = "CLASS/*.png or *.jpg";

/** A picture and its class. */
interface Labelled {
  readonly path: string;
  readonly name: string;
}

/** Rows and columns. */
type Grid = Pick<PictureSize, "rows" | "columns">;

/**
 * Loads a part of a folder of pictures, sorted by class and then by name.
 *
 * @param folder See above.
 * @param split Which part. A folder without `train/` and `test/` has test pictures alone.
 * @param wanted Size and channels that differ from the pictures' own. A part decides for itself: take the test pictures in the form
 * that the training pictures have come to.
 * @returns Pixels, `[channels, rows, columns]` a sample; labels and classes are those of `train/` where there is one, also for
 * `test/`.
 * @throws {InputError} when there are no pictures, one is damaged or has no class, the test pictures have a class that the
 * training pictures have not, or channels are wanted that pictures do not have.
 */
export async function loadPictures(
  folder: string,
  split: Split,
  wanted: WantedForm = {},
): Promise<Samples<Uint8Array>> {
  const { channels } = wanted;
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw new InputError(
      `${folder}: pictures have 1 channel or 3, but ${channels} are wanted: give tensors instead`,
    );
  }
  const names = (await entriesOf(folder)).filter((entry) => !isPicture(entry)).map(({ name }) => name);
  if (!names.includes(split) && (split === "train" || names.includes("train"))) {
    throw new InputError(
      `${folder}: it has no folder ${split}: expected train/${FILES} to train with and test/${FILES} to measure on`,
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
  const labels = new Uint8Array(sharedBuffer(pictures.length));
  labels.set(pictures.map(({ name }) => places.get(name)!));
  return {
    name: `${folder} ${split}`,
    count: pictures.length,
    ...await decodeAll(pictures, await formOf(pictures, wanted)),
    labels,
    classes,
  };
}

/** The form of pictures; its channels are left open where the pictures decide. */
async function formOf(
  pictures: readonly Labelled[],
  { rows, columns, side, channels, size }: WantedForm,
): Promise<Grid & { readonly channels?: number }> {
  const open = channels === undefined ? {} : { channels };
  if (rows !== undefined && columns !== undefined) return { rows, columns, ...open };
  if (side !== undefined) return { rows: side, columns: side, ...open };
  const own = await commonSize(pictures), kinds = channels === undefined ? [1, 3] : [channels];
  // A network of so many numbers has learned from pictures as they are, or from squares, or from others of the same proportions.
  const proportions = own ? [{ rows: 1, columns: 1 }, own] : [{ rows: 1, columns: 1 }];
  const fitting = [
    ...own ? kinds.map((channels) => ({ ...own, channels })) : [],
    ...proportions.flatMap((of) =>
      kinds.map((channels) => ({ ...gridOf((size ?? 0) / channels, of), channels }))
    ),
  ].find((form) => form.rows * form.columns * form.channels === size);
  return fitting ?? { ...own ?? { rows: SIDE, columns: SIDE }, ...open };
}

/** Rows and columns of so many pixels, in the proportions of others and rounded. */
function gridOf(pixels: number, { rows, columns }: Grid): Grid {
  const scale = Math.sqrt(pixels / (rows * columns));
  return { rows: Math.round(rows * scale), columns: Math.round(columns * scale) };
}

/** The size that all pictures have, upright; `undefined` where they differ. */
async function commonSize(pictures: readonly Labelled[]): Promise<Grid | undefined> {
  let common: Grid | undefined;
  for await (const { bytes } of filesOf(pictures)) {
    const size = sizeOfPng(bytes) ?? sizeOfJpeg(bytes);
    if (!size) continue; // decoding it will say what is wrong
    common ??= { rows: size.height, columns: size.width };
    if (common.rows !== size.height || common.columns !== size.width) return undefined;
  }
  return common;
}

/** Decodes pictures into one form; where its channels are open they are three once a picture with colours is met. */
async function decodeAll(
  pictures: readonly Labelled[],
  form: Grid & { readonly channels?: number },
): Promise<Pick<Samples<Uint8Array>, "size" | "picture"> & { readonly features: Uint8Array }> {
  const { rows, columns, channels = 1 } = form, size = channels * rows * columns;
  const features = new Uint8Array(sharedBuffer(pictures.length * size));
  let at = 0;
  for await (const { bytes, path } of filesOf(pictures)) {
    const raster = decode(bytes, path);
    if (form.channels === undefined && raster.colours) {
      return await decodeAll(pictures, { ...form, channels: 3 });
    }
    features.set(fitPicture(raster, { rows, columns, channels }), at);
    at += size;
  }
  return { size, picture: { rows, columns, ...(channels > 1 && { channels }) }, features };
}

/** The bytes of each file in their order, some read at a time. */
async function* filesOf(pictures: readonly Labelled[]): AsyncGenerator<{ bytes: Uint8Array; path: string }> {
  for (let from = 0; from < pictures.length; from += TOGETHER) {
    yield* await Promise.all(
      pictures.slice(from, from + TOGETHER).map(async ({ path }) => ({
        bytes: await readWhole(path, LARGEST_PICTURE),
        path,
      })),
    );
  }
}

/** Decodes a file by what it is, or else by what its name says. */
function decode(bytes: Uint8Array, path: string): Raster {
  const isPngName = /\.png$/i.test(path);
  return isJpeg(bytes) || !isPng(bytes) && !isPngName
    ? decodeJpeg(bytes, path, MOST_PIXELS)
    : decodePng(bytes, path, MOST_PIXELS);
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
    if (isPicture(entry)) {
      const number = name.match(/^\d+/)?.[0];
      if (number === undefined) {
        const advice = "put it into a folder of its class's name, or begin its name with the class's number";
        throw new InputError(`${path}: its name has no class: ${advice}`);
      }
      found.push({ path, name: number });
    } else if (!isFile) {
      const inside = (await entriesOf(path)).filter(isPicture);
      // Some file systems decompose names (NFD) and others do not: NFC makes them equal.
      found.push(...inside.map((entry) => ({ path: join(path, entry.name), name: name.normalize("NFC") })));
    }
  }
  if (found.length === 0) {
    throw new InputError(
      `${folder}: no PNG or JPEG pictures are there: expected ${FILES}, or names that begin with the class's number`,
    );
  }
  return found;
}

function isPicture({ name, isDirectory }: Deno.DirEntry): boolean {
  return !isDirectory && PICTURE_NAME.test(name);
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
