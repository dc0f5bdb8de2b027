/** Sanitizes text from files for messages. */

/**
 * Makes a text fit for a message: on one line, not long, and without terminal control characters.
 *
 * @param text An untrusted name or value from a file.
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

/**
 * What a user wrote, as a message repeats it: in quotes, and cut with an ellipsis where it is long.
 *
 * @param most Characters after which it is cut off.
 *
 * @example
 * ```ts
 * import { quotedValue } from "./one_line.ts";
 *
 * console.log(quotedValue("a b"), quotedValue("0123456789", 4)); // "a b" "0123…"
 * ```
 */
export function quotedValue(text: string, most = 40): string {
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text);
}
