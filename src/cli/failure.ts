/**
 * From an error to what the user reads, and the exit code.
 *
 * @module
 */
import { CommanderError } from "@commander-js/extra-typings";
import { OptionError, SpikeletError } from "../errors.ts";

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
  if (error instanceof SpikeletError) return { message: error.message, exitCode: 1 };
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

/** Commander's own errors: one line, without its prefix. */
function describeUsage({ code, exitCode, message }: CommanderError): Failure {
  if (exitCode === 0) return { message: "", exitCode }; // help or version
  if (code === "commander.help") return { message: "", exitCode: 2 }; // no command: its help has been shown
  const line = message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  const lost = /^unknown (option|command)/.test(line) && !line.includes("Did you mean");
  return { message: lost ? `${line}: --help lists what there is` : line, exitCode: 2 };
}
