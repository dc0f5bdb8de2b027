/**
 * Models and samples for programs that use the packages, and the answers under Deno.
 *
 * @module
 */
import { join } from "node:path";
import { Classifier } from "../../src/classify/classifier.ts";
import { loadMnist } from "../../src/data/mnist.ts";
import { encodeModel } from "../../src/network/model_file.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { COLOUR_MODEL, colourFile, colourPicture, kernels, modelOf } from "../serve/served_model.ts";

/** Writes `model.safetensors` and `digit.bin` into a folder. @returns The bits of the answer, as text. */
export async function writeDigit(folder: string): Promise<string> {
  const model = modelOf(notebookNetwork(), { seed: "5" });
  const digit = Uint8Array.from((await loadMnist(undefined, "test")).features.subarray(0, 784));
  await Deno.writeFile(join(folder, "model.safetensors"), encodeModel(model));
  await Deno.writeFile(join(folder, "digit.bin"), digit);
  return JSON.stringify(new Classifier(model, { kernels }).classify(digit));
}

/** Writes `colours.safetensors`, a convolutional model, and `picture.png`. @returns The bits of the answer, as text. */
export async function writePicture(folder: string): Promise<string> {
  await Deno.writeFile(join(folder, "colours.safetensors"), encodeModel(COLOUR_MODEL));
  await Deno.writeFile(join(folder, "picture.png"), colourFile(1));
  return JSON.stringify(new Classifier(COLOUR_MODEL, { kernels }).classify(colourPicture(1)));
}
