/**
 * `run.json`: what a run was asked for, when it was at work and with what, and what it came to.
 *
 * @module
 */
import * as v from "valibot";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../data/write_file.ts";
import { InputError } from "../errors.ts";
import { LARGEST_NOTE, readText } from "../file_access.ts";
import { parseJson } from "../json.ts";

const FILE = "run.json";

/** What a run says of itself; a process that was killed leaves `running`, and a lock that is free. */
export const RUN_STATES = ["running", "interrupted", "failed", "finished"] as const;

const session = v.looseObject({ started: v.string(), threads: v.number(), kernels: v.string() });
const score = v.object({ accuracy: v.number(), loss: v.number() });
const schema = v.looseObject({
  state: v.picklist(RUN_STATES),
  version: v.string(),
  started: v.string(),
  finished: v.optional(v.string()),
  /** The command that asks for the same run again, where a command asked for it. */
  command: v.optional(v.array(v.string())),
  /** As {@linkcode recordOptions} wrote them. */
  options: v.looseObject({ model: v.string(), epochs: v.number(), seed: v.number() }),
  /** The times that a process was at work on it. */
  sessions: v.optional(v.array(session), []),
  error: v.optional(v.string()),
  result: v.optional(v.object({
    seconds: v.number(),
    test: score,
    weightsSha256: v.string(),
    warnings: v.optional(v.array(v.string()), []),
  })),
});

/** What `run.json` holds, as far as it is read again. */
export type RunRecord = v.InferOutput<typeof schema>;

/** Reads a run's record. @throws {InputError} when it is missing or damaged. */
export async function readRecord(directory: string): Promise<RunRecord> {
  const path = join(directory, FILE);
  const value = parseJson(await readText(path, LARGEST_NOTE), path, "the file is damaged");
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new InputError(`${path}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
}

/**
 * The folder of the data that a model's run was trained on; undefined where that is MNIST, and for a file outside any run.
 *
 * @param model The path of a run's model, or of one of its checkpoints.
 * @throws {InputError} when the run's record is damaged.
 */
export async function dataOfRun(model: string): Promise<string | undefined> {
  const folder = dirname(model);
  const directory = basename(folder) === "checkpoints" ? dirname(folder) : folder;
  if (!await hasRecord(directory)) return undefined;
  const { data } = (await readRecord(directory)).options;
  return typeof data === "string" ? data : undefined;
}

/** Writes a run's record. @throws {InputError} when it cannot be written. */
export async function writeRecord(
  directory: string,
  record: Readonly<Record<string, unknown>>,
): Promise<void> {
  await writeFileAtomic(join(directory, FILE), JSON.stringify(record, null, 2) + "\n");
}

/** Whether a folder has a record, be it readable or not: a run begins by writing it. */
export async function hasRecord(directory: string): Promise<boolean> {
  try {
    await Deno.lstat(join(directory, FILE));
    return true;
  } catch {
    return false;
  }
}
