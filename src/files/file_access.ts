/** File access whose errors, from the operating system or Deno's permissions, become one line with a remedy. */
import { InputError, SpikeletError } from "../errors.ts";
import { count } from "../text/figures.ts";

/**
 * The size in bytes of a regular file: callers open nothing that could block or never end (a pipe, a device).
 *
 * @throws {InputError} when there is no such file, it is a folder or a device, or it may not be read.
 */
export async function sizeOfFile(path: string): Promise<number> {
  return checkRegular(await reading(path, () => Deno.stat(path)), path);
}

/** Whether anything lies at a path, a symbolic link without a target included. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** A regular file's size. @throws {InputError} when it is something else. */
export function checkRegular(info: Deno.FileInfo, path: string): number {
  if (info.isDirectory) {
    throw new InputError(`${path}: this is a folder; expected a file: name one inside it`);
  }
  if (!info.isFile) throw new InputError(`${path}: this is a pipe or a device; expected a file on a disk`);
  return info.size;
}

/** What every runtime's typed arrays can hold. */
const LARGEST_FILE = 2 ** 31 - 1;

/** Bytes of the largest text that is read whole: half of what V8 has room for in a string. */
const LARGEST_TEXT = 2 ** 28;

/** Maximum bytes of the small files that Spikelet writes itself: metadata, notes, stored measurements. */
export const LARGEST_NOTE = 2 ** 24;

/**
 * Reads a file whole. Every file is read here, by {@linkcode readText} or by a reader that checks its size first: a pipe
 * would never end, and a file larger than memory ends the process.
 *
 * @param most The most bytes that it may have.
 * @throws {InputError} when it cannot be read, is no regular file, or is larger.
 */
export async function readWhole(path: string, most = LARGEST_FILE): Promise<Uint8Array<ArrayBuffer>> {
  checkSize(await sizeOfFile(path), most, path);
  return await reading(path, () => Deno.readFile(path));
}

/** Reads a file's first `most` bytes, or all of a shorter one. @throws {InputError} when it cannot be read. */
export async function readBeginning(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.min(await sizeOfFile(path), most));
  return await reading(path, async () => {
    using file = await Deno.open(path);
    let length = 0;
    while (length < bytes.length) {
      const read = await file.read(bytes.subarray(length));
      if (read === null) break; // it has become shorter meanwhile
      length += read;
    }
    return bytes.subarray(0, length);
  });
}

/**
 * Reads a file of text whole: UTF-8, or UTF-16 with a byte-order mark, as some editors and shells of Windows write it.
 *
 * @param most The most bytes that it may have.
 * @returns The text without its byte-order mark; what is no character is U+FFFD.
 * @throws {InputError} as {@linkcode readWhole} does.
 */
export async function readText(path: string, most = LARGEST_TEXT): Promise<string> {
  return decodeText(await readWhole(path, most));
}

/** Reads a small text synchronously. @throws {InputError} as {@linkcode readWhole} does. */
export function readNoteSync(path: string): string {
  try {
    checkSize(checkRegular(Deno.statSync(path), path), LARGEST_NOTE, path);
    return decodeText(Deno.readFileSync(path));
  } catch (error) {
    throw readError(error, path);
  }
}

function checkSize(size: number, most: number, path: string): void {
  if (size <= most) return;
  const [found, limit] = [size, most].map((bytes) => count(bytes));
  throw new InputError(`${path}: ${found} bytes, expected at most ${limit}: this is no file of Spikelet's`);
}

/** A file's bytes as text: see {@linkcode readText}. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const form = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  return new TextDecoder(form).decode(bytes);
}

/** Reads from a path. @throws {InputError} in place of the system's errors. */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw readError(error, path);
  }
}

/** Writes a path, which lies in `folder`. @throws {InputError} in place of the system's errors. */
export async function writing<T>(path: string, folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw writeError(error, path, folder);
  }
}

/** Turns the error of a failed read into an {@linkcode InputError}, unless it is Spikelet's own or a bug. */
export function readError(error: unknown, path: string): unknown {
  if (error instanceof SpikeletError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new InputError(`${path}: Deno may not read it; run again with --allow-read=${path}`);
  }
  switch (codeOf(error)) {
    case undefined:
      return error;
    case "ENOENT":
      return new InputError(`${path}: no such file or folder; check the path`);
    case "ENOTDIR":
      return new InputError(`${path}: a part of this path is a file, not a folder; check the path`);
    case "EACCES":
    case "EPERM":
      return new InputError(`${path}: this user may not read it; change its permissions`);
    default:
      return new InputError(`${path}: cannot be read: ${reasonOf(error)}`);
  }
}

/** As {@linkcode readError}, of a failed write. @param folder The folder of the file. */
export function writeError(error: unknown, path: string, folder: string): unknown {
  if (error instanceof SpikeletError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    const flag = /--allow-read/.test(error.message) ? "--allow-read" : "--allow-write";
    return new InputError(`${path}: Deno may not write it; run again with ${flag}=${folder}`);
  }
  switch (codeOf(error)) {
    case undefined:
      return error;
    case "ENOENT":
      return new InputError(`${path}: the folder ${folder} does not exist; create it first`);
    case "ENOTDIR":
      return new InputError(`${path}: ${folder} is not a folder; check the path`);
    case "EACCES":
    case "EPERM":
      return new InputError(`${path}: this user may not write in ${folder}; choose another folder`);
    case "EROFS":
      return new InputError(`${path}: ${folder} is on a read-only disk; choose another folder`);
    case "ENOSPC":
    case "EDQUOT":
      return new InputError(
        `${path}: no space is left on the disk of ${folder}; make room or choose another`,
      );
    default:
      return new InputError(`${path}: cannot be written: ${reasonOf(error)}`);
  }
}

/** The operating system's name for an error, such as `ENOSPC`. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The operating system's words, without Deno's `(os error 28): writefile '…'`. */
function reasonOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).replace(/ \(os error \d+\).*$/s, "");
}
