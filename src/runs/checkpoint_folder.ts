/** The checkpoints of a run: `checkpoints/last.safetensors`, the one before it, and the best epoch's. */
import { join } from "node:path";
import { isOwnFolder, removeLeftovers, writeFileAtomic } from "../files/write_file.ts";
import { InputError } from "../errors.ts";
import { exists, writing } from "../files/file_access.ts";
import { type Checkpoint, encodeCheckpoint } from "../training/checkpoint.ts";
import { readCheckpoint } from "./read_checkpoint.ts";

const FOLDER = "checkpoints";

/** Paths of a run's checkpoints. */
export interface CheckpointPaths {
  /** The newest checkpoint. */
  readonly last: string;
  /** The previous checkpoint, a fallback if the newest is damaged. */
  readonly previous: string;
  /** The best epoch's checkpoint. */
  readonly best: string;
}

/** The newest whole checkpoint of a run. */
export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  /** What is wrong with the newest checkpoint, if this is the previous one. */
  readonly fault?: string;
}

/** Paths of the checkpoints of a run. */
export function checkpointPaths(runDirectory: string): CheckpointPaths {
  const path = (name: string) => join(runDirectory, FOLDER, `${name}.safetensors`);
  return { last: path("last"), previous: path("previous"), best: path("best") };
}

/**
 * Reads the newest whole checkpoint of a run.
 *
 * @returns `undefined` where there is none.
 * @throws {InputError} when there are checkpoints and none is whole.
 */
export async function readNewest(runDirectory: string): Promise<FoundCheckpoint | undefined> {
  const { last, previous } = checkpointPaths(runDirectory);
  const faults: string[] = [];
  for (const path of [last, previous]) {
    try {
      const checkpoint = await readCheckpoint(path);
      return { checkpoint, path, ...(faults[0] !== undefined && { fault: faults[0] }) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (await exists(path)) faults.push(error.message);
    }
  }
  if (faults.length === 0) return undefined;
  throw new InputError(
    `${
      faults.join("\n")
    }\n${runDirectory}: no checkpoint is whole: remove them to begin at the first batch again`,
  );
}

/** Writes the checkpoints of a run. */
export class CheckpointFolder {
  readonly #paths: CheckpointPaths;
  #lastIsWhole: boolean;

  private constructor(paths: CheckpointPaths, lastIsWhole: boolean) {
    this.#paths = paths;
    this.#lastIsWhole = lastIsWhole;
  }

  /**
   * Opens a run's checkpoints to write them.
   *
   * @param lastIsWhole Whether the newest checkpoint may replace the previous one.
   * @throws {InputError} when the folder cannot be made.
   */
  static async open(runDirectory: string, lastIsWhole = true): Promise<CheckpointFolder> {
    const folder = join(runDirectory, FOLDER);
    if (!await isOwnFolder(folder)) await writing(folder, runDirectory, () => Deno.mkdir(folder));
    await removeLeftovers(folder);
    return new CheckpointFolder(checkpointPaths(runDirectory), lastIsWhole);
  }

  /**
   * Writes the newest checkpoint; the former newest becomes the previous one.
   *
   * @param best Whether it is also the best epoch's. That file is written first, so that the newest checkpoint never refers to a missing one.
   * @returns The path of the newest.
   * @throws {InputError} when it cannot be written; the existing checkpoints stay.
   */
  async write(checkpoint: Checkpoint, best: boolean): Promise<string> {
    const bytes = await encodeCheckpoint(checkpoint);
    if (best) await writeFileAtomic(this.#paths.best, bytes);
    await writeFileAtomic(this.#paths.last, bytes, this.#lastIsWhole ? this.#paths.previous : undefined);
    this.#lastIsWhole = true;
    return this.#paths.last;
  }
}
