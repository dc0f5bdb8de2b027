/**
 * How a user calls this program.
 *
 * @module
 */

/** What stands before a command: a task of deno.json, or the one binary that `deno compile` makes. */
export const INVOCATION: string = /* @__PURE__ */ invocation(); // so that a bundle which does not call it has nothing of it

function invocation(): string {
  return Deno.build.standalone ? "spikelet" : "deno task";
}
