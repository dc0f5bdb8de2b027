/** `import`: a model of files from elsewhere. */
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { dirname, resolve } from "node:path";
import { OptionError } from "../errors.ts";
import { checkOutputFile, writeOutputFile } from "../files/output_file.ts";
import { encodeModel } from "../network/model_file.ts";
import { describeNetwork } from "../network/words.ts";
import { MODEL_OUTPUT } from "../runs/model_output.ts";
import { makeRuns, RUNS } from "../runs/run_folder.ts";
import { createCommand } from "./command.ts";
import { defaultPathOf, importState } from "./import_state.ts";
import { pathOption } from "./option_values.ts";
import { jsonOption, openOutput } from "./output.ts";
import { checkMayWriteFile } from "./task_permissions.ts";

/** Makes the command. */
export function importCommand(): CommandUnknownOpts {
  return createCommand(
    "import",
    "Make a model of a network that was trained elsewhere",
    "A state_dict of PyTorch, saved by safetensors.torch, has the tensors, and a description as JSON the network. Tensors are taken by name, " +
      "or by shape and order where that leaves no choice (docs/pytorch.md).",
    "--state net.safetensors --network net.json",
  )
    .optionsGroup("From PyTorch:")
    .addOption(pathOption("--state <file>", "the tensors, a safetensors file"))
    .addOption(pathOption("--network <file>", "the network's description as JSON (docs/networks.md)"))
    .addOption(pathOption("--map <file>", "a JSON object of tensors' names, ours with theirs"))
    .addOption(
      new Option("--ignore <names>", "tensors to leave out, with commas between them")
        .argParser((text) => text.split(",").filter((name) => name !== "")),
    )
    .optionsGroup("Output:")
    .addOption(pathOption("--out <file>", "where to write the model", "runs/ and the file's name"))
    .addOption(jsonOption)
    .action(async (given) => {
      if (given.state === undefined) throw new OptionError("import: expected --state FILE.safetensors");
      const out = given.out ?? defaultPathOf(given.state);
      if (resolve(dirname(out)) === resolve(RUNS)) await makeRuns();
      await checkOutputFile(out, MODEL_OUTPUT, checkMayWriteFile);
      const { model, notes, details } = await importState({ ...given, state: given.state });
      await writeOutputFile(out, encodeModel(model), MODEL_OUTPUT);
      const { say, result } = openOutput(given);
      say(`${out}: ${describeNetwork(model.spec)}`);
      for (const note of notes) say(note);
      result({ model: out, ...details });
    });
}
