/**
 * A run on disk: `runs/<name>/` with `model.safetensors`, `metrics.jsonl` (a line a batch) and `run.json`.
 *
 * @module
 */
import { join } from "node:path";
import { writeFileAtomic } from "../data/write_file.ts";
import { InputError, OptionError } from "../errors.ts";
import { readError, writeError } from "../file_access.ts";

/** Where runs are kept, below the current folder. */
export const RUNS = "runs";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Files of a run. */
export interface RunFolder {
  readonly name: string;
  readonly directory: string;
  /** Appends one line to `metrics.jsonl`. */
  appendMetrics(line: Readonly<Record<string, unknown>>): void;
  /** Writes `model.safetensors`; returns its path. */
  writeModel(bytes: Uint8Array): Promise<string>;
  /** Writes `run.json`. */
  writeRecord(record: Readonly<Record<string, unknown>>): Promise<void>;
  close(): void;
}

/** Checks a run's name. @throws {OptionError} when it is not one that a folder can have anywhere. */
export function checkRunName(name: string): void {
  if (NAME.test(name)) return;
  throw new OptionError(
    `--name ${
      JSON.stringify(name)
    }: expected 1 to 100 letters, digits, dots, dashes and underscores, no dot or dash first`,
  );
}

/**
 * Makes the folder of a new run.
 *
 * @throws {OptionError} when the name is not one for a folder.
 * @throws {InputError} when a run of that name exists, or the folder cannot be made.
 */
export async function createRunFolder(name: string): Promise<RunFolder> {
  checkRunName(name);
  const folder = await makeFolder(name);
  if (!folder) {
    throw new InputError(
      `${join(RUNS, name)}: there is a run of this name already: choose another --name, or remove it`,
    );
  }
  return folder;
}

/** Makes the folder of a run that was given no name: {@linkcode defaultRunName}, and a number where that is taken. */
export async function createNamedFolder(model: string, now = new Date()): Promise<RunFolder> {
  const name = defaultRunName(model, now);
  for (let number = 1;; number++) {
    const folder = await makeFolder(number === 1 ? name : `${name}-${number}`);
    if (folder) return folder;
  }
}

/** Makes a run's folder; `undefined` where there is one of this name. */
async function makeFolder(name: string): Promise<RunFolder | undefined> {
  const directory = join(RUNS, name);
  let metrics: Deno.FsFile;
  try {
    await Deno.mkdir(RUNS, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new InputError(`${RUNS}: this is a file; expected a folder for the runs: move it away`);
    }
    throw writeError(error, RUNS, ".");
  }
  try {
    await Deno.mkdir(directory);
    metrics = await Deno.open(join(directory, "metrics.jsonl"), { createNew: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw writeError(error, directory, RUNS);
  }
  const encoder = new TextEncoder();
  return {
    name,
    directory,
    appendMetrics(line) {
      try {
        metrics.writeSync(encoder.encode(JSON.stringify(line) + "\n"));
      } catch (error) {
        throw writeError(error, join(directory, "metrics.jsonl"), directory);
      }
    },
    async writeModel(bytes) {
      const path = join(directory, "model.safetensors");
      await writeFileAtomic(path, bytes);
      return path;
    },
    async writeRecord(record) {
      await writeFileAtomic(join(directory, "run.json"), JSON.stringify(record, null, 2) + "\n");
    },
    close: () => metrics.close(),
  };
}

/** A name for a run that was given none: its model and the time, to the second. */
export function defaultRunName(model: string, now = new Date()): string {
  return `${model}-${now.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15)}`;
}

/** The model file that a run's name, a run's folder or a file's path stands for. */
export async function findModel(runOrFile: string): Promise<string> {
  for (
    const path of [
      runOrFile,
      join(runOrFile, "model.safetensors"),
      join(RUNS, runOrFile, "model.safetensors"),
    ]
  ) {
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw readError(error, path);
      }
    }
  }
  throw new InputError(
    `${runOrFile}: no model there: expected a run's name, a folder with model.safetensors, or such a file`,
  );
}
