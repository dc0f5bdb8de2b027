/** From an error to what the user reads, and the exit code. */
import { CommanderError } from "@commander-js/extra-typings";
import { DivergenceError, MissingDataError, OptionError, SpikeletError } from "../errors.ts";
import { INVOCATION } from "../text/invocation.ts";

/** Advice for a program, and the same for a user of the command line. */
const ADVICE = [
  [DivergenceError.advice, "try a lower --learning-rate, or --clip 1"],
  [
    MissingDataError.advice,
    `fetch them with \`${INVOCATION} data fetch\`, or name their folder (--data)`,
  ],
] as const;

/** How a command ended that did not succeed. */
export interface Failure {
  /** For standard error; empty where the message is out already. */
  readonly message: string;
  /** 1 for a failed run, 2 for a usage error; 0 for help or a version. */
  readonly exitCode: number;
}

/** Puts what was thrown into words: one line for what a user can act on, the whole stack for a bug of ours. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) return describeUsage(error);
  if (error instanceof OptionError) return { message: error.message, exitCode: 2 };
  if (error instanceof SpikeletError) return { message: inOptions(error.message), exitCode: 1 };
  if (error instanceof RangeError && /allocat|memory/i.test(error.message)) {
    return {
      message: `not enough memory (${error.message}): choose fewer --hidden units, --steps or --threads`,
      exitCode: 1,
    };
  }
  const stack = error instanceof Error ? error.stack ?? error.message : String(error);
  return {
    message: `${stack}\nThis is a bug in Spikelet. Please report it with the lines above.`,
    exitCode: 1,
  };
}

/** A message whose advice names options of the command line. */
function inOptions(message: string): string {
  return ADVICE.reduce((text, [program, user]) => text.replace(program, user), message);
}

/** Commander's own errors: one line, without its prefix. */
function describeUsage({ code, exitCode, message }: CommanderError): Failure {
  if (exitCode === 0) return { message: "", exitCode }; // help or version
  if (code === "commander.help") return { message: "", exitCode: 2 }; // no command: its help has been shown
  const line = message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  const lost = /^unknown (option|command)/.test(line) && !line.includes("Did you mean");
  return { message: lost ? `${line}: --help lists what there is` : line, exitCode: 2 };
}
