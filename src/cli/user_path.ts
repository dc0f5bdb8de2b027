/**
 * Paths as a user means them: from the folder in which they stand. A task runs in the folder of deno.json, wherever it was called.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readVariable } from "../text/invocation.ts";

const PROJECT = new URL("../../", import.meta.url);

/**
 * A path as the program has to take it. Where a task was called from another folder than the one in which it runs, which Deno says in
 * `INIT_CWD`, a relative path is one from there, and becomes absolute: so it means the same in messages, records and hints.
 *
 * @param text What the user wrote.
 */
export function userPath(text: string): string {
  const from = callersFolder();
  return from === undefined ? text : resolve(from, text);
}

/**
 * What may be a run's name or a path: a path where something lies there from where the user stands, and as it was written
 * elsewhere.
 */
export function userPathOrName(text: string): string {
  const path = userPath(text);
  if (path === text) return text;
  try {
    Deno.lstatSync(path);
    return path;
  } catch {
    return text;
  }
}

/**
 * The folder from which a task was called, where that is not the current one. A program that runs elsewhere than in its project's
 * folder is no task of deno.json, whatever INIT_CWD says.
 */
export function callersFolder(): string | undefined {
  if (Deno.build.standalone) return undefined;
  const from = readVariable("INIT_CWD");
  if (from === undefined || from === "") return undefined;
  try {
    const [here, there, project] = [Deno.cwd(), from, fileURLToPath(PROJECT)].map((path) =>
      Deno.realPathSync(path)
    );
    return here === project && here !== there ? there : undefined;
  } catch {
    return undefined; // a folder that is gone
  }
}
