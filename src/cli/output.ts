/**
 * Where a command's words and its result go.
 *
 * Words are for people: to standard output, or to standard error where `--json` takes standard output for itself. Progress
 * goes to standard error always (`progress.ts`).
 */
import { Option } from "@commander-js/extra-typings";
import { print, printError } from "../text/print.ts";
import { columnsOf, INVOCATION } from "./command.ts";

/** The output of a command. */
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

/** Opens the output of `--json` and `--quiet`. */
export function openOutput({ json, quiet }: { readonly json?: true; readonly quiet?: true }): Output {
  return {
    say(line = "") {
      if (quiet) return;
      const stream = json ? Deno.stderr : Deno.stdout;
      const text = stream.isTerminal() ? wrapLine(line, columnsOf(stream)).join("\n") : line;
      if (json) printError(text);
      else print(text);
    },
    result(value) {
      if (json && !print(JSON.stringify(value))) Deno.exitCode ||= 1;
    },
  };
}

/**
 * Breaks a line between words where a terminal would break it inside one. A command stays whole, so that it can be copied.
 *
 * @param columns Characters that a terminal's line has.
 * @returns Lines; each after the first is indented by two spaces more.
 */
export function wrapLine(line: string, columns: number): string[] {
  if (line.length <= columns || line.trimStart().startsWith(`${INVOCATION} `)) return [line];
  const indent = `${/^ */.exec(line)?.[0] ?? ""}  `, lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const least = lines.length === 0 ? indent.length - 2 : indent.length;
    const before = rest.lastIndexOf(" ", columns), at = before > least ? before : rest.indexOf(" ", columns);
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
