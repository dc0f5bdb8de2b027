/**
 * Finds the engine that `auto` stands for on a machine, and remembers it in `.spikelet/engines.json` below the current folder.
 *
 * Asking for an adapter takes longer than all the rest of a start, and the driver that answers stays in memory. So that answer is
 * remembered for a day, too. The file is a cache: without it, or where it cannot be written, `auto` is wasm.
 *
 * @module
 */
import { dirname } from "node:path";
import * as v from "valibot";
import { writeFileAtomic } from "../data/write_file.ts";
import { SpikeletError } from "../errors.ts";
import { readNoteSync } from "../file_access.ts";
import { type AdapterNote, type Choice, chooseByAdapter, chooseByTime, type Measurement } from "./auto.ts";
import { findAdapters, type Gpu } from "./gpu/adapter.ts";

/** Where the cache lies, below the current folder. */
export const CHOICES_FILE = ".spikelet/engines.json";

/** An adapter that came or went is noticed after so many milliseconds. */
const A_DAY = 24 * 60 * 60 * 1000;

const schema = v.strictObject({
  machine: v.string(),
  asked: v.number(),
  adapter: v.nullable(v.strictObject({ name: v.string(), isSoftware: v.boolean() })),
  choices: v.record(
    v.string(),
    v.strictObject({ engine: v.picklist(["wasm", "hybrid", "webgpu"]), reason: v.string() }),
  ),
});

/** What is remembered. */
export type Choices = v.InferOutput<typeof schema>;

/** What decides a choice. */
export interface AutoOptions {
  /** What figures hold for; those of another machine, Deno or Spikelet are forgotten. */
  readonly machine: string;
  /** What the network and its batches are like; see `sizeOf`. */
  readonly size: string;
  /** Where adapters are found. */
  readonly gpu: Gpu | undefined;
  /** Times every engine, those with a GPU on the fastest adapter. */
  readonly measure: () => Promise<readonly Measurement[]>;
  /** Hears of a choice that has just been measured, in one line. */
  readonly onNotice: ((line: string) => void) | undefined;
  /** Where it is remembered. @default {CHOICES_FILE} */
  readonly file?: string;
}

/** What is remembered for this machine; `undefined`: nothing, or of another machine, or the file is damaged. */
export function readChoices(machine: string, file: string = CHOICES_FILE): Choices | undefined {
  try {
    const choices = v.parse(schema, JSON.parse(readNoteSync(file)));
    return choices.machine === machine ? choices : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks for the adapter, where that has not been done for a day, and remembers it: in a process of its own, so that it is not the one
 * that trains which has the driver in memory.
 */
export async function askForAdapter(
  { machine, gpu, file = CHOICES_FILE }: Pick<AutoOptions, "machine" | "gpu" | "file">,
): Promise<void> {
  const known = readChoices(machine, file);
  if (known && isOfToday(known)) return;
  const remember = (adapter: AdapterNote | null) =>
    write(file, { machine, asked: Date.now(), adapter, choices: known?.choices ?? {} });
  await remember(null); // a driver that ends the process is not asked again and again
  await remember(await findNote(gpu));
}

/** What is known of an adapter and a size without measuring; `undefined`: nothing. */
export function knownChoice(
  choices: Choices | undefined,
  adapter: AdapterNote | undefined,
  size: string,
): Choice | undefined {
  return chooseByAdapter(adapter) ?? choices?.choices[`${adapter?.name}: ${size}`];
}

/** The engine to take: as remembered, or else as found and measured now, if it can be remembered then. */
export async function findChoice(
  { machine, size, gpu, measure, onNotice, file = CHOICES_FILE }: AutoOptions,
): Promise<Choice> {
  const choices = readChoices(machine, file);
  const remembered = choices && knownChoice(choices, choices.adapter ?? undefined, size);
  if (remembered && isOfToday(choices)) return remembered;
  const { state } = await Deno.permissions.query({ name: "write", path: file });
  if (state !== "granted") return remembered ?? { engine: "wasm", reason: "nothing has been measured here" };
  const adapter = await findNote(gpu);
  let choice = knownChoice(choices, adapter ?? undefined, size);
  if (!choice && adapter) {
    choice = chooseByTime(adapter, await measure());
    onNotice?.(`auto takes ${choice.engine}: ${choice.reason}; remembered in ${file}`);
  }
  if (!choice) throw new Error("no adapter, and no choice");
  const isMeasured = adapter !== null && !adapter.isSoftware;
  await write(file, {
    machine,
    asked: Date.now(),
    adapter,
    choices: { ...choices?.choices, ...(isMeasured && { [`${adapter.name}: ${size}`]: choice }) },
  });
  return choice;
}

function isOfToday({ asked }: Choices): boolean {
  return Date.now() - asked < A_DAY;
}

/** What is remembered of the fastest adapter; `null` where there is none. */
async function findNote(gpu: Gpu | undefined): Promise<AdapterNote | null> {
  const [adapter] = await findAdapters(gpu);
  return adapter ? { name: adapter.description.name, isSoftware: adapter.description.isSoftware } : null;
}

async function write(file: string, choices: Choices): Promise<void> {
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, JSON.stringify(choices, null, 2) + "\n");
  } catch (error) {
    // A cache that cannot be written is no reason not to train.
    if (!(error instanceof SpikeletError || error instanceof Error && "code" in error)) throw error;
  }
}
