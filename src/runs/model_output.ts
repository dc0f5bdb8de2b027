/**
 * What `train --out` writes: a model, which never takes the place of anything else.
 *
 * @module
 */
import type { OutputKind } from "../files/output_file.ts";
import { InputError } from "../errors.ts";
import { readModel } from "../network/model_file.ts";

/** A model's file. One that is damaged counts as something else, for nobody knows what it was. */
export const MODEL_OUTPUT: OutputKind = {
  what: "a model",
  suffix: ".safetensors",
  async isOurs(path) {
    try {
      await readModel(path);
      return true;
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
  },
};
