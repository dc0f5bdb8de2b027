/**
 * Remembers in `.spikelet/engines.json`, below the current folder, which engine `auto` stands for on a machine.
 *
 * @module
 */
import { dirname } from "node:path";
import * as v from "valibot";
import { writeFileAtomic } from "../files/write_file.ts";
import { readNoteSync, writeError } from "../files/file_access.ts";

/** Where the choices lie, below the current folder. */
export const CHOICES_FILE = ".spikelet/engines.json";

const schema = v.strictObject({
  /** What figures hold for; those of another machine, Deno or Spikelet are forgotten. */
  machine: v.string(),
  /** By what the network and its batches are like; see `sizeOf`. */
  choices: v.record(
    v.string(),
    v.strictObject({ engine: v.picklist(["wasm", "hybrid", "webgpu"]), reason: v.string() }),
  ),
});

/** What is remembered. */
export type Choices = v.InferOutput<typeof schema>;

/** What is remembered for this machine; `undefined`: nothing, or of another machine, or the file is damaged. */
export function readChoices(machine: string, file: string = CHOICES_FILE): Choices | undefined {
  try {
    const choices = v.parse(schema, JSON.parse(readNoteSync(file)));
    return choices.machine === machine ? choices : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers choices in place of those before. @throws {InputError} when they cannot be written. */
export async function writeChoices(choices: Choices, file: string = CHOICES_FILE): Promise<void> {
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
  } catch (error) {
    throw writeError(error, file, dirname(file));
  }
  await writeFileAtomic(file, JSON.stringify(choices, null, 2) + "\n");
}
