/** Two IDX files that belong together, images and their labels, as samples. */
import { InputError } from "../errors.ts";
import type { Idx } from "./idx.ts";
import { type KnownSet, setOfLabels } from "./known_classes.ts";
import type { Samples } from "./samples.ts";

/** An IDX file, and its name in messages. */
export interface NamedIdx extends Idx {
  /** Such as its path. */
  readonly name: string;
}

/**
 * Puts images and labels together; nothing is copied.
 *
 * @param images `[count, rows, columns]`, or `[count, channels, rows, columns]`.
 * @param name Name of the samples in messages.
 * @param known The data set that this is a part of, where that is known; without it, the labels' checksum decides.
 * @throws {InputError} when images have no rows and columns, there is not one label an image, or a label is no class of the data set.
 */
export async function labelledImages(
  name: string,
  images: NamedIdx,
  labels: NamedIdx,
  known?: KnownSet,
): Promise<Samples<Uint8Array>> {
  checkLabels(labels);
  checkImages(images);
  const set = known ?? await setOfLabels(labels.data);
  if (set) checkClasses(labels, set);
  const count = images.shape[0]!, [columns = 0, rows = 0, channels = 1] = images.shape.slice(1).reverse();
  if (count !== labels.data.length) {
    throw new InputError(
      `${labels.name}: ${labels.data.length} labels, but ${images.name} has ${count} images: ` +
        "expected as many; fetch both again from one source",
    );
  }
  return {
    name,
    count,
    size: channels * rows * columns,
    picture: { rows, columns, ...(channels > 1 && { channels }) },
    features: images.data,
    labels: labels.data,
    labelsFrom: labels.name,
    ...(set && { classes: set.classes }),
  };
}

function checkClasses({ data, name }: NamedIdx, { title, classes }: KnownSet): void {
  const wrong = data.findIndex((label) => label >= classes.length);
  if (wrong < 0) return;
  const found = `label ${data[wrong]} at ${wrong}: ${title} has ${classes.length} classes, 0 to ${
    classes.length - 1
  }`;
  throw new InputError(
    `${name}: ${found}: the file is damaged, or another data set's: fetch it again, ` +
      "or put the other set into a folder of its own",
  );
}

function checkImages({ shape, name }: NamedIdx): void {
  if (![3, 4].includes(shape.length) || shape.slice(1).includes(0)) {
    throw new InputError(
      `${name}: its shape is ${shape.join(" × ")}, expected a number of images × rows × columns, ` +
        "or × channels × rows × columns: give files of MNIST's form",
    );
  }
  if (shape[0] === 0) {
    throw new InputError(`${name}: it holds no images, expected one or more: fetch it again`);
  }
}

/** Checks the shape of a file of labels. @throws {InputError} when it has more dimensions than one. */
export function checkLabels({ shape, name }: NamedIdx): void {
  if (shape.length === 1) return;
  const expected = "expected one dimension, a label an image: give a file of labels";
  throw new InputError(`${name}: its shape is ${shape.join(" × ")}, ${expected}`);
}
