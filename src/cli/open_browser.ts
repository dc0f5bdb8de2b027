/**
 * Opens a file in the user's browser, by the program that the system has for it.
 *
 * It is called by its whole path where the system has one: that is what the task's `--allow-run` names, so that no other
 * program can take its place.
 */
import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds. */
const PATIENCE = 3000;

/** By system, the program that opens a file as its user would. */
export const OPENERS: Readonly<Partial<Record<typeof Deno.build.os, string>>> = {
  linux: "/usr/bin/xdg-open",
  darwin: "/usr/bin/open",
  windows: "explorer.exe",
};

/**
 * Opens a file.
 *
 * @returns Undefined once the browser has been started, else the reason why not, as the end of a sentence.
 */
export async function openInBrowser(path: string): Promise<string | undefined> {
  const opener = OPENERS[Deno.build.os];
  if (opener === undefined) return `no program is known that opens files on ${Deno.build.os}`;
  try {
    const child = new Deno.Command(opener, { args: [path], stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    child.unref();
    // Some openers stay until the browser is closed: one that has not failed by now will not.
    const ended = await Promise.race([child.status, delay(PATIENCE, undefined)]);
    // Windows' explorer answers 1 whatever happens.
    return ended === undefined || ended.success || Deno.build.os === "windows"
      ? undefined
      : `${opener} failed with exit code ${ended.code}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      return `Deno may not run ${opener}: it takes --allow-run=${opener}`;
    }
    if (error instanceof Deno.errors.NotFound) return `there is no ${opener} here`;
    throw error;
  }
}
