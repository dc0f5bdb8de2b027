/** `import FILE.nir`: the network of a NIR file as a model. */
import { Command } from "@commander-js/extra-typings";
import { basename, dirname, join, resolve } from "node:path";
import { readWhole } from "../files/file_access.ts";
import { checkOutputFile, writeOutputFile } from "../files/output_file.ts";
import type { Encoder } from "../network/encoders.ts";
import { encodeModel } from "../network/model_file.ts";
import { LIMITS, REDUCERS } from "../network/spec.ts";
import { describeNetwork } from "../network/words.ts";
import { MODEL_OUTPUT } from "../runs/model_output.ts";
import { makeRuns, RUNS } from "../runs/run_folder.ts";
import { count } from "../text/figures.ts";
import type { OptionsOf } from "./command.ts";
import { withOptions } from "./command.ts";
import { nirOptions, nirOptionsOf, noticesOf } from "./nir_options.ts";
import { choiceOption, numberOption, wholeNumbers } from "./option_values.ts";
import { openOutput } from "./output.ts";
import { checkMayWriteFile } from "./task_permissions.ts";

/** Encoders that have defaults for all that they are. */
const ENCODERS = ["direct", "constant", "poisson", "latency"] as const satisfies readonly Encoder["kind"][];

const networkOptions = new Command()
  .optionsGroup("What a network has beyond NIR:")
  .addOption(
    numberOption("--steps <number>", "T, time steps of a sample", wholeNumbers(1, LIMITS.steps), "100"),
  )
  .addOption(
    choiceOption(
      "--encoder <name>",
      "how a sample becomes the inputs of each step",
      ENCODERS,
      "direct, sequences as they are",
    ),
  )
  .addOption(choiceOption("--reduce <name>", "how steps become one number a class", REDUCERS, "mean"));

/** The options of `import` for a NIR file. */
export const nirImportOptions = withOptions(withOptions(new Command(), nirOptions), networkOptions);

/** Their values. */
export type NirImportOptions = OptionsOf<typeof nirImportOptions>;

/** Runs `import FILE.nir`. */
export async function runNirImport(
  file: string,
  given: NirImportOptions & { readonly out?: string | undefined; readonly json?: true },
): Promise<void> {
  const { steps, encoder, reduce } = given;
  const out = given.out ?? join(RUNS, `${basename(file).replace(/\.nir$/, "")}.safetensors`);
  // No other command needs its reader.
  const { readNir } = await import("../nir/read_nir.ts");
  const network = await readNir(await readWhole(file), {
    ...nirOptionsOf(given),
    ...(steps !== undefined && { steps }),
    ...(encoder !== undefined && { encoder: { kind: encoder } }),
    ...(reduce !== undefined && { reduce }),
  }, file);
  if (resolve(dirname(out)) === resolve(RUNS)) await makeRuns();
  await checkOutputFile(out, MODEL_OUTPUT, checkMayWriteFile);
  const bytes = encodeModel(network.model);
  await writeOutputFile(out, bytes, MODEL_OUTPUT);
  const { say, result } = openOutput(given);
  say(`${file}: ${describeNetwork(network.model.spec)}`);
  for (const notice of noticesOf(network)) say(notice);
  say(`${out}: ${count(bytes.length)} bytes`);
  const { options, assumed, warnings, neurons } = network;
  result({ model: out, file, bytes: bytes.length, options, assumed, warnings, neurons });
}
