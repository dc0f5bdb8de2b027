/**
 * Older Denos have neither the bundler as a function nor `deno pack`.
 *
 * @module
 */

const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);

/** Why tests of `tools/` cannot run here; `undefined`: they can. */
export const NO_TOOLS: string | undefined = major > 2 || minor >= 9
  ? undefined
  : `it needs Deno 2.9, this is ${Deno.version.deno}`;

/** A test's name, with the reason if it is skipped. */
export function named(name: string, reason: string | undefined): { name: string; ignore: boolean } {
  return { name: reason === undefined ? name : `${name} (skipped: ${reason})`, ignore: reason !== undefined };
}
