/**
 * Prints to standard output and standard error without failing: the terminal may be closed, a reader such as
 * `head` may have ended, and the disk of a log may be full. None of these should lose work.
 */

/** A place for text, such as `Deno.stdout`. */
export interface TextStream {
  /** Writes some of the bytes. @returns How many. */
  writeSync(bytes: Uint8Array): number;
}

const encoder = new TextEncoder();

/** Prints a line on standard output. @returns Whether it could be written. */
export function print(line = ""): boolean {
  return writeText(Deno.stdout, line + "\n");
}

/** Prints a line on standard error. @returns Whether it could be written. */
export function printError(line = ""): boolean {
  return writeText(Deno.stderr, line + "\n");
}

/** Writes a text now, the whole of it, so that nothing is lost when the program exits. @returns Whether it could be written. */
export function writeText(stream: TextStream, text: string): boolean {
  const bytes = encoder.encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += stream.writeSync(bytes.subarray(written));
    return true;
  } catch {
    return false;
  }
}
