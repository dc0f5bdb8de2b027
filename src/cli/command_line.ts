/** The command line as a whole: commands in, exit code out. */
import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import { printError } from "../text/print.ts";
import { VERSION } from "../version.ts";
import { createCommand, fullName } from "./command.ts";
import { describeFailure } from "./failure.ts";
import { keepNeeded } from "./permissions.ts";
import { listenForSignals } from "./signals.ts";

/**
 * Runs one command and ends the process: 0 when all went well, 1 after a failed run, 2 after a usage error, 129, 130 and 143
 * after SIGHUP, SIGINT and SIGTERM.
 *
 * @param args What stood after `main.ts`.
 * @param commands All there are, in the order in which help lists them.
 */
export async function runCommandLine(
  args: readonly string[],
  commands: readonly CommandUnknownOpts[],
): Promise<never> {
  listenForSignals();
  const program = createProgram(commands);
  program.hook("preAction", (_program, command) => keepNeeded(fullName(command)));
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const { message, exitCode } = describeFailure(error);
    if (message !== "") printError(message);
    Deno.exit(exitCode);
  }
  Deno.exit();
}

/** The program with its commands: parsing arguments runs one of them, and rejects with what is wrong with them. */
export function createProgram(commands: readonly CommandUnknownOpts[]): Command {
  const program = createCommand(
    "spikelet",
    "Spiking neural networks in TypeScript: train them on MNIST, measure and check them",
    "",
    "",
  )
    .enablePositionalOptions() // an option belongs to the command that it follows, here and in `runs show`
    .helpCommand("help [command]", "show the help of a command")
    .version(VERSION, "-V, --version", "print the version")
    .addHelpText(
      "after",
      "\n`spikelet COMMAND --help` lists its options, with defaults and an example.",
    );
  program.options.forEach((option) => option.helpGroup("Help:"));
  for (const command of commands) program.addCommand(command);
  return program;
}
