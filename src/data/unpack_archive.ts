/** Takes the files of a data set out of its archive, once this has been held to its checksums. */
import { createTarDecoder } from "modern-tar";
import { SpikeletError } from "../errors.ts";
import { readError } from "../files/file_access.ts";
import { count } from "../text/figures.ts";
import type { OfficialArchive, OfficialFile } from "./datasets.ts";
import { InflateError } from "./inflate_error.ts";
import { createSums } from "./sums.ts";
import { openUnpacked, SMALL } from "./verify.ts";

/**
 * Unpacks a `.tar.gz`, in whose folders the files may lie; one of them is in memory at a time, and what else is there is passed over.
 *
 * @param path The archive.
 * @param files Those that are wanted.
 * @param store Receives each as it comes.
 * @returns The fault, where it is not the official archive, or has not all of the files.
 * @throws {InputError} when it cannot be read.
 */
export async function unpackArchive(
  path: string,
  archive: OfficialArchive,
  files: readonly OfficialFile[],
  store: (name: string, content: Uint8Array) => Promise<void>,
): Promise<string | undefined> {
  const wanted = new Map(files.map((file) => [file.name, file]));
  try {
    const sums = await createSums();
    for await (const piece of (await Deno.open(path)).readable) sums.update(piece);
    const fault = sums.faultOf(archive);
    if (fault !== undefined) return fault;
    const unpacked = ReadableStream.from(await openUnpacked(path));
    for await (const { header, body } of unpacked.pipeThrough(createTarDecoder({ strict: true }))) {
      const file = wanted.get(header.name.split("/").at(-1)!);
      if (!file || header.type !== "file") {
        await body.pipeTo(new WritableStream()); // the decoder waits until it has been read
        continue;
      }
      const { name, bytes = header.size } = file;
      if (header.size !== bytes || bytes > (file.bytes ?? SMALL)) {
        return `its ${name} has ${count(header.size)} bytes, expected ${count(file.bytes ?? SMALL)}`;
      }
      await store(name, new Uint8Array(await new Response(body).arrayBuffer()));
      wanted.delete(name);
    }
  } catch (error) {
    if (error instanceof InflateError) return error.message;
    if (error instanceof Deno.errors.NotFound) return "it has been removed meanwhile";
    const known = readError(error, path);
    if (error instanceof SpikeletError || known instanceof SpikeletError) throw known;
    return `its tar data are damaged: ${error instanceof Error ? error.message : error}`;
  }
  const [missing] = wanted.keys();
  return missing === undefined ? undefined : `it has no ${missing}`;
}
