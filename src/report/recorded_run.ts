/**
 * Reads a run's files: `run.json`, `metrics.jsonl`, `epochs.jsonl` and the model. Unknown fields are kept and shown.
 */
import { join } from "node:path";
import * as v from "valibot";
import { InputError } from "../errors.ts";
import { readError, readText } from "../files/file_access.ts";
import { parseJson } from "../text/json.ts";
import { type Model, readModel } from "../network/model_file.ts";
import { type BatchMetrics, batchMetrics } from "../training/batch_metrics.ts";
import { RUNS } from "../runs/run_folder.ts";
import { hasMetadata, readMetadata, type RunMetadata } from "../runs/run_metadata.ts";

const epoch = v.looseObject({
  epoch: v.number(),
  validation: v.nullish(v.looseObject({ loss: v.number(), accuracy: v.number() })),
  /** Hidden units, and how many of them fired for no sample of the epoch. */
  units: v.optional(v.number()),
  silent: v.optional(v.number()),
});

export type { BatchMetrics };

/** A line of `epochs.jsonl`. */
export type EpochMetrics = v.InferOutput<typeof epoch>;

/** A run, as read from its files. */
export interface RecordedRun {
  /** The run's name; of a model without a run, its file's. */
  readonly name: string;
  /** Folder of its files. */
  readonly directory: string;
  /** Missing for a model without a run. */
  readonly metadata?: RunMetadata;
  /** In the order of training; empty for a model without a run. */
  readonly metrics: readonly BatchMetrics[];
  /** In the order of training; empty where none were recorded. */
  readonly epochs: readonly EpochMetrics[];
  /** Missing where training has not ended. */
  readonly model?: Model;
  readonly modelPath?: string;
}

/**
 * Reads a run.
 *
 * @param runOrFile A run's name, its folder, or a model file that belongs to none.
 * @throws {InputError} when there is no such run, or one of its files is damaged.
 */
export async function readRun(runOrFile: string): Promise<RecordedRun> {
  for (const directory of [runOrFile, join(RUNS, runOrFile)]) {
    if (!await hasMetadata(directory)) continue;
    const modelPath = join(directory, "model.safetensors");
    const model = (await infoOf(modelPath))?.isFile ? await readModel(modelPath) : undefined;
    return {
      name: directory.split(/[/\\]/).findLast((part) => part !== "" && part !== ".") ?? directory,
      directory,
      metadata: await readMetadata(directory),
      metrics: await readLines(join(directory, "metrics.jsonl"), batchMetrics),
      epochs: await readLines(join(directory, "epochs.jsonl"), epoch),
      ...(model && { model, modelPath }),
    };
  }
  if ((await infoOf(runOrFile))?.isFile) {
    const parts = runOrFile.split(/[/\\]/);
    return {
      name: (parts.at(-1) ?? runOrFile).replace(/\.safetensors$/, ""),
      directory: parts.slice(0, -1).join("/") || ".",
      metrics: [],
      epochs: [],
      model: await readModel(runOrFile),
      modelPath: runOrFile,
    };
  }
  throw new InputError(
    `${runOrFile}: no run there: expected a run's name, a folder with run.json, or a model.safetensors`,
  );
}

const DAMAGED = "the file is damaged; remove it, or train again";

async function readLines<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema>[]> {
  return await infoOf(path, Deno.lstat) ? parseLines(await readText(path), path, schema) : [];
}

/**
 * Reads JSON line by line. A last line without an end belongs to a run that was cut short, and is left out.
 *
 * @throws {InputError} when a line is damaged; the message names it.
 */
export function parseLines<Schema extends v.GenericSchema>(
  text: string,
  path: string,
  schema: Schema,
): v.InferOutput<Schema>[] {
  return text.split("\n").slice(0, -1).map((line, i) => {
    const parsed = v.safeParse(schema, parseJson(line, path, DAMAGED, i + 1), { abortEarly: true });
    if (parsed.success) return parsed.output;
    const [issue] = parsed.issues, where = `${path}: line ${i + 1}: ${v.getDotPath(issue) ?? "the whole"}`;
    throw new InputError(`${where}: ${issue.message}: remove the line, or train again`);
  });
}

/** What is at a path; undefined where nothing is. */
async function infoOf(path: string, stat = Deno.stat): Promise<Deno.FileInfo | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw readError(error, path);
  }
}
