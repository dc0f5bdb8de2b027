/** The help of `deno task build`. */
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";

/** Shows the help, or says what is wrong with what the task was given, and ends the process. */
export async function endWithHelp(): Promise<never> {
  const command = createCommand(
    "build",
    "Compile the AssemblyScript kernels to build/",
    "Does nothing when neither sources nor options have changed. Other tasks begin with it.",
    "",
  );
  return await runCommandLine(["build", ...Deno.args], [command]);
}
