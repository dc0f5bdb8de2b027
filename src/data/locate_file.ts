/** Finds the files of a data set of MNIST's form under any of their names. */
import { join } from "node:path";
import { readError } from "../files/file_access.ts";
import { FILE_NAMES } from "./file_names.ts";

/** The names under which a file is looked for, in this order: as it is, with a dot as some copies have it, and packed. */
export function formsOf(name: string): readonly string[] {
  const dotted = name.replace("-idx", ".idx");
  return [name, dotted, `${name}.gz`, `${dotted}.gz`];
}

/**
 * The path of a file under the first of its names that a regular file has. Archives of MNIST unpack to folders of the files'
 * names with the files in them, so it is looked for there too.
 *
 * @param folder The data set's; there need not be such a folder.
 * @param official The file's own name.
 * @returns The path. Where nothing but a folder or a pipe has the name, that one's: opening it reports the error.
 * `undefined` where nothing has it.
 * @throws {InputError} when a path may not be looked at.
 */
export function locateFile(folder: string, official: string): string | undefined {
  const forms = formsOf(official);
  let other: string | undefined;
  for (const form of forms) {
    const path = join(folder, form);
    const info = statOf(path);
    if (info?.isFile) return path;
    if (info) other ??= path;
    const inside = info?.isDirectory ? forms.map((name) => join(path, name)) : [];
    const found = inside.find((path) => statOf(path)?.isFile);
    if (found !== undefined) return found;
  }
  return other;
}

/** The status of a path, links followed; `undefined` where nothing is there. */
function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw readError(error, path);
  }
}

/** Whether a folder has all four files of MNIST's form; false too where it may not be read. */
export function hasAllFiles(folder: string): boolean {
  const names = Object.values(FILE_NAMES).flatMap(({ images, labels }) => [images, labels]);
  try {
    return names.map((name) => locateFile(folder, name)).every((path) => path && Deno.statSync(path).isFile);
  } catch {
    return false; // a path that may not be looked at cannot be read either
  }
}
