/** Classifies a folder below `runs/`: a run, the remains of a run stopped before it started, or a user's own folder. */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { exists, reading } from "../files/file_access.ts";
import { INVOCATION } from "../text/invocation.ts";
import { checkpointPaths } from "./checkpoint_folder.ts";
import { hasMetadata, readMetadata } from "./run_metadata.ts";

/** A run's folder has `run.json` or a checkpoint; an empty one has only the empty files of a run that never started. */
export type FolderKind = "run" | "empty" | "foreign";

/** Classifies a folder. @throws {InputError} when it cannot be read. */
export async function kindOfFolder(directory: string): Promise<FolderKind> {
  if (await hasMetadata(directory)) return "run";
  const { last, previous } = checkpointPaths(directory);
  for (const path of [last, previous]) {
    if (await exists(path)) return "run";
  }
  return await foreignIn(directory) === undefined ? "empty" : "foreign";
}

/** The first name in a folder that is not a file of a run that never started; undefined where there is none. */
async function foreignIn(directory: string): Promise<string | undefined> {
  const foreign: string[] = [];
  await reading(directory, async () => {
    for await (const { name, isFile } of Deno.readDir(directory)) {
      const ours = isFile && /^(\.lock|metrics\.jsonl|epochs\.jsonl|\.spikelet-.*\.tmp)$/.test(name);
      const isEmpty = !name.endsWith(".jsonl") || (await Deno.stat(join(directory, name))).size === 0;
      if (!ours || !isEmpty) foreign.push(name);
    }
  });
  return foreign.toSorted()[0];
}

/** The error for resuming a folder that is no run's. */
export async function notRun(directory: string, name: string): Promise<InputError> {
  const foreign = await foreignIn(directory);
  return new InputError(
    foreign === undefined
      ? `${directory}: it was stopped before it began: train it anew with --name ${name}`
      : `${directory}: this is no run: it has no run.json, and it holds ${foreign}: \`${INVOCATION} runs\` lists the runs`,
  );
}

/** The error for a new run whose folder exists already, with the remedies. */
export async function takenBy(directory: string, name: string): Promise<InputError> {
  if (await kindOfFolder(directory) === "foreign") {
    return new InputError(
      `${directory}: this folder is no run, and it holds ${await foreignIn(
        directory,
      )}: choose another --name, or move it away`,
    );
  }
  const remedies = {
    open: `or resume it: ${INVOCATION} train --resume ${name}`,
    extensible: `remove that one: ${INVOCATION} runs rm ${name}, or train it for more epochs: ` +
      `${INVOCATION} train --resume ${name} --epochs NUMBER`,
    closed: `or remove that one: ${INVOCATION} runs rm ${name}`,
    damaged: "for its run.json cannot be read",
  };
  const condition = await conditionOf(directory);
  const what = condition === "open"
    ? "an unfinished run"
    : condition === "damaged"
    ? "a run"
    : "a finished run";
  return new InputError(
    `${directory}: there is ${what} of this name already: choose another --name, ${remedies[condition]}`,
  );
}

/** Whether and how a run can be extended: not after its learning rate fell to 0 or `patience` ended it. */
async function conditionOf(directory: string): Promise<"open" | "extensible" | "closed" | "damaged"> {
  try {
    const { state, options: { schedule, patience } } = await readMetadata(directory);
    if (state !== "finished") return "open";
    const isCosine = typeof schedule === "object" && schedule !== null && "kind" in schedule &&
      schedule.kind === "cosine";
    return isCosine || typeof patience === "number" ? "closed" : "extensible";
  } catch (error) {
    if (error instanceof InputError) return "damaged";
    throw error;
  }
}
