/** Stores the engines that `auto` stands for on this machine in `.spikelet/engines.json`, below the current folder. */
import { dirname } from "node:path";
import * as v from "valibot";
import { writeFileAtomic } from "../files/write_file.ts";
import { readNoteSync, writeError } from "../files/file_access.ts";

/** The file of the choices, below the current folder. */
export const CHOICES_FILE = ".spikelet/engines.json";

const schema = v.strictObject({
  /** The choices hold for this machine, Deno and Spikelet alone. */
  machine: v.string(),
  /** By the key of the workload; see `sizeOf`. */
  choices: v.record(
    v.string(),
    v.strictObject({ engine: v.picklist(["wasm", "hybrid", "webgpu"]), reason: v.string() }),
  ),
});

/** The stored choices. */
export type Choices = v.InferOutput<typeof schema>;

/** The choices of this machine; `undefined` where there are none or the file is damaged. */
export function readChoices(machine: string, file: string = CHOICES_FILE): Choices | undefined {
  try {
    const choices = v.parse(schema, JSON.parse(readNoteSync(file)));
    return choices.machine === machine ? choices : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the stored choices. @throws {InputError} when they cannot be written. */
export async function writeChoices(choices: Choices, file: string = CHOICES_FILE): Promise<void> {
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
  } catch (error) {
    throw writeError(error, file, dirname(file));
  }
  await writeFileAtomic(file, JSON.stringify(choices, null, 2) + "\n");
}
