/** `deno task test`: runs every test, and every example in the documentation; or those of the files that are named. */
import { OptionError } from "../src/errors.ts";
import { createCommand } from "../src/cli/command.ts";
import { runCommandLine } from "../src/cli/command_line.ts";
import { nameOption } from "../src/cli/option_values.ts";
import { userPath } from "../src/cli/user_path.ts";
import { callDeno } from "./steps.ts";

const ALL = ["tests/", "mod.ts", "src/", "README.md", "docs/"];
const PERMISSIONS = [
  ...["--no-prompt", "--allow-read", "--allow-write", "--allow-run", "--allow-env", "--allow-net=127.0.0.1"],
];
/** No OpenGL, whose library crashes now and then; Mesa looks for no display; messages say `deno task`, not npx. */
const ENVIRONMENT = { DENO_WEBGPU_BACKEND: "vulkan,metal,dx12", NODEVICE_SELECT: "1", npm_command: "" };

/** Runs the tests of files and folders; all there are where none is named. */
export async function runTests(
  files: readonly string[],
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const file of files) {
    if (await Deno.lstat(userPath(file)).then(() => true, () => false)) continue;
    throw new OptionError(`${file}: no such file: expected a file or a folder of tests`);
  }
  const chosen = files.length > 0 ? files.map(userPath) : ALL;
  await callDeno(["test", ...PERMISSIONS, "--doc", "--parallel", ...options, ...chosen], {
    ...ENVIRONMENT,
    ...env,
  });
}

const command = createCommand(
  "test",
  "Run every test, or those of some files",
  "Examples in documentation are tests, too. With no file named, all there are: it takes some minutes.",
  "tests/data/idx_test.ts --filter truncated",
)
  .usage("[options] [file...]")
  .argument("[file...]", "files or folders of tests, or of Markdown with examples")
  .addOption(
    nameOption("--filter <text>", "only tests whose names have this text, or match this /expression/"),
  )
  .option("--no-check", "do not check types")
  .option("--fail-fast", "stop at the first failure")
  .action(async (files, { filter, check, failFast }) => {
    await runTests(files, [
      ...(filter === undefined ? [] : ["--filter", filter]),
      ...(check ? [] : ["--no-check"]),
      ...(failFast ? ["--fail-fast"] : []),
    ]);
  });

if (import.meta.main) await runCommandLine(["test", ...Deno.args], [command]);
