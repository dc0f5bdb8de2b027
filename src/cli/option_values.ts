/** Options whose values are checked as they are read: a value out of range never reaches a command. */
import { Option } from "@commander-js/extra-typings";
import { OptionError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { quotedValue } from "../text/one_line.ts";
import { userPath, userPathOrName } from "./user_path.ts";

/** A decimal number as people write one; not hexadecimal, not empty, no `NaN`, no `Infinity`. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Which numbers an option takes. */
export interface Range {
  /** Such as `a whole number`. */
  readonly kind: string;
  /** In words: `1 to 256`, `0 or more`. */
  readonly span: string;
  readonly includes: (value: number) => boolean;
}

/** The numbers for which `includes` holds; `span` says the same in words. */
export function numbers(span: string, includes: (value: number) => boolean): Range {
  return { kind: "a number", span, includes };
}

/** The whole numbers from `least` to `most`. */
export function wholeNumbers(least: number, most = Number.MAX_SAFE_INTEGER): Range {
  return {
    kind: "a whole number",
    span: most === Number.MAX_SAFE_INTEGER ? `${least} to 2^53 - 1` : `${count(least)} to ${count(most)}`,
    includes: (value) => Number.isSafeInteger(value) && value >= least && value <= most,
  };
}

/**
 * An option that takes a number.
 *
 * @param flags As commander reads them, such as `--steps <number>`.
 * @param description For the help; the range is put behind it.
 * @param fallback In words, where it is not a number that `.default` takes.
 */
export function numberOption<Flags extends string>(
  flags: Flags,
  description: string,
  range: Range,
  fallback?: string,
): Option<Flags, undefined, undefined, number> {
  const defaults = fallback === undefined ? "" : ` (default: ${fallback})`;
  return new Option(flags, `${description}, ${range.span}${defaults}`)
    .argParser((text) => parseNumber(text, nameOf(flags), range));
}

/** An option that takes one number or several, with commas between them. */
export function numberListOption<Flags extends string>(
  flags: Flags,
  description: string,
  range: Range,
  most: number,
  fallback: string,
): Option<Flags, undefined, undefined, number[]> {
  const name = nameOf(flags);
  return new Option(flags, `${description}, ${range.span}; ${most} at most (default: ${fallback})`)
    .argParser((text) => {
      const list = [...new Set(text.split(",").map((part) => parseNumber(part, name, range)))];
      if (list.length <= most) return list;
      throw new OptionError(`${name} ${shown(text)}: ${list.length} of them: expected ${most} at most`);
    });
}

/**
 * An option that takes one of some words.
 *
 * @param rename Gives the present name of a word that was called otherwise.
 */
export function choiceOption<Flags extends string, Choice extends string>(
  flags: Flags,
  description: string,
  choices: readonly Choice[],
  fallback?: string,
  rename = (text: string) => text,
): Option<Flags, undefined, undefined, Choice> {
  const defaults = fallback === undefined ? "" : ` (default: ${fallback})`;
  return new Option(flags, `${description}: ${choices.join(" or ")}${defaults}`).argParser((text) => {
    const choice = choices.find((candidate) => candidate === rename(text));
    if (choice === undefined) {
      const near = choices.find((each) => isNear(text, each));
      const guess = near === undefined ? "" : ` (Did you mean ${near}?)`;
      throw new OptionError(`${nameOf(flags)} ${shown(text)}: expected ${choices.join(" or ")}${guess}`);
    }
    return choice;
  });
}

/** Whether one letter that is missing, too many, wrong, or swapped with its neighbour makes the difference. */
function isNear(text: string, word: string): boolean {
  if (text.length < 3) return false;
  let begin = 0, end = 0;
  while (begin < text.length && text[begin] === word[begin]) begin++;
  while (
    end < Math.min(text.length, word.length) - begin && text.at(-1 - end) === word.at(-1 - end)
  ) end++;
  const [was, is] = [text.slice(begin, text.length - end), word.slice(begin, word.length - end)];
  return was.length <= 1 && is.length <= 1 || was.length === 2 && was === [...is].toReversed().join("");
}

/** An option that takes a run's name. */
export function nameOption<Flags extends string>(
  flags: Flags,
  description: string,
  fallback?: string,
): Option<Flags, undefined, undefined, string> {
  return textOption(flags, description, "a name", (text) => text, fallback);
}

/** An option that takes a path, relative to where the user stands. */
export function pathOption<Flags extends string>(
  flags: Flags,
  description: string,
  fallback?: string,
): Option<Flags, undefined, undefined, string> {
  return textOption(flags, description, "a path", userPath, fallback);
}

/** An option that takes a run's name, or a path. */
export function runOption<Flags extends string>(
  flags: Flags,
  description: string,
): Option<Flags, undefined, undefined, string> {
  return textOption(flags, description, "a run's name or a path", userPathOrName);
}

function textOption<Flags extends string>(
  flags: Flags,
  description: string,
  expected: string,
  read: (text: string) => string,
  fallback?: string,
): Option<Flags, undefined, undefined, string> {
  return new Option(flags, fallback === undefined ? description : `${description} (default: ${fallback})`)
    .argParser((text) => {
      if (text === "") throw new OptionError(`${nameOf(flags)} "": expected ${expected}`);
      return read(text);
    });
}

/** A name of a machine, or an IPv4 address. */
const HOST_NAME = /^[a-z\d]([a-z\d.-]*[a-z\d])?\.?$/i;
/** An IPv6 address roughly, to catch typing errors; the system parses it. */
const IPV6 = /^[\da-f]*:[\da-f:]*:[\da-f.]*(%[\w.-]+)?$/i;

/** An option that takes the address of a machine: a name, or an IP address, which may have brackets if it is IPv6. */
export function hostOption<Flags extends string>(
  flags: Flags,
  description: string,
): Option<Flags, undefined, undefined, string> {
  return new Option(flags, description).argParser((text) => {
    const host = text.replace(/^\[(.*)\]$/, "$1");
    if (HOST_NAME.test(text) || IPV6.test(host)) return host;
    throw new OptionError(
      `${nameOf(flags)} ${shown(text)}: expected an address alone, such as 127.0.0.1, ::1 or localhost; ` +
        "the port is another option",
    );
  });
}

/** Reads a number. @throws {OptionError} when it is none, or out of its range. */
export function parseNumber(text: string, name: string, { kind, span, includes }: Range): number {
  // The kernels compute in float32: a number that is infinite there is infinite.
  const value = DECIMAL.test(text) && Number.isFinite(Math.fround(Number(text))) ? Number(text) : NaN;
  if (Number.isNaN(value) || !includes(value)) {
    throw new OptionError(`${name} ${shown(text)}: expected ${kind}, ${span}`);
  }
  return value + 0; // −0 becomes 0
}

/** `--steps` of `--steps <number>`. */
function nameOf(flags: string): string {
  return flags.split(" ")[0] ?? flags;
}

/** A value as it is repeated to the user: on one line, and to be seen even where it is empty. */
function shown(text: string): string {
  return /^[\x21-\x7e]{1,40}$/.test(text) ? text : quotedValue(text);
}
