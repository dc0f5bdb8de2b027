/** Common parts of the tasks for developers. */
import { existsSync } from "node:fs";
import { join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { SpikeletError } from "../src/errors.ts";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Paths of a project's files below a folder, from the project's; "." has the files of its own folder alone. */
export function filesIn(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isFile, isDirectory }) => {
    const path = join(folder, name);
    if (isFile) return [path];
    return isDirectory && folder !== "." && name !== "node_modules" ? filesIn(root, path) : [];
  });
}

/**
 * Calls this Deno in the project's folder, and shows its output.
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
