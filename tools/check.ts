/**
 * `deno task check`: format, lint, which way imports point, names, types, documentation of all that is public, and the files that
 * tasks write: docs/commands.md, schema/network.json and asm/kinds.wgsl.ts.
 */
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { checkImports } from "./check_imports.ts";
import { checkKinds } from "./check_kinds.ts";
import { checkNames } from "./check_names.ts";
import { callDeno, ROOT } from "./steps.ts";

/** The page is checked for a browser, by a configuration of its own. */
const PAGE = ["--config", "playground/check.json", "--no-lock"];

/** Runs all checks that are no tests. */
export async function checkAll(): Promise<void> {
  await callDeno(["fmt", "--check"]);
  await callDeno(["lint"]);
  checkImports(ROOT);
  checkNames(ROOT);
  checkKinds(ROOT);
  await callDeno(["check", "main.ts", "mod.ts", "src/", "playground/logic/", "tests/", "bench/", "tools/"]);
  await callDeno(["check", "--doc-only", "README.md", "docs/", "mod.ts", "src/"]);
  const modules = [...Deno.readDirSync("playground")].map(({ name }) => name).filter((name) =>
    name.endsWith(".ts")
  );
  await callDeno(["check", ...PAGE, ...modules.toSorted().map((name) => `playground/${name}`)]);
  await callDeno(["doc", "--lint", "mod.ts", "src/portable.ts"]);
  for (const tool of ["command_tables.ts", "network_schema.ts", "wgsl_kinds.ts"]) {
    await callDeno(["run", "--no-prompt", "--allow-read", `tools/${tool}`, "--check"]);
  }
}

const command = createCommand(
  "check",
  "Check format, lint, imports, names, types and documentation",
  "Changes nothing.",
  "",
)
  .action(checkAll);

if (import.meta.main) await runCommandLine(["check", ...Deno.args], [command]);
