/**
 * Waits for other processes.
 *
 * @module
 */

/** Polls a condition every 5 ms until it holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!await condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The size of a file; 0 if there is none. */
export async function sizeOf(path: string): Promise<number> {
  return await Deno.stat(path).then(({ size }) => size, () => 0);
}

/** The number of whole lines in a file; 0 if there is none. */
export async function countLines(path: string): Promise<number> {
  return await Deno.readTextFile(path).then((text) => text.split("\n").length - 1, () => 0);
}
