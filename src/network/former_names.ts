/**
 * Names in files and command lines of earlier versions, which are still read.
 *
 * @module
 */

/** A preset's name as it is now: `notebook` was called `seed` once. Other names stay as they are. */
export function presentModelName(name: string): string {
  return name === "seed" ? "notebook" : name;
}
