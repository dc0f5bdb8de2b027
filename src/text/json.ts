/**
 * JSON parser whose errors name line and column: `JSON.parse` gives no position for most faults, and quotes its input unescaped.
 */
import { InputError } from "../errors.ts";
import { oneLine } from "./one_line.ts";

/** A syntax error in JSON. */
export interface JsonFault {
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1, in UTF-16 code units. */
  readonly column: number;
  /** What was found, such as `"}"` or `the end`; fit for a message. */
  readonly found: string;
  /** What was expected. */
  readonly expected: string;
}

/**
 * Parses JSON; a byte-order mark before it is left out.
 *
 * @param text Content of a file.
 * @param where The file's name in messages.
 * @param advice What the message ends with, such as `the file is damaged`.
 * @param firstLine Number of the file's line at which the text starts.
 * @throws {InputError} when it is not JSON; the message names line and column.
 */
export function parseJson(text: string, where: string, advice: string, firstLine = 1): unknown {
  const json = text.replace(/^\uFEFF/, "");
  try {
    return JSON.parse(json);
  } catch {
    const { line, column, found, expected } = findFault(json);
    throw new InputError(
      `${where}: not JSON: line ${
        line + firstLine - 1
      }, column ${column}: ${found}, expected ${expected}: ${advice}`,
    );
  }
}

const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
const WORD = /(?:true|false|null)(?!\w)/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;

/** Finds the first syntax error of a text (RFC 8259). @param text What `JSON.parse` has refused. */
export function findFault(text: string): JsonFault {
  const open: ("{" | "[")[] = [];
  let at = 0, expected = "a value";
  /** The end of what `pattern` matches here, or -1. */
  const endOf = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  const afterValue = () =>
    open.length === 0 ? "nothing more" : open.at(-1) === "{" ? '"," or "}"' : '"," or "]"';
  for (;;) {
    at = endOf(SPACE);
    const char = text[at];
    const isValue = expected.startsWith("a value"), isKey = expected.startsWith("a name");
    const closes = char === "}" && open.at(-1) === "{" || char === "]" && open.at(-1) === "[";
    if (closes && expected.includes(`"${char}"`)) {
      open.pop();
      at++;
      expected = afterValue();
    } else if (isValue && (char === "{" || char === "[")) {
      open.push(char);
      at++;
      expected = char === "{" ? 'a name in double quotes, or "}"' : 'a value or "]"';
    } else if ((isValue || isKey) && char === '"') {
      const fault = walkString(text, at);
      if (fault.expected !== undefined) return faultAt(text, fault.at, fault.expected);
      at = fault.at;
      expected = isKey ? '":"' : afterValue();
    } else if (isValue && Math.max(endOf(NUMBER), endOf(WORD)) >= 0) {
      at = Math.max(endOf(NUMBER), endOf(WORD));
      expected = afterValue();
    } else if (expected === '":"' && char === ":") {
      at++;
      expected = "a value";
    } else if (expected.startsWith('","') && char === ",") {
      at++;
      expected = open.at(-1) === "{" ? "a name in double quotes" : "a value";
    } else {
      return faultAt(text, at, expected);
    }
  }
}

/** From a string's first quote to behind its last, or to what must not be in it. */
function walkString(text: string, begin: number): { readonly at: number; readonly expected?: string } {
  for (let at = begin + 1;; at++) {
    const char = text[at];
    if (char === '"') return { at: at + 1 };
    if (char === undefined) return { at, expected: "the string's closing quote" };
    if (char < " ") return { at, expected: "the string's closing quote, or an escape such as \\n" };
    if (char !== "\\") continue;
    ESCAPE.lastIndex = at;
    if (!ESCAPE.test(text)) return { at, expected: 'an escape such as \\n, \\" or \\u00e9' };
    at = ESCAPE.lastIndex - 1;
  }
}

function faultAt(text: string, at: number, expected: string): JsonFault {
  const before = text.slice(0, at).split(/\r\n|\n|\r/);
  const found = /[\w.+-]+|[^]/uy;
  found.lastIndex = at;
  const token = found.exec(text)?.[0];
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    found: token === undefined ? "the text ends" : `there is ${oneLine(JSON.stringify(token), 40)}`,
    expected,
  };
}

/** JSON with the keys of every object sorted. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, each: unknown) =>
      typeof each === "object" && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1))
        : each,
  );
}
