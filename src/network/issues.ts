/**
 * What is wrong with a description, in a message's words.
 *
 * @module
 */
import type * as v from "valibot";
import { oneLine } from "../one_line.ts";

/** valibot's names of types. */
const TYPES: Readonly<Record<string, string>> = {
  number: "a number",
  boolean: "true or false",
  Array: "a list",
  Object: "an object",
};

/** valibot's signs of bounds. */
const BOUNDS: Readonly<Record<string, string>> = {
  "<=": "at most",
  ">=": "at least",
  "<": "a number below",
  ">": "a number above",
};

/** What was found at an issue's path, and what was expected there. @param others All that is wrong with the description. */
export function describeIssue(
  { expected, received, type, message, path }: v.BaseIssue<unknown>,
  others: readonly v.BaseIssue<unknown>[] = [],
): string {
  if (expected === "never") {
    return "this version knows nothing of that name; expected one of docs/networks.md";
  }
  if (received === "undefined") {
    const object = path?.at(-1)?.input;
    const strange = others.find((other) =>
      other.expected === "never" && other.path?.at(-1)?.input === object
    );
    const instead = strange
      ? `, and ${oneLine(JSON.stringify(strange.path?.at(-1)?.key))} beside it is not known`
      : "";
    return `it is missing${instead}; docs/networks.md says what it is`;
  }
  const found = oneLine(received);
  if (type === "integer") return `${found}: expected a whole number`;
  if (expected === null) return oneLine(message, 200);
  const words = TYPES[expected] ?? expected
    .replace(/^\((.* \| .*)\)$/, (_, names: string) => `one of ${names.replaceAll(" | ", ", ")}`)
    .replace(/^[<>]=?/, (sign) => `${BOUNDS[sign]} `);
  return `${found}: expected ${oneLine(words, 200)}`;
}
