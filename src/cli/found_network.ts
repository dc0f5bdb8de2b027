/** The network that a word stands for: a file's, a preset's or a run's. */
import { join } from "node:path";
import { InputError, OptionError } from "../errors.ts";
import { exists, readError } from "../files/file_access.ts";
import { presentModelName } from "../network/former_names.ts";
import type { GraphSpec } from "../network/graph.ts";
import { isSafetensorsFile, readNetwork } from "../network/network_file.ts";
import { checkpointPaths } from "../runs/checkpoint_folder.ts";
import { readTrained } from "../runs/read_checkpoint.ts";
import { RUNS } from "../runs/run_folder.ts";
import { hasMetadata, readMetadata } from "../runs/run_metadata.ts";
import { firingRatesOf, networkOf } from "../runs/recorded_network.ts";
import { listRuns } from "../runs/runs.ts";
import { presetOf } from "../training/presets.ts";
import { INVOCATION } from "./command.ts";
import { MODELS } from "./network_options.ts";
import { userPathOrName } from "./user_path.ts";

/** So many runs are named where one is missing. */
const MOST_NAMED = 5;

/** A network, and where it is from. */
export interface FoundNetwork {
  /** Such as `the preset wide`. */
  readonly source: string;
  readonly spec: GraphSpec;
  /** The firing rate of each population as its run recorded it, by node. */
  readonly rates: ReadonlyMap<string, number>;
}

/**
 * Finds a network: a file that describes one or holds a trained one, then a run's folder, then a preset, then a run by its name.
 *
 * @throws {OptionError} when the word is missing.
 * @throws {InputError} when there is none of this name, or a file cannot be read.
 */
export async function findNetwork(word: string | undefined): Promise<FoundNetwork> {
  if (word === undefined) {
    throw new OptionError(`network: expected a file, a preset or a run: ${await choices()}`);
  }
  const path = userPathOrName(word), preset = MODELS.find((name) => name === presentModelName(word));
  if (await isFile(path)) {
    const spec = await isSafetensorsFile(path) ? (await readTrained(path)).spec : await readNetwork(path);
    return { source: path, spec, rates: new Map() };
  }
  const found = await networkIn(path);
  if (found) return found;
  if (preset !== undefined) {
    return { source: `the preset ${preset}`, spec: presetOf(preset).network({}), rates: new Map() };
  }
  const run = await networkIn(join(RUNS, word));
  if (run) return run;
  throw new InputError(`${word}: no such file, preset or run: ${await choices()}`);
}

/** The network of a run's folder: as its metadata, its model or its checkpoint describe it. */
async function networkIn(directory: string): Promise<FoundNetwork | undefined> {
  const metadata = await hasMetadata(directory) ? await readMetadata(directory) : undefined;
  const described = metadata && networkOf({ metadata });
  const source = `${metadata ? "the run " : ""}${directory}`;
  if (described) {
    return { source, spec: described, rates: firingRatesOf(described, metadata) };
  }
  for (const path of [join(directory, "model.safetensors"), ...Object.values(checkpointPaths(directory))]) {
    if (!await isFile(path)) continue;
    const { spec } = await readTrained(path);
    return { source, spec, rates: metadata ? firingRatesOf(spec, metadata) : new Map() };
  }
  return undefined;
}

/** The presets and the latest runs. */
async function choices(): Promise<string> {
  const runs = (await listRuns()).filter(({ metadata }) => metadata).map(({ name }) => name).toReversed();
  const more = runs.length > MOST_NAMED ? ", …" : "";
  const named = runs.length === 0
    ? `there are no runs yet (${INVOCATION} train makes one)`
    : `runs are ${runs.slice(0, MOST_NAMED).join(", ")}${more}`;
  return `presets are ${MODELS.join(", ")}; ${named}`;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return await exists(path) && !(await Deno.stat(path)).isDirectory;
  } catch (error) {
    throw readError(error, path);
  }
}
