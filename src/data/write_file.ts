/**
 * Writes a file so that nobody ever sees half of it: whole beside its place first, then moved there in one step.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.ts";
import { writeError } from "../file_access.ts";

/** What the names of unfinished files begin with. */
const TEMPORARY = ".spikelet-";

/**
 * Writes a file whole or not at all. What stood there before stays until the new content is on the disk; a link is
 * followed. After a failure nothing is left behind.
 *
 * @param path The file; its folder must exist.
 * @param content Bytes, or a text that becomes UTF-8.
 * @param former Where to move what stood there before, instead of replacing it.
 * @throws {InputError} when it cannot be written: no permission, no folder, no space, or a folder or device of that name.
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
  let folder = dirname(path);
  try {
    const target = await targetOf(path);
    folder = dirname(target);
    // A name of its own, not the file's with a suffix, which could become too long for the file system.
    const temporary = join(folder, `${TEMPORARY}${crypto.randomUUID()}.tmp`);
    try {
      await writeNew(temporary, bytes);
      if (former !== undefined) await moveAway(target, former);
      await Deno.rename(temporary, target);
      await syncFolder(folder);
    } catch (error) {
      await removeQuietly(temporary);
      throw error;
    }
  } catch (error) {
    throw writeError(error, path, folder);
  }
}

/** Moves a file, where there is one. */
async function moveAway(path: string, to: string): Promise<void> {
  try {
    await Deno.rename(path, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Takes a folder's new names down to the disk, where the system can: so that a power cut does not undo a move. */
async function syncFolder(folder: string): Promise<void> {
  try {
    using opened = await Deno.open(folder);
    await opened.sync();
  } catch {
    // Windows opens no folders, and some file systems do not sync them. The file itself is on the disk.
  }
}

/**
 * Removes what a process left in a folder that was killed while it wrote there. Nobody else may be writing there.
 *
 * @throws {InputError} when they cannot be removed.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(TEMPORARY)) await Deno.remove(join(folder, name));
    }
  } catch (error) {
    throw writeError(error, folder, folder);
  }
}

/** The file that `path` names, through links; throws for what a file must not replace. */
async function targetOf(path: string): Promise<string> {
  if (/^$|[/\\]$/.test(path) || basename(path) === "." || basename(path) === "..") {
    throw new InputError(
      `${path === "" ? '""' : path}: this names no file; expected a path such as runs/model.safetensors`,
    );
  }
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
  if (info.isDirectory) {
    throw new InputError(`${path}: this is a folder; expected a file: name one inside it`);
  }
  if (!info.isFile) throw new InputError(`${path}: this is a pipe or a device; expected a file on a disk`);
  return await Deno.realPath(path);
}

/** Writes a new file down to the disk, and closes it: where Windows runs, an open file cannot be moved. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  await file.sync();
}

/** Removes the temporary file, if it came to be. Should that fail, the first error says more than the second. */
async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch {
    // The caller is about to throw the reason.
  }
}

/**
 * Makes sure, before hours of work, that a file can be written at the end of them.
 *
 * @param path The file that {@linkcode writeFileAtomic} will write.
 * @throws {InputError} when Deno may not write it, or its folder does not exist.
 */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  const permission = await Deno.permissions.query({ name: "write", path: folder });
  if (permission.state !== "granted") {
    throw new InputError(
      `${path}: Deno may not write it; run again with --allow-write=${folder}, ` +
        `as in \`deno run --allow-read --allow-write=.,${folder} main.ts …\``,
    );
  }
  try {
    await targetOf(path);
    await Deno.stat(folder);
  } catch (error) {
    throw writeError(error, path, folder);
  }
}
