/** `deno task ok`: all checks that a change must pass. */
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { checkAll } from "./check.ts";
import { runTests } from "./test.ts";

const command = createCommand("ok", "Check everything, then run every test", "What a change must pass.", "")
  .action(async () => {
    await checkAll();
    await runTests([], ["--no-check"]); // their types have just been checked
  });

if (import.meta.main) await runCommandLine(["ok", ...Deno.args], [command]);
