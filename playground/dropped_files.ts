/** What files that were dropped or picked are: told by what they hold, but for the files of a data set. */
import { InputError } from "../src/errors.ts";
import { HEADER_ROOM, parseSafetensorsHeader } from "../src/network/safetensors.ts";
import { type FileKind, kindOfFile } from "./logic/file_kind.ts";

/** Files that belong together. */
export type DroppedFiles =
  /** A model, recordings, or both. */
  | { readonly kind: "network"; readonly model: File | undefined; readonly recordings: File | undefined }
  /** The files of a data set of digits. */
  | { readonly kind: "digits" };

/**
 * Sorts files, of which there is at least one.
 *
 * @throws {InputError} when one beside a model or recordings is neither, or there are two models or files of recordings.
 */
export async function sortFiles(files: readonly File[]): Promise<DroppedFiles> {
  const kinds = await Promise.all(files.map(kindOf)), [file] = files;
  const ofKind = (kind: FileKind) => files.filter((_, at) => kinds[at] === kind);
  const [model, secondModel] = ofKind("model"), [recordings, secondRecordings] = ofKind("recordings");
  const second = secondModel ?? secondRecordings, [other] = ofKind("other");
  if (second) throw new InputError(`${second.name}: expected one model and one file of recordings at a time`);
  if (other && (model || recordings)) throw await faultOf(other);
  if (!other) return { kind: "network", model, recordings };
  if (!file || files.length > 1 || /idx/i.test(file.name)) return { kind: "digits" };
  if (!file.name.endsWith(".safetensors")) {
    throw new InputError(
      `${file.name}: expected a model or recordings (.safetensors), a picture, or the files of MNIST`,
    );
  }
  // A model that is damaged says how.
  return { kind: "network", model: file, recordings: undefined };
}

async function kindOf(file: File): Promise<FileKind> {
  return kindOfFile(await beginningOf(file), file.size);
}

/** Why a file is neither a model nor recordings. */
async function faultOf(file: File): Promise<unknown> {
  try {
    parseSafetensorsHeader(await beginningOf(file), file.size, file.name);
  } catch (error) {
    return error;
  }
  return new InputError(
    `${file.name}: it has neither a network nor a tensor x: expected a model or recordings`,
  );
}

async function beginningOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(0, HEADER_ROOM).arrayBuffer());
}
