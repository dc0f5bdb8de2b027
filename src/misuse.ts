/**
 * What a caller without types may hand in: told in a sentence that says what was expected, before anything is computed.
 *
 * @module
 */
import { OptionError } from "./errors.ts";

/**
 * Makes sure that there is an object where one has to be.
 *
 * @param what What messages call it.
 * @param expected What it should be.
 * @throws {OptionError} when there is none.
 */
export function checkObject(what: string, value: unknown, expected: string): asserts value is object {
  if (typeof value === "object" && value !== null) return;
  throw new OptionError(`${what}: ${value === null ? "null" : typeof value}, expected ${expected}`);
}

/**
 * Makes sure that a number is whole and not below `least`.
 *
 * @throws {OptionError} when not.
 */
export function checkWhole(what: string, value: unknown, least: number): asserts value is number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return;
  const span = Number(value) > Number.MAX_SAFE_INTEGER
    ? ` from ${least} to ${Number.MAX_SAFE_INTEGER}`
    : `, ${least} or more`;
  throw new OptionError(`${what}: ${value}, expected a whole number${span}`);
}
