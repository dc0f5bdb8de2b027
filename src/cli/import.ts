/** `import`: a model of files from elsewhere. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import { createCommand, isGivenTo, withOptions } from "./command.ts";
import { nirImportOptions, runNirImport } from "./import_nir.ts";
import { runStateImport, stateOptions } from "./import_state.ts";
import { pathOption } from "./option_values.ts";
import { jsonOption } from "./output.ts";
import { userPath } from "./user_path.ts";

/** Makes the command. */
export function importCommand(): CommandUnknownOpts {
  const command = createCommand(
    "import",
    "Make a model of a network that was trained elsewhere",
    "Either a NIR file, which snnTorch, Norse, SpikingJelly, Sinabs and others write (docs/nir.md): what it does not say is an option, and what was " +
      "assumed is printed. Or a state_dict of PyTorch, saved by safetensors.torch, which has the tensors, and a description as JSON, which has " +
      "the network: tensors are taken by name, or by shape and order where that leaves no choice (docs/pytorch.md).",
    "network.nir --as snntorch --steps 50",
  )
    .usage("[options] [file.nir]")
    .argument("[file.nir]", "a network that nir.write wrote");
  return withOptions(withOptions(command, nirImportOptions), stateOptions)
    .optionsGroup("Output:")
    .addOption(
      pathOption("--out <file>", "where to write the model", "runs/ and the file's name"),
    )
    .addOption(jsonOption)
    .action(async (file, { state, ...given }, own) => {
      const isGiven = isGivenTo(own);
      const refuse = (group: CommandUnknownOpts, beside: string) => {
        const other = group.options.find((option) => isGiven(option.attributeName()));
        if (other) throw new OptionError(`${other.long}: means nothing beside ${beside}: leave it out`);
      };
      if (file !== undefined) {
        refuse(stateOptions, "a NIR file");
        await runNirImport(userPath(file), given);
        return;
      }
      if (state === undefined) {
        throw new OptionError(
          "import: expected FILE.nir, or --state FILE.safetensors and --network FILE.json",
        );
      }
      refuse(nirImportOptions, "--state");
      await runStateImport({ ...given, state });
    });
}
