import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { inTurns, PROJECT, referencePath, WAITING } from "../cli/spikelet.ts";
import { NO_TOOLS } from "../deno_version.ts";
import { OUTSIDE } from "../outside.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const TASKS = new Map(Object.entries(configuration.tasks));

/** Runs a program to its end. */
async function run(
  program: string,
  args: readonly string[],
  cwd = PROJECT,
  env: Record<string, string> = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    // The environment of a user's shell, not of the task of these tests.
    clearEnv: true,
    env: { ...OUTSIDE, NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr).replaceAll(WAITING, "") };
}

/** A task's arguments to Deno. */
function argumentsOf(task: string): string[] {
  const command = TASKS.get(task)?.command.replace(/^(\w+=\S* )*deno /, "") ?? "";
  assert.doesNotMatch(command, /&&|;|\|/, `${task}: words behind a task reach its last command alone`);
  return command.split(" ").map((word) => word.replace(/^'(.*)'$/, "$1"));
}

Deno.test("every task prints its help with --help, and does nothing", async () => {
  // An older Deno does not have the bundler's flag.
  const tasks = [...TASKS.keys()].filter((task) =>
    NO_TOOLS === undefined || !argumentsOf(task).includes("--unstable-bundle")
  );
  await inTurns(tasks, async (task) => {
    const { code, stdout, stderr } = await run(Deno.execPath(), [...argumentsOf(task), "--help"]);
    assert.deepEqual([code, stderr], [0, ""], task);
    assert.match(stdout, /^Usage: /m, task);
  });
});

Deno.test("no task has permission to write to sources, settings or hooks", () => {
  const developers = new Set(["test", "test:binary", "soak", "check", "ok", "docs", "schema", "kinds"]); // these run tests, or write what is generated
  for (const [task, { command }] of TASKS) {
    if (developers.has(task)) continue;
    const places = [...command.matchAll(/--allow-write(?:=(\S+))?/g)].map(([, folders = "/"]) =>
      folders.split(",")
    );
    for (const folder of places.flat()) assert.match(folder, /^(runs|\.spikelet|data|dist|build)$/, task);
    assert.doesNotMatch(command, /(^| )(-A|--allow-all|-W)( |$)/, task);
  }
  assert.ok(TASKS.size > 20);
});

Deno.test("test runs only the named file, relative to the caller's folder", async () => {
  const { code, stdout, stderr } = await run(
    Deno.execPath(),
    [...argumentsOf("test"), "one_line_test.ts", "--no-check", "--filter", "/./"],
    PROJECT,
    { INIT_CWD: join(PROJECT, "tests", "text") },
  );
  assert.equal(code, 0, stderr);
  assert.match(stdout, /oneLine\(\)/);
  assert.doesNotMatch(stdout, /_test\.ts => .*parseIdx|idx_test/);
});

Deno.test("a task resolves a relative path from the caller's folder, and names that in an error", async () => {
  const folder = dirname(referencePath("small"));
  const found = await run(
    Deno.execPath(),
    ["task", "--quiet", "verify", "small.safetensors", "--json"],
    folder,
  );
  assert.equal(found.code, 0, found.stderr);
  const data = await run(
    Deno.execPath(),
    ["task", "--quiet", "train", "--data", "nowhere", "--quiet"],
    folder,
  );
  assert.match(data.stderr, RegExp(`^${join(folder, "nowhere")}: `, "m"));
});

Deno.test("a program outside its project ignores INIT_CWD", async () => {
  await inTemporaryFolder(async (folder) => {
    const args = [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env=INIT_CWD,npm_command",
      `${PROJECT}main.ts`,
    ];
    const { stdout } = await run(Deno.execPath(), [...args, "verify", "none"], folder, { INIT_CWD: "/usr" });
    assert.match(stdout, /(^| )none: no such file/m);
  });
});

Deno.test("a program called by npx names commands with npx", async () => {
  const args = [
    "run",
    "--no-prompt",
    "--allow-read",
    "--allow-env=INIT_CWD,npm_command",
    `${PROJECT}main.ts`,
    "runs",
    "--help",
  ];
  const { stdout } = await run(Deno.execPath(), args, PROJECT, { npm_command: "exec" });
  assert.match(stdout, RegExp(`^Example:\n {2}npx -y deno@${Deno.version.deno} task runs `, "m"));
});
