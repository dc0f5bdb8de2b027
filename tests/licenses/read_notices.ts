/**
 * Reads a file of notices.
 *
 * @module
 */

/** The licence texts by title. */
export function noticesIn(text: string): Map<string, string> {
  const [, ...parts] = text.split(/^={80}\n/m);
  const notices = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) {
    for (const title of parts[i]!.trim().split("\n")) notices.set(title, parts[i + 1]!.trim());
  }
  return notices;
}
