/** What Spikelet writes into a NIR file's metadata, beside what NIR says: the options, and what a network has beyond NIR. */
import * as v from "valibot";
import { InputError } from "../errors.ts";
import { type Encoder, encoderSchema } from "../network/encoders.ts";
import { LIMITS } from "../network/limits.ts";
import { REDUCERS } from "../network/spec.ts";
import type { GraphReadout } from "../network/graph.ts";
import { readHdf5 } from "./hdf5/read.ts";
import { type Dataset, type Group, isGroup } from "./hdf5/tree.ts";
import { type NirOptions, parseNirOptions } from "./options.ts";
import type { Reading } from "./reading.ts";

/** The notes' name in the metadata of the whole graph. */
export const OWN_NOTES = "spikelet";

/** The notes. */
export interface OwnNotes {
  readonly options: Partial<NirOptions>;
  readonly steps: number;
  readonly encoder: Encoder;
  readonly reduce: GraphReadout["reduce"];
}

const schema = v.object({
  options: v.unknown(),
  steps: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.steps)),
  encoder: encoderSchema,
  reduce: v.picklist(REDUCERS),
});

/** Whether the bytes of a file are a NIR file with such notes. */
export async function isOwnNir(bytes: Uint8Array, name: string): Promise<boolean> {
  try {
    return textOf(await readHdf5(bytes, name)) !== undefined;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** Reads the notes of a file that Spikelet wrote; `undefined` where there are none. Damaged ones are left out with a warning. */
export function readOwnNotes(root: Group, reading: Reading): OwnNotes | undefined {
  const text = textOf(root);
  if (text === undefined) return undefined;
  try {
    const { options, ...others } = v.parse(schema, JSON.parse(text));
    return { options: parseNirOptions(options), ...others };
  } catch {
    reading.warn(`metadata ${OWN_NOTES}: damaged, and left out`);
    return undefined;
  }
}

/** Writes the notes. */
export function writeOwnNotes(notes: OwnNotes): Group {
  return new Map([[OWN_NOTES, { shape: [], strings: [JSON.stringify(notes)] }]]);
}

function textOf(root: Group): string | undefined {
  let entry: Group | Dataset | undefined = root;
  for (const name of ["node", "metadata", OWN_NOTES]) {
    if (!entry || !isGroup(entry)) return undefined;
    entry = entry.get(name);
  }
  return entry && !isGroup(entry) && "strings" in entry ? entry.strings[0] : undefined;
}
