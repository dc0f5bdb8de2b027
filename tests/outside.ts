/**
 * The environment of somebody who stands in no task: what the task that runs the tests has added is left out.
 *
 * @module
 */
const { INIT_CWD: _task, npm_command: _npx, ...outside } = Deno.env.toObject();

/** Without where a task was called from, and by which program. */
export const OUTSIDE: Readonly<Record<string, string>> = outside;
