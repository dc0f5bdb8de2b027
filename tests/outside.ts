/**
 * The environment outside of a task: without the variables that the task of the tests adds.
 *
 * @module
 */
const { INIT_CWD: _task, npm_command: _npx, ...outside } = Deno.env.toObject();

/** The environment without a task's caller: its folder and its program. */
export const OUTSIDE: Readonly<Record<string, string>> = outside;
