/** Common parts of the tasks for developers: each runs a few Deno commands in sequence, and has a help. */
import { fileURLToPath } from "node:url";
import { SpikeletError } from "../src/errors.ts";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/**
 * Calls this very Deno in the project's folder, and shows what it prints.
 *
 * @param env Variables besides this process's own.
 * @throws {SpikeletError} when it fails.
 */
export async function callDeno(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { success, code } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) throw new SpikeletError(`deno ${args[0]}: exit code ${code}, see above`);
}
