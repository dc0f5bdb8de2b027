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

/** What was found at an issue's path, and what was expected there. */
export function describeIssue({ expected, received, type, message }: v.BaseIssue<unknown>): string {
  if (expected === "never") {
    return "this version knows nothing of that name; expected one of docs/networks.md";
  }
  if (received === "undefined") return "it is missing; docs/networks.md says what it is";
  const found = oneLine(received);
  if (type === "integer") return `${found}: expected a whole number`;
  if (expected === null) return oneLine(message, 200);
  const words = TYPES[expected] ?? expected
    .replace(/^\((.* \| .*)\)$/, (_, names: string) => `one of ${names.replaceAll(" | ", ", ")}`)
    .replace(/^[<>]=?/, (sign) => `${BOUNDS[sign]} `);
  return `${found}: expected ${oneLine(words, 200)}`;
}
