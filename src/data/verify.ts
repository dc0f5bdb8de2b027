/** Checks files of data sets by their checksums. */
import { join } from "node:path";
import { readError, sizeOfFile } from "../files/file_access.ts";
import type { OfficialFile } from "./datasets.ts";
import { InflateError } from "./inflate_error.ts";
import { locateFile } from "./locate_file.ts";
import { createSums } from "./sums.ts";
import { count } from "../text/figures.ts";

/** The state of an official file's place. */
export type FileState =
  | { readonly kind: "official"; readonly path: string }
  | { readonly kind: "other"; readonly path: string; readonly fault: string }
  | { readonly kind: "missing"; readonly path: string };

/**
 * Looks for a file under each of its names and compares the first that is there with its checksums, inflated where it is gzip.
 *
 * @param folder Where it should be; there need not be such a folder.
 * @returns Its state; `path` is where it is, or would be under its own name.
 * @throws {InputError} when something is there that cannot be read.
 */
export async function inspectFile(folder: string, file: OfficialFile): Promise<FileState> {
  const path = locateFile(folder, file.name);
  if (path === undefined) return { kind: "missing", path: join(folder, file.name) };
  await sizeOfFile(path); // refuses a pipe or a device, which would never end
  const fault = await faultOf(path, file);
  return fault === undefined ? { kind: "official", path } : { kind: "other", path, fault };
}

/** The most bytes of a file whose size is not known. */
export const SMALL = 1 << 16;

/** Why a file is not the official one; `undefined` where it is, as far as its size and sums are known. */
async function faultOf(path: string, file: OfficialFile): Promise<string | undefined> {
  const sums = await createSums();
  let length = 0;
  try {
    for await (const piece of await openUnpacked(path)) {
      sums.update(piece);
      length += piece.length;
      if (length > (file.bytes ?? SMALL)) {
        return `it has more than the ${count(file.bytes ?? SMALL)} bytes of the official file`;
      }
    }
  } catch (error) {
    if (error instanceof InflateError) return error.message;
    throw readError(error, path);
  }
  // Where sums are known they name the fault, as they do for any other file.
  if (file.md5 === undefined && length !== (file.bytes ?? length)) {
    return `it has ${count(length)} of the ${count(file.bytes ?? length)} bytes of the official file`;
  }
  return sums.faultOf(file);
}

/** A file's bytes by pieces, inflated where the first two are gzip's. The iteration throws {@linkcode InflateError}. */
export async function openUnpacked(path: string): Promise<AsyncIterable<Uint8Array<ArrayBuffer>>> {
  const isPacked = isGzip(path);
  const { readable } = await Deno.open(path);
  if (!isPacked) return readable;
  const { gunzip } = await import("./inflate.ts");
  return gunzip(readable);
}

/** Whether a file begins as gzip does. */
export function isGzip(path: string): boolean {
  using file = Deno.openSync(path);
  const start = new Uint8Array(2);
  return file.readSync(start) === 2 && start[0] === 0x1f && start[1] === 0x8b;
}
