/**
 * Where a command's words and its result go.
 *
 * Words are for people: to standard output, or to standard error where `--json` takes standard output for itself. Progress
 * goes to standard error always (`progress.ts`).
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import { print, printError } from "../print.ts";

/** A command's two voices. */
export interface Output {
  /** A line for people; nothing under `--quiet`. */
  say(line?: string): void;
  /** The result for machines, one line of JSON; nothing without `--json`. Where it cannot be written the exit code is 1. */
  result(value: unknown): void;
}

/** `--json` */
export const jsonOption = new Option("--json", "end standard output with one line of JSON").helpGroup(
  "Output:",
);

/** `--quiet` */
export const quietOption = new Option("--quiet", "print nothing but errors, and the JSON of --json")
  .helpGroup("Output:");

/** Opens the output that the options ask for. */
export function openOutput({ json, quiet }: { readonly json?: true; readonly quiet?: true }): Output {
  return {
    say(line = "") {
      if (quiet) return;
      if (json) printError(line);
      else print(line);
    },
    result(value) {
      if (json && !print(JSON.stringify(value))) Deno.exitCode ||= 1;
    },
  };
}
