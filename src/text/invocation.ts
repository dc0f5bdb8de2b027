/** The way in which the user called this program. */

/**
 * What stands before a command, as the user wrote it: a task of deno.json, by Deno or by npx, or the one binary that
 * `deno compile` makes.
 */
export const INVOCATION: string = /* @__PURE__ */ invocation(); // pure, so that bundles without a use of it omit it

function invocation(): string {
  if (Deno.build.standalone) return "spikelet";
  // npm says so to what it runs for `npx`; for scripts it says `run-script`.
  return readVariable("npm_command") === "exec" ? `npx -y deno@${Deno.version.deno} task` : "deno task";
}

/** A variable of the environment; `undefined` where it is not set, or may not be read; never prompts for permission. */
export function readVariable(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}
