/** The names of a network's classes: their rules, and the names of classes without one. */
import { InputError } from "../errors.ts";
import { parseJson } from "../text/json.ts";
import { oneLine } from "../text/one_line.ts";

/** Labels are bytes. */
const MOST_CLASSES = 256;
/** Characters of a name that a message shows. */
const MOST_SHOWN = 40;
/** Names that a message lists. */
const MOST_LISTED = 12;

/**
 * The fault of a list of names, in words; `undefined` where it has none. Names are distinct texts that are not empty.
 *
 * @param outputs The number of names. @default {any from 1 to 256}
 */
export function faultOfNames(names: unknown, outputs?: number): string | undefined {
  if (!Array.isArray(names)) return "this is no list; expected a list of names";
  if (names.length < 1 || names.length > MOST_CLASSES || names.length !== (outputs ?? names.length)) {
    return `${names.length} names, expected ${
      outputs === undefined ? `1 to ${MOST_CLASSES}` : `${outputs}, one for each output of the network`
    }`;
  }
  const places = new Map<unknown, number>();
  for (const [i, name] of names.entries()) {
    if (typeof name !== "string" || name === "") {
      return `name ${i} is ${oneLine(JSON.stringify(name) ?? "nothing")}, expected a text that is not empty`;
    }
    const first = places.get(name);
    if (first !== undefined) {
      return `names ${first} and ${i} are both ${shownName(name)}, expected distinct ones`;
    }
    places.set(name, i);
  }
  return undefined;
}

/**
 * Parses the names in a file's metadata, a list in JSON. Names are normalised (Unicode NFC).
 *
 * @param text The value of `classes`.
 * @param where Its name in messages.
 * @param outputs See {@linkcode faultOfNames}.
 * @throws {InputError} when it is no list of names.
 */
export function parseClassNames(text: string, where: string, outputs?: number): readonly string[] {
  const value = parseJson(text, where, 'give a list of names such as ["cat", "dog"]');
  const names: unknown = Array.isArray(value)
    ? value.map((name: unknown) => typeof name === "string" ? name.normalize("NFC") : name)
    : value;
  const fault = faultOfNames(names, outputs);
  if (fault === undefined && isTexts(names)) return names;
  throw new InputError(`${where}: ${fault}`);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** "0", "1", …: the names of classes without names. */
export function indexNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}

/** Whether every name is its class's index. */
export function areIndices(names: readonly string[]): boolean {
  return names.every((name, i) => name === String(i));
}

/** Names for all outputs of a network: outputs beyond the data's classes have their index as a name. */
export function filledNames(names: readonly string[], outputs: number): readonly string[] {
  const taken = new Set(names);
  const rest = indexNames(outputs).slice(names.length).map((index) => {
    let name = index;
    while (taken.has(name)) name = `output ${name}`;
    taken.add(name);
    return name;
  });
  return [...names, ...rest];
}

/** A name for a message or a table: on one line, cut off, and without control sequences for a terminal. */
export function shownName(name: string, most: number = MOST_SHOWN): string {
  const shown = oneLine(name, most);
  return shown.trim() === shown ? shown : JSON.stringify(shown);
}

/** A list of names for a message: of many, the first ones. */
export function listNames(names: readonly string[]): string {
  const listed = names.slice(0, MOST_LISTED).map((name) => shownName(name)).join(", ");
  return names.length > MOST_LISTED ? `${listed} and ${names.length - MOST_LISTED} more` : listed;
}
