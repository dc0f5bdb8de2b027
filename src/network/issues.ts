/** Messages for the faults of a network's description. */
import { getDotPath } from "valibot";
import type * as v from "valibot";
import { oneLine } from "../text/one_line.ts";

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

/** Issues that a message shows. */
const MOST_SHOWN = 5;

/** Describes a description's issues, each with its path; of many, the first ones. */
export function describeIssues(issues: readonly v.BaseIssue<unknown>[]): string {
  // An unknown name beside a missing one is described with that one.
  const mentioned = issues.filter(isMissing).flatMap((missing) => strangeBeside(missing, issues) ?? []);
  const shown = issues.filter((issue) => !mentioned.includes(issue)).map((issue) =>
    `${oneLine(getDotPath(issue) ?? "the whole")}: ${describeIssue(issue, issues)}`
  );
  const more = shown.length - MOST_SHOWN;
  return shown.slice(0, MOST_SHOWN).join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function isMissing({ received, expected }: v.BaseIssue<unknown>): boolean {
  return received === "undefined" && expected !== "never";
}

/** The issue of an unknown name in the object that lacks one. */
function strangeBeside(
  { path }: v.BaseIssue<unknown>,
  issues: readonly v.BaseIssue<unknown>[],
): v.BaseIssue<unknown> | undefined {
  const object = path?.at(-1)?.input;
  return issues.find((other) => other.expected === "never" && other.path?.at(-1)?.input === object);
}

/** Describes what was found at an issue's path, and what was expected. @param others All issues of the description. */
export function describeIssue(
  issue: v.BaseIssue<unknown>,
  others: readonly v.BaseIssue<unknown>[] = [],
): string {
  const { expected, received, type, message, input } = issue;
  if (expected === "never") {
    return "this version has no such name; expected one of docs/networks.md";
  }
  if (isMissing(issue)) {
    const strange = strangeBeside(issue, others);
    const instead = strange
      ? `, and ${oneLine(JSON.stringify(strange.path?.at(-1)?.key))} beside it is not known`
      : "";
    return `it is missing${instead}; docs/networks.md says what it is`;
  }
  const found = oneLine(received);
  if (type === "integer") return `${found}: expected a whole number`;
  if (expected === null) return oneLine(message, 200);
  if (!message.startsWith("Invalid ")) return `${oneLine(JSON.stringify(input))}: ${message}`; // our own
  const words = TYPES[expected] ?? expected
    .replace(/^\((.* \| .*)\)$/, (_, names: string) => `one of ${names.replaceAll(" | ", ", ")}`)
    .replace(/^[<>]=?/, (sign) => `${BOUNDS[sign]} `);
  return `${found}: expected ${oneLine(words, 200)}`;
}
