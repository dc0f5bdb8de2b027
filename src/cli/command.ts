/** What all commands have in common: how help looks, where it goes, and that errors are left to `failure.ts`. */
import { Command, type CommandUnknownOpts, Option, type OptionValues } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import { INVOCATION } from "../text/invocation.ts";
import { writeText } from "../text/print.ts";

export { INVOCATION };

const HELP_WIDTH = 100;

/**
 * Makes a command of the house's form.
 *
 * @param name What the user types.
 * @param summary What it does, in a few words without a full stop.
 * @param details Further sentences; empty for none.
 * @param example Arguments of a typical call, for the end of the help; empty for none.
 */
export function createCommand(name: string, summary: string, details: string, example: string): Command {
  return new Command(name)
    .summary(summary)
    .description(details === "" ? `${summary}.` : `${summary}. ${details}`)
    .addHelpOption(new Option("-h, --help", "show this help").helpGroup("Help:"))
    .configureHelp({ minWidthToWrap: 20 }) // in narrow terminals, too, no line breaks inside a word
    .exitOverride()
    .configureOutput({
      writeOut: (text) => writeText(Deno.stdout, text),
      writeErr: (text) => writeText(Deno.stderr, text),
      outputError: () => {}, // the error is thrown too, and reported where it is caught
      getOutHelpWidth: () => helpWidth(Deno.stdout),
      getErrHelpWidth: () => helpWidth(Deno.stderr),
      // Asking commander would read environment variables, which a run needs no permission for otherwise.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      "after",
      ({ command }) => example === "" ? "" : `\nExample:\n  ${INVOCATION} ${fullName(command)} ${example}`,
    );
}

/** A command's name behind those that it belongs to: `data fetch`. */
export function fullName(command: CommandUnknownOpts): string {
  const name = command.name();
  return command.parent?.parent ? `${fullName(command.parent)} ${name}` : name;
}

/**
 * A command as the user gave it, from its name on.
 *
 * @param without Options, by their attributes, that say nothing of what is to be done.
 */
export function givenCommand(command: CommandUnknownOpts, without: readonly string[]): string[] {
  return [
    command.name(),
    ...command.options.flatMap((option) => {
      const name = option.attributeName();
      if (without.includes(name) || command.getOptionValueSource(name) !== "cli") return [];
      const value = command.getOptionValue(name), flag = option.long ?? option.flags;
      return typeof value === "boolean" ? [flag] : [flag, writeValue(value)];
    }),
  ];
}

/** Whether the user wrote an option, by its attribute. */
export function isGivenTo(command: CommandUnknownOpts): (attribute: string) => boolean {
  return (attribute) => command.getOptionValueSource(attribute) === "cli";
}

/**
 * Checks that `--resume` stands beside options that it accepts only.
 *
 * @param what What is resumed, such as `a run`.
 * @param accepted Attributes of options.
 * @throws {OptionError} when it does not.
 */
export function checkBesideResume(
  command: CommandUnknownOpts,
  what: string,
  accepted: readonly string[],
): void {
  const isGiven = isGivenTo(command);
  for (const option of command.options) {
    const attribute = option.attributeName();
    if (accepted.includes(attribute) || !isGiven(attribute)) continue;
    throw new OptionError(
      `${option.long}: not beside --resume: ${what} keeps the options that it began with: leave it out`,
    );
  }
}

/** A value as its option reads it: sizes by their names as `shift=2,rotate=15`, `none` where there are none. */
function writeValue(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return String(value);
  const sizes = Object.entries(value).map((size) => size.join("="));
  return sizes.length === 0 ? "none" : sizes.join(",");
}

/**
 * Adds the options of one command to another, in place: a group of options is a command that never runs.
 *
 * @returns The first command.
 */
export function withOptions<Args extends unknown[], Opts extends OptionValues, More extends OptionValues>(
  command: Command<Args, Opts>,
  group: Command<[], More>,
): Command<Args, Opts & More>;
export function withOptions(
  command: CommandUnknownOpts,
  { options }: CommandUnknownOpts,
): CommandUnknownOpts {
  for (const option of options) command.addOption(option);
  return command;
}

/** The values of a command's options. */
export type OptionsOf<Group extends { opts(): unknown }> = Readonly<ReturnType<Group["opts"]>>;

/** Columns of a terminal, 80 for anything else. */
export function columnsOf(stream: { isTerminal(): boolean }): number {
  try {
    if (stream.isTerminal()) return Deno.consoleSize().columns || 80;
  } catch {
    // A terminal of unknown size.
  }
  return 80;
}

function helpWidth(stream: { isTerminal(): boolean }): number {
  return Math.min(columnsOf(stream), HELP_WIDTH);
}
