/**
 * The help of the tasks that others begin with, `build` and `prepare`.
 *
 * @module
 */
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";

const WORDS = {
  build: [
    "Compile the AssemblyScript kernels to build/",
    "Does nothing when neither sources nor options have changed. Other tasks begin with it.",
  ],
  prepare: [
    "Build, and ask once a day which GPU there is",
    "What `train` and `compare` begin with. The answer is kept in .spikelet/engines.json.",
  ],
} as const;

/** Shows a task's help, or says what is wrong with what it was given, and ends the process. */
export async function helpWith(task: keyof typeof WORDS): Promise<never> {
  const [summary, details] = WORDS[task];
  return await runCommandLine([task, ...Deno.args], [createCommand(task, summary, details, "")]);
}
