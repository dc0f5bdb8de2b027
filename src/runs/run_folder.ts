/**
 * A run on disk: `runs/<name>/` with `model.safetensors`, `metrics.jsonl` (a line a batch), `epochs.jsonl` (a line an
 * epoch), `run.json` and `checkpoints/`.
 */
import * as v from "valibot";
import { basename, join } from "node:path";
import { isOwnFolder, removeLeftovers, writeFileAtomic } from "../files/write_file.ts";
import { InputError, OptionError } from "../errors.ts";
import { exists, readError, writeError } from "../files/file_access.ts";
import { INVOCATION } from "../text/invocation.ts";
import { checkpointPaths } from "./checkpoint_folder.ts";
import { cutJsonLines, type JsonLines, openJsonLines } from "../files/json_lines.ts";
import { checkUnlocked, lockRun, type RunLock } from "./run_lock.ts";
import { kindOfFolder, notRun, takenBy } from "./folder_kind.ts";
import { hasMetadata } from "./run_metadata.ts";

/** The folder of all runs, below the current folder. */
export const RUNS = "runs";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** A run's folder, locked by this process until disposed of. */
export interface RunFolder extends Disposable {
  readonly name: string;
  readonly directory: string;
  /** A line a batch. */
  readonly metrics: JsonLines;
  /** A line an epoch. */
  readonly epochs: JsonLines;
  /** Writes `model.safetensors`; returns its path. */
  writeModel(bytes: Uint8Array): Promise<string>;
}

/** The last lines of a run's files to keep; numbers count from 1. */
export interface LinesToKeep {
  /** Number of the last batch in the whole run. */
  readonly batch: number;
  readonly epoch: number;
  /** Batches of an epoch. */
  readonly batches: number;
}

/** Gets a run's name from a user's argument, which may be the path of its folder (shells complete it). */
export function runNameOf(text: string): string {
  return text.replace(/^runs[/\\]/, "").replace(/[/\\]$/, "");
}

/** Checks a run's name. @throws {OptionError} when it is not a valid folder name on every system. */
export function checkRunName(name: string, option = "--name"): void {
  if (NAME.test(name)) return;
  throw new OptionError(
    `${option} ${
      JSON.stringify(name)
    }: expected 1 to 100 letters, digits, dots, dashes and underscores, no dot or dash first`,
  );
}

/**
 * Creates the folder of a new run. Reuses a folder that an earlier run of this name left before it started.
 *
 * @throws {OptionError} when the name is not a valid folder name.
 * @throws {InputError} when a run of that name exists, or the folder cannot be created.
 */
export async function createRunFolder(name: string): Promise<RunFolder> {
  checkRunName(name);
  const directory = join(RUNS, name);
  await makeRuns();
  if (
    !await makeFolder(directory) &&
    !(await isOwnFolder(directory) && await kindOfFolder(directory) === "empty")
  ) {
    await checkUnlocked(directory);
    throw await takenBy(directory, name);
  }
  const lock = await lockRun(directory);
  if (await hasMetadata(directory)) { // another process created the run meanwhile
    lock[Symbol.dispose]();
    throw await takenBy(directory, name);
  }
  return await openFiles(name, lock);
}

/** Creates the folder of a run without a given name: {@linkcode defaultRunName}, with a number if that is taken. */
export async function createNamedFolder(model: string, now = new Date()): Promise<RunFolder> {
  const base = defaultRunName(model, now);
  await makeRuns();
  for (let number = 1;; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (await makeFolder(join(RUNS, name))) return await openFiles(name, await lockRun(join(RUNS, name)));
  }
}

/**
 * Locks the folder of a run to resume.
 *
 * @throws {InputError} when there is no such run, or another process has locked it.
 */
export async function lockRunFolder(name: string): Promise<RunLock> {
  checkRunName(name, "--resume");
  const directory = join(RUNS, name);
  if (!await isOwnFolder(directory)) {
    throw new InputError(
      `${directory}: there is no run of this name: \`${INVOCATION} runs\` lists those that there are`,
    );
  }
  if (await kindOfFolder(directory) !== "run") {
    await checkUnlocked(directory); // one that is about to begin
    throw await notRun(directory, name);
  }
  return await lockRun(directory);
}

/**
 * Opens the files of a run to resume, cut back to the lines to keep.
 *
 * @returns The folder, and notices on damaged lines.
 * @throws {InputError} when they cannot be read or written.
 */
export async function reopenRunFolder(
  name: string,
  lock: RunLock,
  { batch, epoch, batches }: LinesToKeep,
): Promise<{ readonly folder: RunFolder; readonly notices: string[] }> {
  const { directory } = lock;
  await removeLeftovers(directory);
  const notices: string[] = [];
  for (
    const [file, last, place] of [
      ["metrics.jsonl", batch, (value: LinePosition) => (value.epoch - 1) * batches + value.batch],
      ["epochs.jsonl", epoch, (value: LinePosition) => value.epoch],
    ] as const
  ) {
    const path = join(directory, file);
    const { kept, damaged } = await cutJsonLines(path, directory, positionBy(place), last);
    if (kept < last) {
      notices.push(
        `${path}: ${last - kept} of ${last} lines are missing${
          damaged > 0 ? " or damaged" : ""
        }; the run itself is whole`,
      );
    }
  }
  return { folder: await openFiles(name, lock), notices };
}

const linePosition = v.object({ epoch: v.number(), batch: v.optional(v.number(), 0) });
/** The epoch and batch of a line. */
type LinePosition = v.InferOutput<typeof linePosition>;

function positionBy(place: (value: LinePosition) => number): (value: unknown) => number | undefined {
  return (value) => {
    const parsed = v.safeParse(linePosition, value), at = parsed.success ? place(parsed.output) : undefined;
    return Number.isSafeInteger(at) ? at : undefined;
  };
}

async function openFiles(name: string, lock: RunLock): Promise<RunFolder> {
  const { directory } = lock;
  const opened: Disposable[] = [lock];
  const dispose = () => opened.splice(0).forEach((each) => each[Symbol.dispose]());
  const open = async (file: string) => {
    const lines = await openJsonLines(join(directory, file), directory);
    opened.push({ [Symbol.dispose]: () => lines.close() });
    return lines;
  };
  try {
    return {
      name,
      directory,
      metrics: await open("metrics.jsonl"),
      epochs: await open("epochs.jsonl"),
      async writeModel(bytes) {
        const path = join(directory, "model.safetensors");
        await writeFileAtomic(path, bytes);
        return path;
      },
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Creates the folder of all runs if it does not exist. @throws {InputError} when it cannot be created. */
export async function makeRuns(): Promise<void> {
  try {
    await Deno.mkdir(RUNS, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new InputError(`${RUNS}: this is a file; expected a folder for the runs: move it away`);
    }
    throw writeError(error, RUNS, error instanceof Deno.errors.NotCapable ? RUNS : ".");
  }
}

/** Creates a run's folder; false if one of this name exists. */
async function makeFolder(directory: string): Promise<boolean> {
  try {
    await Deno.mkdir(directory);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw writeError(error, directory, RUNS);
  }
}

/** The default name of a run: its model and the time, to the second. */
export function defaultRunName(model: string, now = new Date()): string {
  return `${model}-${now.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15)}`;
}

/** The model file that a run's name, a run's folder or a file's path stands for. */
export async function findModel(runOrFile: string, takesCheckpoints = false): Promise<string> {
  const folders = [runOrFile, join(RUNS, runOrFile)];
  for (const path of [runOrFile, ...folders.map((folder) => join(folder, "model.safetensors"))]) {
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
        throw readError(error, path);
      }
    }
  }
  for (const folder of folders) {
    const { last, previous } = checkpointPaths(folder);
    for (const path of [last, previous]) {
      if (!await exists(path)) continue;
      throw new InputError(
        `${runOrFile}: the run is not finished: resume it (${INVOCATION} train --resume ${
          basename(folder)
        })` +
          (takesCheckpoints ? `, or measure its checkpoint, ${path} (${INVOCATION} evaluate)` : ""),
      );
    }
  }
  throw new InputError(
    `${runOrFile}: no model there: expected a run's name, a folder with model.safetensors, or such a file`,
  );
}
