/** `import`: a model of files from elsewhere. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import { createCommand, withOptions } from "./command.ts";
import { runStateImport, stateOptions } from "./import_state.ts";
import { pathOption } from "./option_values.ts";
import { jsonOption } from "./output.ts";

/** Makes the command. */
export function importCommand(): CommandUnknownOpts {
  const command = createCommand(
    "import",
    "Make a model of a network that was trained elsewhere",
    "A state_dict of PyTorch, saved by safetensors.torch, has the tensors, and a description as JSON the network. Tensors are taken by name, " +
      "or by shape and order where that leaves no choice (docs/pytorch.md).",
    "--state net.safetensors --network net.json",
  );
  return withOptions(command, stateOptions)
    .optionsGroup("Output:")
    .addOption(pathOption("--out <file>", "where to write the model", "runs/ and the file's name"))
    .addOption(jsonOption)
    .action(async ({ state, ...given }) => {
      if (state === undefined) throw new OptionError("import: expected --state FILE.safetensors");
      await runStateImport({ ...given, state });
    });
}
