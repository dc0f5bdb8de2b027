/** `network`: a network as a graph. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { alignColumns } from "../text/columns.ts";
import { columnsOf, createCommand } from "./command.ts";
import { findNetwork } from "./found_network.ts";
import { drawNetwork, totalsOf } from "./network_drawing.ts";
import { jsonOption, openOutput } from "./output.ts";

/** Makes the command. */
export function networkCommand(): CommandUnknownOpts {
  return createCommand(
    "network",
    "Draw a network: its nodes, edges, shapes and sizes",
    "Prints the network of a preset, a run, a model or a description. --json prints its description with all defaults, which " +
      "train --network takes again.",
    "wide",
  )
    .usage("[options] <file-preset-or-run>")
    .argument(
      "[file-preset-or-run]",
      "a description as JSON, a model or checkpoint, a preset's name or a run's",
    )
    .optionsGroup("Output:")
    .addOption(jsonOption)
    .action(async (word, given) => {
      const { source, spec, rates } = await findNetwork(word);
      const { say, result } = openOutput(given), stream = given.json ? Deno.stderr : Deno.stdout;
      for (const line of alignColumns([["Network", source], ...totalsOf(spec)])) say(line);
      say();
      for (const line of drawNetwork(spec, columnsOf(stream), rates)) say(line);
      result(spec);
    });
}
