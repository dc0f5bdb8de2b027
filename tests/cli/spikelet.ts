/**
 * Runs the real command line in a process, with the permissions of the tasks in deno.json.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import configuration from "../../deno.json" with { type: "json" };

/** Spikelet's folder. */
export const PROJECT: string = fileURLToPath(new URL("../..", import.meta.url));

/** A reference case's path. */
export function referencePath(name: string): string {
  return fileURLToPath(new URL(`../reference/${name}.safetensors`, import.meta.url));
}

/** The outcome of a process. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The permissions of a command's task in deno.json, without `--allow-read` and `--allow-run`. */
export function permissionsOf(name: string): readonly string[] {
  const task = new Map(Object.entries(configuration.tasks)).get(name);
  const words = task?.command.split(" ").map((word) => word.replace(/^'(.*)'$/, "$1")) ?? [];
  return words.filter((word) => /^--allow-(write|env|net)\b/.test(word));
}

/**
 * Makes a call of the command line without starting it.
 *
 * @param folder The current folder.
 * @param args The arguments after `main.ts`.
 * @param permissions Permissions besides `--allow-read`. @default {those of the command's task}
 * @param env Variables besides this process's.
 */
export function command(
  folder: string,
  args: readonly string[],
  permissions: readonly string[] = permissionsOf(args[0] ?? ""),
  env: Readonly<Record<string, string>> = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-remote", "--allow-read", ...permissions, `${PROJECT}main.ts`, ...args],
    cwd: folder,
    // Hides that npx has called the tests.
    env: { npm_command: "", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Deno's message while another test installs packages. */
export const WAITING = /^\S*Blocking\S* waiting for file lock on node_modules directory\n/gm; // coloured or not

/** Runs the command line. The parameters are those of {@linkcode command}. */
export async function spikelet(
  folder: string,
  args: readonly string[],
  permissions?: readonly string[],
): Promise<Outcome> {
  const { code, stdout, stderr } = await command(folder, args, permissions).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr).replaceAll(WAITING, "") };
}

/** Runs the command line, which must succeed, and reads the JSON on the last line of its standard output. */
export async function spikeletJson(
  folder: string,
  args: readonly string[],
  permissions?: readonly string[],
): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await spikelet(folder, [...args, "--json"], permissions);
  assert.equal(code, 0, stderr);
  return recordOf(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? ""));
}

/** The objects of a file of JSON lines. */
export async function linesOf(path: string): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(path);
  return text.split("\n").slice(0, -1).map((line) => recordOf(JSON.parse(line)));
}

/** Asserts that a value is an object. */
export function recordOf(value: unknown): Record<string, unknown> {
  assert.ok(typeof value === "object" && value !== null && !Array.isArray(value));
  return Object.fromEntries(Object.entries(value));
}

/** Asserts a failure's exit code, and its message of one line without a stack. */
export function assertOneLine({ code, stdout, stderr }: Outcome, exitCode: number, message: RegExp): void {
  assert.match(stderr, message);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.ok(!/^\s+at |Error:|bug/m.test(stderr), stderr);
  assert.equal(stdout, "");
  assert.equal(code, exitCode, stderr);
}

/** Runs tests on many items, as many at a time as there are cores. */
export async function inTurns<Item>(
  items: readonly Item[],
  test: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const start = async () => {
    for (const item of queue) await test(item);
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, start));
}
