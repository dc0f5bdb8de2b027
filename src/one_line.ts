/**
 * Texts from files, as messages repeat them.
 *
 * @module
 */

/**
 * Makes a text fit for a message: on one line, not long, and with nothing in it that a terminal would obey.
 *
 * @param text A name or value out of a file that may say anything.
 * @param most Characters after which it is cut off.
 *
 * @example
 * ```ts
 * import { oneLine } from "./one_line.ts";
 *
 * console.log(oneLine("w1\n\x1b[2J")); // w1\u{a}\u{1b}[2J
 * ```
 */
export function oneLine(text: string, most = 80): string {
  if (text === "") return '""';
  const short = text.length > most ? `${text.slice(0, most)}…` : text;
  return short.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
