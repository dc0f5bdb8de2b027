/** Reads checkpoints from files. */
import { readWhole } from "../files/file_access.ts";
import type { Model } from "../network/model_file.ts";
import { type Checkpoint, decodeCheckpoint, decodeTrained } from "../training/checkpoint.ts";

/** Reads a checkpoint from a file. @throws {InputError} as `decodeCheckpoint`, or when it cannot be read. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return await decodeCheckpoint(await readWhole(path), path);
}

/**
 * Reads a model from a model file, or from a checkpoint, whose parameters are a model.
 *
 * @throws {InputError} when the file cannot be read, or is neither.
 */
export async function readTrained(path: string): Promise<Model> {
  return await decodeTrained(await readWhole(path), path);
}
