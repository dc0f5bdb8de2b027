/**
 * Spikelet's command line: `deno task train --help`, or `deno run --allow-read --allow-write=runs,.spikelet main.ts --help`.
 *
 * @module
 */
import { runCommandLine } from "./src/cli/command_line.ts";
import { allCommands } from "./src/cli/commands.ts";

await runCommandLine(Deno.args, allCommands());
