/** The runs below `runs/`: lists, describes and removes them. */
import * as v from "valibot";
import { join } from "node:path";
import { isOwnFolder } from "../files/write_file.ts";
import { InputError } from "../errors.ts";
import { readError, sizeOfFile, writing } from "../files/file_access.ts";
import { INVOCATION } from "../text/invocation.ts";
import { checkpointPaths } from "./checkpoint_folder.ts";
import { readCheckpoint } from "./read_checkpoint.ts";
import { kindOfFolder } from "./folder_kind.ts";
import { checkRunName, runNameOf, RUNS } from "./run_folder.ts";
import { checkUnlocked, isLocked, lockRun } from "./run_lock.ts";
import { hasMetadata, readMetadata, type RunMetadata } from "./run_metadata.ts";

/**
 * The state of a run: that of its metadata, `killed` where they are out of date, `damaged` where they cannot be read, `empty` where
 * there are none yet, `foreign` where the folder is no run's and holds other files.
 */
export type RunState = RunMetadata["state"] | "killed" | "damaged" | "empty" | "foreign";

/** A run, described by its metadata. */
export interface RunEntry {
  readonly name: string;
  readonly directory: string;
  readonly state: RunState;
  /** Absent where the metadata cannot be read. */
  readonly metadata?: RunMetadata;
  /** What is wrong with the metadata. */
  readonly fault?: string;
  /** Progress of its last line of metrics. */
  readonly reached?: RunPoint;
}

const runPoint = v.object({ epoch: v.number(), batch: v.number(), seconds: v.number() });
/** Position of a trained batch. */
type RunPoint = Readonly<v.InferOutput<typeof runPoint>>;

/** A checkpoint file, with its progress or its fault. */
export interface CheckpointEntry {
  readonly path: string;
  readonly at?: { readonly epoch: number; readonly batch: number };
  readonly fault?: string;
}

/** Lists all runs in the order of their start; those with unreadable metadata come last. */
export async function listRuns(): Promise<RunEntry[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(RUNS)) {
      if (isDirectory && !name.startsWith(".")) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw readError(error, RUNS);
  }
  const runs = await Promise.all(names.map(readEntry));
  const begun = ({ metadata }: RunEntry) => metadata?.started ?? "~";
  return runs.sort((a, b) => begun(a) < begun(b) ? -1 : begun(a) > begun(b) ? 1 : a.name < b.name ? -1 : 1);
}

/** Finds a run by its name or its folder. @throws {InputError} when there is none of this name. */
export async function findRun(nameOrFolder: string): Promise<RunEntry> {
  const name = runNameOf(nameOrFolder);
  checkRunName(name, "run");
  const directory = join(RUNS, name);
  if (await isOwnFolder(directory)) return await readEntry(name);
  throw new InputError(
    `${directory}: there is no run of this name: \`${INVOCATION} runs\` lists those that there are`,
  );
}

/** Reads and checks all checkpoints of a run. */
export async function readCheckpoints({ directory }: RunEntry): Promise<CheckpointEntry[]> {
  const entries: CheckpointEntry[] = [];
  for (const path of Object.values(checkpointPaths(directory))) {
    try {
      if (!(await Deno.stat(path)).isFile) continue;
      const { progress: { epoch, batch } } = await readCheckpoint(path);
      entries.push({ path, at: { epoch, batch } });
    } catch (error) {
      if (error instanceof InputError) entries.push({ path, fault: error.message });
      else if (!(error instanceof Deno.errors.NotFound)) throw readError(error, path);
    }
  }
  return entries;
}

/** Checks that a folder may be removed: it is a run's, and no process has locked it. @throws {InputError} when it may not. */
export async function checkRemovable({ directory }: RunEntry): Promise<void> {
  if (!await hasMetadata(directory) && await kindOfFolder(directory) !== "empty") {
    throw new InputError(
      `${directory}: this is no run, for it has no run.json: what is in it is left alone; remove it by other means`,
    );
  }
  await checkUnlocked(directory);
}

/**
 * Removes a run with all that is in its folder.
 *
 * @throws {InputError} when it is no run, a process has locked it, or it cannot be removed.
 */
export async function removeRun(run: RunEntry): Promise<void> {
  const { directory } = run;
  await checkRemovable(run);
  using _lock = await lockRun(directory);
  await writing(directory, RUNS, () => Deno.remove(directory, { recursive: true }));
}

async function readEntry(name: string): Promise<RunEntry> {
  const directory = join(RUNS, name);
  const reached = await readReached(join(directory, "metrics.jsonl"));
  const common = { name, directory, ...(reached && { reached }) };
  let locked = false;
  try {
    locked = await isLocked(directory);
    const metadata = await readMetadata(directory);
    return {
      ...common,
      metadata,
      state: locked ? "running" : metadata.state === "running" ? "killed" : metadata.state,
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const kind = await kindOfFolder(directory), left = kind === "run" ? "damaged" : kind;
    return { ...common, state: locked ? "running" : left, fault: error.message };
  }
}

/** Position of the last whole line of a metrics file; `undefined` without lines. */
async function readReached(path: string): Promise<RunPoint | undefined> {
  try {
    const size = await sizeOfFile(path);
    using file = await Deno.open(path);
    const bytes = new Uint8Array(Math.min(size, 4096));
    await file.seek(size - bytes.length, Deno.SeekMode.Start);
    for (let read = 0; read < bytes.length;) read += await file.read(bytes.subarray(read)) ?? bytes.length;
    return v.parse(runPoint, JSON.parse(new TextDecoder().decode(bytes).split("\n").at(-2) ?? ""));
  } catch {
    return undefined; // a list of runs does not report damaged lines
  }
}
