/** The NIR files of tests/reference/nir/. */
import { DEFAULT_GPU_MEMORY } from "../../src/engine/gpu/memory.ts";
import type { ReadNirOptions } from "../../src/nir/read_nir.ts";
import { type NirVerdict, verifyNirCase } from "../../src/verify/nir_case.ts";

const FOLDER = new URL("../reference/nir/", import.meta.url);

/** The path of a file there. */
export function nirPath(name: string): string {
  return new URL(name, FOLDER).pathname;
}

/** A file there, with its name. */
export async function nirFile(name: string): Promise<{ bytes: Uint8Array; name: string }> {
  return { bytes: await Deno.readFile(nirPath(name)), name };
}

/** JSON there. */
export async function nirJson(name: string): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(nirPath(name)));
}

/** Holds a file to the numbers that belong to it. */
export async function verdictOf(nir: string, io: string, options: ReadNirOptions): Promise<NirVerdict> {
  const engine = { engine: "wasm", threads: 1, gpuMemory: DEFAULT_GPU_MEMORY } as const;
  return await verifyNirCase(await nirFile(nir), await nirFile(io), options, engine);
}

/** The tensors of a case that differ, in words. */
export function missesOf({ comparisons }: NirVerdict): string[] {
  return comparisons.filter(({ different }) => different > 0)
    .map(({ tensor, different, worst }) => `${tensor}: ${different} differ, by ${worst} at most`);
}
