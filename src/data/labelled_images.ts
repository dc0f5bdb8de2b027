/**
 * Two IDX files that belong together, images and their labels, as samples.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Idx } from "./idx.ts";
import type { Samples } from "./samples.ts";

/** An IDX file, and what messages call it. */
export interface NamedIdx extends Idx {
  /** Its path, say. */
  readonly name: string;
}

/**
 * Puts images and labels together; nothing is copied.
 *
 * @param name What messages call the samples.
 * @throws {InputError} when images have no rows and columns, or there is not one label an image.
 */
export function labelledImages(name: string, images: NamedIdx, labels: NamedIdx): Samples {
  checkLabels(labels);
  checkImages(images);
  const [count = 0, rows = 0, columns = 0] = images.shape;
  if (count !== labels.data.length) {
    throw new InputError(
      `${labels.name}: ${labels.data.length} labels, but ${images.name} has ${count} images: ` +
        "expected as many; fetch both again from one source",
    );
  }
  return {
    name,
    count,
    size: rows * columns,
    picture: { rows, columns },
    features: images.data,
    labels: labels.data,
  };
}

function checkImages({ shape, name }: NamedIdx): void {
  const [count, rows, columns] = shape;
  if (shape.length !== 3 || rows === 0 || columns === 0) {
    throw new InputError(
      `${name}: its shape is ${shape.join(" × ")}, expected a number of images × rows × columns: ` +
        "give files of MNIST's form",
    );
  }
  if (count === 0) throw new InputError(`${name}: it holds no images, expected one or more: fetch it again`);
}

/** Makes sure that a file is one of labels. @throws {InputError} when it is not. */
export function checkLabels({ shape, name }: NamedIdx): void {
  if (shape.length !== 1) {
    throw new InputError(
      `${name}: its shape is ${
        shape.join(" × ")
      }, expected one dimension, a label an image: give a file of labels`,
    );
  }
}
