/**
 * Gives up, for the rest of the process, the permissions that a command has no use for.
 *
 * A task of deno.json has the least permissions that its command needs. The compiled program has one set for all commands: so
 * each command gives up the rest first, for itself and for the threads that it starts. With `--no-prompt` it cannot get them
 * back.
 */

/** What a command may need besides reading files: `run` is the system's program that opens a page, and no other. */
const POWERS = ["write", "net", "run"] as const;

/** One of them. */
export type Power = typeof POWERS[number];

/** By the name of a command, with the names of the commands that it belongs to. */
const NEEDS: Readonly<Record<string, readonly Power[]>> = {
  // Those that take MNIST may fetch it first; `giveUp` is called when that is settled.
  train: ["write", "net"],
  compare: ["write", "net"],
  evaluate: ["write", "net"],
  report: ["write", "net", "run"],
  runs: [],
  "runs show": [],
  "runs rm": ["write"],
  network: [],
  verify: [],
  tune: ["write"],
  info: [],
  licenses: [],
  help: [],
  "data fetch": ["write", "net"],
  "data verify": [],
  "data path": [],
  export: ["write"],
  import: ["write"],
  serve: ["net"],
  edge: ["write"],
};

/** What a command needs; all there is where nothing has been said about it. */
export function needsOf(command: string): readonly Power[] | undefined {
  return NEEDS[command];
}

/** Gives up what a command has no use for. */
export async function keepNeeded(command: string): Promise<void> {
  const needed = needsOf(command) ?? POWERS;
  await giveUp(...POWERS.filter((power) => !needed.includes(power)));
}

/** Gives up permissions. */
export async function giveUp(...powers: readonly Power[]): Promise<void> {
  for (const name of powers) await Deno.permissions.revoke({ name });
}
