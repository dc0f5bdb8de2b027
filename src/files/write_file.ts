/**
 * Atomic file writes: a file is first written whole to a temporary name beside its place, then moved there in one step.
 */
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.ts";
import { checkRegular, writeError, writing } from "./file_access.ts";

/** Prefix of the names of unfinished files. */
export const TEMPORARY = ".spikelet-";

/**
 * Writes a file whole or not at all. What stood there before stays until the new content is on the disk; a symbolic link is
 * refused, for it may lead anywhere. After a failure nothing is left behind.
 *
 * @param path The file; its folder must exist.
 * @param content Bytes, or a text that becomes UTF-8.
 * @param former Where to move what stood there before, instead of replacing it.
 * @throws {InputError} when it cannot be written: no permission, no folder, no space, or a folder, a link or a device of that
 * name.
 *
 * @example
 * ```ts
 * import { writeFileAtomic } from "./write_file.ts";
 *
 * const folder = await Deno.makeTempDir();
 * await writeFileAtomic(`${folder}/summary.json`, JSON.stringify({ accuracy: 0.86 }));
 * console.log(await Deno.readTextFile(`${folder}/summary.json`)); // {"accuracy":0.86}
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  former?: string,
): Promise<void> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const folder = dirname(path);
  await writing(path, folder, async () => {
    await checkTarget(path);
    // A name of its own, not the file's with a suffix, which could become too long for the file system.
    const temporary = await mayWrite(folder)
      ? join(folder, `${TEMPORARY}${crypto.randomUUID()}.tmp`)
      : partOf(path);
    using _leftover = removeOnExit(temporary);
    try {
      await writeNew(temporary, bytes);
      if (former !== undefined) await moveAway(path, former);
      await Deno.rename(temporary, path);
      await syncFolder(folder);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {}); // the first error says more than the second
      throw error;
    }
  });
}

/** Has a file removed if the program exits, as it does on a signal, before this is disposed of. */
function removeOnExit(path: string): Disposable {
  const remove = () => {
    try {
      Deno.removeSync(path);
    } catch {
      // It has not been made yet, or has been moved to its place.
    }
  };
  globalThis.addEventListener("unload", remove);
  return { [Symbol.dispose]: () => globalThis.removeEventListener("unload", remove) };
}

/** Moves a file, where there is one. */
async function moveAway(path: string, to: string): Promise<void> {
  try {
    await Deno.rename(path, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Syncs a folder's entries to the disk, where the system can, so that a power cut does not undo a move. */
async function syncFolder(folder: string): Promise<void> {
  try {
    using opened = await Deno.open(folder);
    await opened.sync();
  } catch {
    // Windows opens no folders, and some file systems do not sync them. The file itself is on the disk.
  }
}

/** Removes a killed process's temporary files; no other process may be writing in the folder. @throws {InputError} on failure. */
export async function removeLeftovers(folder: string): Promise<void> {
  await writing(folder, folder, async () => {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(TEMPORARY)) await Deno.remove(join(folder, name));
    }
  });
}

/**
 * Opens a file of ours that grows or is locked, and creates it if missing. Deno's permissions hold for a path as it is
 * written: a symbolic link of that name would lead out of every folder that they name, so it is refused.
 *
 * @param how For adding at the end, or for reading and writing anywhere.
 * @throws {InputError} when it is no file, or cannot be opened.
 */
export async function openOwnFile(path: string, how: "append" | "update"): Promise<Deno.FsFile> {
  const access = how === "append" ? { append: true } : { read: true, write: true };
  for (let again = false;; again = true) {
    try {
      return await Deno.open(path, { ...access, createNew: !await checkTarget(path) });
    } catch (error) {
      // Another process created it meanwhile.
      if (again || !(error instanceof Deno.errors.AlreadyExists)) {
        throw writeError(error, path, dirname(path));
      }
    }
  }
}

/**
 * Checks that a path is free or a regular file's: not that of a folder, a link or a device.
 *
 * @returns Whether there is such a file.
 * @throws {InputError} when it is not.
 */
export async function checkTarget(path: string): Promise<boolean> {
  if (/^$|[/\\]$/.test(path) || basename(path) === "." || basename(path) === "..") {
    throw new InputError(
      `${path === "" ? '""' : path}: this names no file; expected a path such as runs/model.safetensors`,
    );
  }
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  if (info.isSymlink) {
    throw new InputError(
      `${path}: this is a symbolic link, which nothing is written through; name the file that it leads to, or remove it`,
    );
  }
  checkRegular(info, path);
  return true;
}

/**
 * Whether a folder of Spikelet's exists.
 *
 * @throws {InputError} when what is there is none: a file, or a symbolic link, which may lead out of what Deno may write.
 */
export async function isOwnFolder(path: string): Promise<boolean> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw writeError(error, path, dirname(path));
  }
  if (info.isDirectory) return true;
  throw new InputError(
    `${path}: this is a ${
      info.isSymlink ? "symbolic link, which nothing is written through" : "file"
    }; expected a folder: move it away`,
  );
}

/** Writes a new file down to the disk, and closes it: where Windows runs, an open file cannot be moved. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  await file.sync();
}

/** Where a file is written first if Deno may not write anything else in its folder. */
export function partOf(path: string): string {
  return `${path}.part`;
}

/** Whether Deno may write a file or a folder. */
export async function mayWrite(path: string): Promise<boolean> {
  return (await Deno.permissions.query({ name: "write", path })).state === "granted";
}

/** Whether Deno may write a file: in all of its folder, or just itself and {@linkcode partOf} it. */
export async function mayWriteFile(path: string): Promise<boolean> {
  return await mayWrite(dirname(path)) || await mayWrite(path) && await mayWrite(partOf(path));
}

/** Makes sure that Deno may write a file. @throws {InputError} when it may not. */
export async function checkPermitted(path: string): Promise<void> {
  if (await mayWriteFile(path)) return;
  throw new InputError(
    `${path}: Deno may not write it; run again with --allow-write=${path},${
      partOf(path)
    } besides what is permitted`,
  );
}

/**
 * Checks that a file can lie at a path, whatever Deno may write.
 *
 * @throws {InputError} when it names no file, something else is there, or its folder does not exist.
 */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  await writing(path, folder, async () => {
    await checkTarget(path);
    await Deno.stat(folder);
  });
}
