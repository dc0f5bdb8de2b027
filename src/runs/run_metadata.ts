/** `run.json`, the metadata of a run: its options, sessions and result. */
import * as v from "valibot";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../files/write_file.ts";
import { InputError } from "../errors.ts";
import { exists, LARGEST_NOTE, readText } from "../files/file_access.ts";
import { parseJson } from "../text/json.ts";
import { presentModelName } from "../network/former_names.ts";

const FILE = "run.json";

/** State of a run as stored; a killed process leaves `running` and a free lock. */
export const RUN_STATES = ["running", "interrupted", "failed", "finished"] as const;

const session = v.looseObject({ started: v.string(), threads: v.number(), kernels: v.string() });

/** Versions of Spikelet record different fields: only those that are read back are checked; the rest is kept unchanged. */
const schema = v.looseObject({
  state: v.picklist(RUN_STATES),
  version: v.optional(v.string()),
  started: v.optional(v.string()),
  finished: v.optional(v.string()),
  /** The command that repeats the run, if a command started it. */
  command: v.optional(v.array(v.string())),
  /** Options, as written by {@linkcode recordOptions}. */
  options: v.looseObject({
    model: v.optional(v.pipe(v.string(), v.transform(presentModelName))),
    epochs: v.optional(v.number()),
    seed: v.optional(v.number()),
    data: v.nullish(v.string()),
  }),
  /** Sessions: the periods in which a process worked on the run. */
  sessions: v.optional(v.array(session), []),
  kernels: v.optional(v.string()),
  deno: v.optional(v.looseObject({ deno: v.string() })),
  error: v.optional(v.string()),
  result: v.optional(v.looseObject({
    trainSamples: v.optional(v.number()),
    seconds: v.number(),
    samplesPerSecond: v.optional(v.number()),
    test: v.looseObject({
      loss: v.number(),
      accuracy: v.number(),
      correct: v.optional(v.number()),
      total: v.optional(v.number()),
    }),
    weightsSha256: v.optional(v.string()),
    warnings: v.optional(v.array(v.string()), []),
  })),
});

/** The fields of `run.json` that are read back. */
export type RunMetadata = v.InferOutput<typeof schema>;

/** Reads a run's metadata. @throws {InputError} when they are missing or damaged. */
export async function readMetadata(directory: string): Promise<RunMetadata> {
  const path = join(directory, FILE);
  return parseMetadata(await readText(path, LARGEST_NOTE), path);
}

/**
 * Reads a run's metadata from the text of its file.
 *
 * @param path The file's name in messages.
 * @throws {InputError} when the text is damaged.
 */
export function parseMetadata(text: string, path: string): RunMetadata {
  const value = parseJson(text, path, "the file is damaged");
  const parsed = v.safeParse(schema, value, { abortEarly: true });
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new InputError(
    `${path}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}: these are not a run's metadata`,
  );
}

/**
 * Finds the data folder of a model's run; undefined for MNIST, and for a model outside any run.
 *
 * @param model The path of a run's model, or of one of its checkpoints.
 * @throws {InputError} when the run's metadata are damaged.
 */
export async function dataOfRun(model: string): Promise<string | undefined> {
  const folder = dirname(model);
  const directory = basename(folder) === "checkpoints" ? dirname(folder) : folder;
  if (!await hasMetadata(directory)) return undefined;
  return (await readMetadata(directory)).options.data ?? undefined;
}

/** Writes a run's metadata. @throws {InputError} when they cannot be written. */
export async function writeMetadata(
  directory: string,
  metadata: Readonly<Record<string, unknown>>,
): Promise<void> {
  await writeFileAtomic(join(directory, FILE), JSON.stringify(metadata, null, 2) + "\n");
}

/** Whether a folder has `run.json`, readable or not: a run writes it first. */
export async function hasMetadata(directory: string): Promise<boolean> {
  return await exists(join(directory, FILE));
}
