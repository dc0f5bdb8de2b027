/**
 * Stores the fastest tile of this machine in `.spikelet/tuning.json`, below the current folder.
 *
 * The file is a cache: without it, or where it cannot be written, some milliseconds are lost.
 */
import * as v from "valibot";
import { writeFileAtomic } from "../../files/write_file.ts";
import { SpikeletError } from "../../errors.ts";
import { readNoteSync } from "../../files/file_access.ts";
import { VERSION } from "../../version.ts";
import { type Precision, type Tile, TILES } from "./precision.ts";
import type { KernelModule } from "./kernels.ts";
import { timeTiles, type Tuning } from "./tuning.ts";

/** The file of the cache, below the current folder. */
export const TUNING_FILE = ".spikelet/tuning.json";

const tuningOf = (tiles: readonly Tile[]) =>
  v.strictObject({ tile: v.picklist(tiles), microseconds: v.record(v.string(), v.number()) });

const schema = v.strictObject({
  machine: v.string(),
  f32: v.optional(tuningOf(TILES.f32)),
  i16: v.optional(tuningOf(TILES.i16)),
});

type Cache = v.InferOutput<typeof schema>;

/** The machine for which the figures hold; another Deno or another build of the kernels is measured anew. */
export function machineOf({ variant }: Pick<KernelModule, "variant">): string {
  return [VERSION, variant, Deno.version.v8, Deno.build.arch, navigator.hardwareConcurrency].join(" ");
}

/** The figures of this machine; `undefined` where there are none or the file is damaged. */
export function readTuning(kernels: KernelModule): Cache | undefined {
  try {
    const cache = v.parse(schema, JSON.parse(readNoteSync(TUNING_FILE)));
    return cache.machine === machineOf(kernels) ? cache : undefined;
  } catch {
    return undefined;
  }
}

/** The fastest tile of a precision, from the file or measured; `undefined` where the file has none and cannot be written. */
export async function tunedTile(kernels: KernelModule, precision: Precision): Promise<Tile | undefined> {
  const cache = readTuning(kernels);
  const known = cache?.[precision];
  if (known) return known.tile;
  const { state } = await Deno.permissions.query({ name: "write", path: TUNING_FILE });
  if (state !== "granted") return undefined;
  const tuning: Tuning = timeTiles(kernels, precision);
  try {
    await Deno.mkdir(".spikelet", { recursive: true });
    const rest = cache ?? { machine: machineOf(kernels) };
    await writeFileAtomic(TUNING_FILE, JSON.stringify({ ...rest, [precision]: tuning }, null, 2) + "\n");
  } catch (error) {
    // A cache that cannot be written is no reason not to train.
    if (!(error instanceof SpikeletError || error instanceof Error && "code" in error)) throw error;
  }
  return tuning.tile;
}
