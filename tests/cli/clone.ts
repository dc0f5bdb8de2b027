/**
 * A folder like a clone, in which the tasks of deno.json run, with a small data set in place of MNIST.
 *
 * @module
 */
import { join } from "node:path";
import { type Sizes, writeSmallData } from "./small_data.ts";
import { PROJECT } from "./spikelet.ts";

/** Entries that the folder copies or does not have; it links all others. */
const NOT_LINKED = new Set([".git", ".spikelet", "data", "deno.json", "deno.lock", "dist", "runs"]);

/** Makes an empty folder a clone; the tasks' outputs stay in it. */
export async function makeClone(folder: string, sizes: Sizes): Promise<void> {
  for await (const { name } of Deno.readDir(PROJECT)) {
    if (!NOT_LINKED.has(name)) await Deno.symlink(join(PROJECT, name), join(folder, name));
  }
  for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(join(PROJECT, name), join(folder, name));
  await writeSmallData(join(folder, "data", "mnist"), sizes);
}
