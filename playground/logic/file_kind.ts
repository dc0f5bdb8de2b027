/** What a file holds: a model, or recordings for one. */
import { parseSafetensorsHeader } from "../../src/network/safetensors.ts";
import { InputError } from "../../src/errors.ts";

/** What a safetensors file holds; `other` where it is neither. */
export type FileKind = "model" | "recordings" | "other";

/**
 * Tells by its header what a file holds: a model has its network in the metadata, recordings have a tensor x.
 *
 * @param beginning Its first bytes, `HEADER_ROOM` of them or all.
 * @param size Bytes of the whole file.
 */
export function kindOfFile(beginning: Uint8Array, size: number): FileKind {
  try {
    const { metadata, entries } = parseSafetensorsHeader(beginning, size, "");
    if (metadata.network !== undefined || metadata.format?.startsWith("spikelet")) return "model";
    return entries.some(({ name }) => name.toLowerCase() === "x") ? "recordings" : "other";
  } catch (error) {
    if (error instanceof InputError) return "other";
    throw error;
  }
}
