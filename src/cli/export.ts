/** `export`: a trained network in another form. */
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { basename, dirname, join, resolve } from "node:path";
import { OptionError } from "../errors.ts";
import { checkOutputFile, writeOutputFile } from "../files/output_file.ts";
import { describeNetwork } from "../network/words.ts";
import { readTrained } from "../runs/read_checkpoint.ts";
import { findModel, makeRuns, RUNS } from "../runs/run_folder.ts";
import { count } from "../text/figures.ts";
import { createCommand, isGivenTo } from "./command.ts";
import { EXPORT_FORMATS, EXPORT_NAMES, type ExportFormat } from "./export_formats.ts";
import { missingRun } from "./missing_run.ts";
import { choiceOption, numberOption, numbers, pathOption } from "./option_values.ts";
import { jsonOption, openOutput } from "./output.ts";
import { checkMayWriteFile } from "./task_permissions.ts";
import { userPathOrName } from "./user_path.ts";

/** The options that every format has. */
const COMMON = ["to", "out", "json", "help"];

/** Makes the command. */
export function exportCommand(): CommandUnknownOpts {
  const forms = EXPORT_NAMES.map((name) => `${name}, ${EXPORT_FORMATS[name].summary}`).join("; ");
  return createCommand(
    "export",
    "Write a trained model in another form",
    "Where --out is not given, the file lies beside the run's folder and has its name (docs/onnx.md, docs/nir.md, docs/networks.md).",
    "wider --to safetensors-int8",
  )
    .usage("[options] <run-or-file>")
    .argument("[run-or-file]", "a run's name, its folder, a model.safetensors or a checkpoint")
    .optionsGroup("Form:")
    .addOption(
      choiceOption("--to <format>", `the form (${forms})`, EXPORT_NAMES).makeOptionMandatory(),
    )
    .optionsGroup("ONNX:")
    .addOption(
      new Option("--single-step", "a graph of one step, which takes and gives its states").conflicts(
        "sequence",
      ),
    )
    .option("--sequence", "a graph of all steps, in a loop; what is written where neither is named")
    .option("--record-states", "spikes and potentials of all neurons at every step are outputs, too")
    .optionsGroup("NIR:")
    .addOption(
      numberOption(
        "--dt <number>",
        "seconds of a step",
        numbers("above 0", (value) => value > 0),
        "0.0001, which snnTorch and SpikingJelly take for granted",
      ),
    )
    .option("--approximate", "write what NIR cannot say as the nearest that it can, instead of refusing it")
    .optionsGroup("Output:")
    .addOption(
      pathOption("--out <file>", "where to write it", "beside the run's folder, such as runs/wider.onnx"),
    )
    .addOption(jsonOption)
    .action(async (runOrFile, given, command) => {
      if (runOrFile === undefined) throw await missingRun("export", ({ state }) => state === "finished");
      const format: ExportFormat = EXPORT_FORMATS[given.to];
      checkOptions(command, given.to, format);
      const path = await findModel(userPathOrName(runOrFile), true);
      const out = given.out ?? defaultPath(path, format.ending);
      if (resolve(dirname(out)) === resolve(RUNS)) await makeRuns();
      await checkOutputFile(out, format.output, checkMayWriteFile);
      const model = await readTrained(path);
      const { bytes, notes } = await format.write(model, given);
      await writeOutputFile(out, bytes, format.output);
      const { say, result } = openOutput(given);
      say(`${path}: ${describeNetwork(model.spec)}`);
      say(`${out}: ${count(bytes.length)} bytes`);
      for (const note of notes) say(note);
      result({ model: path, to: given.to, out, bytes: bytes.length, notes });
    });
}

/** @throws {OptionError} where an option is given that means nothing for the format. */
function checkOptions(command: CommandUnknownOpts, name: string, { options }: ExportFormat): void {
  const isGiven = isGivenTo(command);
  for (const option of command.options) {
    const attribute = option.attributeName();
    if (COMMON.includes(attribute) || options.includes(attribute) || !isGiven(attribute)) continue;
    throw new OptionError(`${option.long}: means nothing for --to ${name}: leave it out`);
  }
}

/** Beside the folder of a run, with its name; beside another file, with the file's. */
function defaultPath(model: string, ending: string): string {
  const folder = dirname(resolve(model)), isRun = basename(model) === "model.safetensors";
  const isCheckpoint = basename(folder) === "checkpoints";
  const run = isCheckpoint ? dirname(dirname(model)) : dirname(model);
  if (isRun || isCheckpoint) return join(dirname(run), `${basename(resolve(run))}${ending}`);
  return join(dirname(model), `${basename(model).replace(/\.safetensors$/, "")}${ending}`);
}
