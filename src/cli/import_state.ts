/** `import --state`: the tensors of a PyTorch state_dict, in a network that a file describes. */
import { Command, Option } from "@commander-js/extra-typings";
import { basename, dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { InputError, OptionError } from "../errors.ts";
import { decodeText, readWhole } from "../files/file_access.ts";
import { checkOutputFile, writeOutputFile } from "../files/output_file.ts";
import { encodeModel, type Model } from "../network/model_file.ts";
import { readNetwork } from "../network/network_file.ts";
import { parseSafetensors } from "../network/safetensors.ts";
import { matchState, type TakenTensor } from "../network/state_dict.ts";
import { describeNetwork } from "../network/words.ts";
import { MODEL_OUTPUT } from "../runs/model_output.ts";
import { makeRuns, RUNS } from "../runs/run_folder.ts";
import { alignColumns } from "../text/columns.ts";
import { parseJson } from "../text/json.ts";
import { pathOption } from "./option_values.ts";
import { openOutput } from "./output.ts";
import { checkMayWriteFile } from "./task_permissions.ts";

/** More bytes than any list of pairs has. */
const LARGEST_MAP = 10_000_000;

/** The options of `import` for a state_dict. */
export const stateOptions = new Command()
  .optionsGroup("From PyTorch:")
  .addOption(pathOption("--state <file>", "tensors of a state_dict, a safetensors file"))
  .addOption(pathOption("--network <file>", "their network's description as JSON (docs/networks.md)"))
  .addOption(pathOption("--map <file>", "a JSON object of tensors' names, ours with theirs"))
  .addOption(
    new Option("--ignore <names>", "tensors to leave out, with commas between them")
      .argParser((text) => text.split(",").filter((name) => name !== "")),
  );

/** A state_dict, and what is said of it. */
export interface StateOptions {
  readonly state: string;
  readonly network?: string | undefined;
  readonly map?: string | undefined;
  readonly ignore?: readonly string[] | undefined;
}

/** A model that has been read from a file of another form. */
export interface Imported {
  readonly model: Model;
  /** What was read, and how; a line each. */
  readonly notes: readonly string[];
  /** The same for machines. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Runs `import --state`. */
export async function runStateImport(
  given: StateOptions & { readonly out?: string | undefined; readonly json?: true },
): Promise<void> {
  const { state } = given;
  const out = given.out ?? join(RUNS, `${basename(state).replace(/\.safetensors$/, "")}.safetensors`);
  if (resolve(dirname(out)) === resolve(RUNS)) await makeRuns();
  await checkOutputFile(out, MODEL_OUTPUT, checkMayWriteFile);
  const { model, notes, details } = await importState(given);
  await writeOutputFile(out, encodeModel(model), MODEL_OUTPUT);
  const { say, result } = openOutput(given);
  say(`${out}: ${describeNetwork(model.spec)}`);
  for (const note of notes) say(note);
  result({ model: out, ...details });
}

/**
 * Reads a network's description, and its tensors from a state_dict.
 *
 * @throws {InputError} when a file cannot be read, or tensors do not fit.
 * @throws {OptionError} when there is no description.
 */
export async function importState({ state, network, map, ignore = [] }: StateOptions): Promise<Imported> {
  if (network === undefined) {
    throw new OptionError("--state: expected --network FILE.json beside it, the description of the network");
  }
  const spec = await readNetwork(network);
  const pairs = map === undefined ? undefined : await readMap(map);
  const { tensors } = parseSafetensors(await readWhole(state), state);
  const { parameters, taken, agreeing, ignored } = matchState(spec, tensors, {
    ...(pairs && { map: pairs }),
    ignore,
    names: { state, network },
  });
  return {
    model: { spec, parameters, metadata: { imported: basename(state) } },
    notes: [
      ...alignColumns(taken.map(({ ours, theirs, how }) => [ours, theirs ?? "", WORDS[how]])),
      ...(agreeing.length > 0 ? [`as ${network} says: ${agreeing.join(", ")}`] : []),
      ...(ignored.length > 0 ? [`left out: ${ignored.join(", ")}`] : []),
    ],
    details: { taken, agreeing, ignored },
  };
}

const WORDS: Readonly<Record<TakenTensor["how"], string>> = {
  name: "by name",
  map: "by --map",
  shape: "by shape and order",
  description: "as the description says",
};

/** Reads pairs of names. @throws {InputError} when the file is no JSON object of texts. */
async function readMap(path: string): Promise<ReadonlyMap<string, string>> {
  const advice = 'expected our names with theirs, such as { "fc1.weight": "net.0.weight" }';
  const json = parseJson(decodeText(await readWhole(path, LARGEST_MAP)), path, advice);
  const parsed = v.safeParse(v.record(v.string(), v.string()), json);
  if (!parsed.success) throw new InputError(`${path}: no object of texts: ${advice}`);
  return new Map(Object.entries(parsed.output));
}
