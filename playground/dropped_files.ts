/** What files that were dropped or picked are: told by what they hold, but for the files of a data set. */
import { HEADER_ROOM } from "../src/network/safetensors.ts";
import { type FileKind, kindOfFile } from "./logic/file_kind.ts";

/** Files that belong together. */
export type DroppedFiles =
  /** A model, recordings, or both. */
  | { readonly kind: "network"; readonly model: File | undefined; readonly recordings: File | undefined }
  /** The files of a data set of digits. */
  | { readonly kind: "digits" };

/** Sorts files, of which there is at least one. */
export async function sortFiles(files: readonly File[]): Promise<DroppedFiles> {
  const [file] = files;
  const kinds = await Promise.all(files.map(kindOf));
  const ofKind = (kind: FileKind) => files.filter((_, at) => kinds[at] === kind);
  const [model, ...models] = ofKind("model"), [recordings, ...others] = ofKind("recordings");
  if (models.length + others.length === 0 && !kinds.includes("other")) {
    return { kind: "network", model, recordings };
  }
  // A file that is alone and nothing else is a model, whose damage is reported.
  return file && files.length === 1 && !/idx/i.test(file.name)
    ? { kind: "network", model: file, recordings: undefined }
    : { kind: "digits" };
}

async function kindOf(file: File): Promise<FileKind> {
  return kindOfFile(new Uint8Array(await file.slice(0, HEADER_ROOM).arrayBuffer()), file.size);
}
