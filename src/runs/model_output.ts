/** What `train --out` writes: a model, which never overwrites a file of another kind. */
import type { OutputKind } from "../files/output_file.ts";
import { InputError } from "../errors.ts";
import { readModel } from "../network/model_file.ts";

/** A model file. A damaged one does not count as a model, because its former content is unknown. */
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
