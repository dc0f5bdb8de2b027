/** Checks of arguments from callers without types, before anything is computed. */
import { OptionError } from "./errors.ts";

/**
 * Checks that a value is an object.
 *
 * @param what Its name in messages.
 * @param expected The expected value, in words.
 * @throws {OptionError} when it is none.
 */
export function checkObject(what: string, value: unknown, expected: string): asserts value is object {
  if (typeof value === "object" && value !== null) return;
  throw new OptionError(`${what}: ${value === null ? "null" : typeof value}, expected ${expected}`);
}

/** Checks that a value is a whole number, `least` or more. @throws {OptionError} when not. */
export function checkWhole(what: string, value: unknown, least: number): asserts value is number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return;
  const span = Number(value) > Number.MAX_SAFE_INTEGER
    ? ` from ${least} to ${Number.MAX_SAFE_INTEGER}`
    : `, ${least} or more`;
  throw new OptionError(`${what}: ${value}, expected a whole number${span}`);
}
