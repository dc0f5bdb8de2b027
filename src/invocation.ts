/**
 * How a user calls this program.
 *
 * @module
 */

/** What stands before a command: a task of deno.json, or the one binary that `deno compile` makes. */
export const INVOCATION: string = Deno.build.standalone ? "spikelet" : "deno task";
