/**
 * A folder like a clone's, in which the tasks of deno.json run, with MNIST replaced by a small data set.
 *
 * @module
 */
import { join } from "node:path";
import { type Sizes, writeSmallData } from "./small_data.ts";
import { PROJECT } from "./spikelet.ts";

/** What a clone has of its own, or what is copied; all else is linked. */
const NOT_LINKED = new Set([".git", ".spikelet", "data", "deno.json", "deno.lock", "dist", "runs"]);

/** Makes it of an empty folder; what the tasks write stays there. */
export async function makeClone(folder: string, sizes: Sizes): Promise<void> {
  for await (const { name } of Deno.readDir(PROJECT)) {
    if (!NOT_LINKED.has(name)) await Deno.symlink(join(PROJECT, name), join(folder, name));
  }
  for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(join(PROJECT, name), join(folder, name));
  await writeSmallData(join(folder, "data", "mnist"), sizes);
}
