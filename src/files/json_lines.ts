/** JSON lines files: training appends to them, and a resumed run cuts them back to its checkpoint. */
import { checkTarget, openOwnFile, writeFileAtomic } from "./write_file.ts";
import { reading, readWhole, writeError, writing } from "./file_access.ts";

/** An open file of lines. */
export interface JsonLines {
  /** Adds one line. @throws {InputError} when it cannot be written. */
  append(value: unknown): void;
  /** Syncs all lines to the disk. @throws {InputError} when that fails. */
  sync(): Promise<void>;
  /** Closes the file. */
  close(): void;
}

/** Result of {@linkcode cutJsonLines}. */
export interface Cut {
  /** Lines that stayed. */
  readonly kept: number;
  /** Whole lines that were removed because they are no JSON or out of order. */
  readonly damaged: number;
}

const NEWLINE = 10;
const encoder = new TextEncoder();

/** Opens a file of lines to append to it; creates it if missing. @throws {InputError} when it cannot be written. */
export async function openJsonLines(path: string, folder: string): Promise<JsonLines> {
  const file = await openOwnFile(path, "append");
  return {
    append(value) {
      try {
        const bytes = encoder.encode(JSON.stringify(value) + "\n");
        for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
      } catch (error) {
        throw writeError(error, path, folder);
      }
    },
    sync: () => writing(path, folder, () => file.syncData()),
    close: () => file.close(),
  };
}

/**
 * Removes every line that is half written, or that belongs to a batch or epoch that will be repeated.
 *
 * Where the lines that stay are the first ones, as in every file that was not edited, it is cut at their end: one step of the
 * file system's, for which a full disk has room.
 *
 * @param path The file; where there is none, nothing is kept.
 * @param place The place of a line's value in the order of lines; `undefined` for a value that is no such line.
 * @param last The place of the last line that stays.
 * @throws {InputError} when it cannot be read or written.
 */
export async function cutJsonLines(
  path: string,
  folder: string,
  place: (value: unknown) => number | undefined,
  last: number,
): Promise<Cut> {
  if (!await reading(path, () => checkTarget(path))) return { kept: 0, damaged: 0 };
  const bytes = await readWhole(path);
  const decoder = new TextDecoder();
  const kept: Uint8Array[] = [];
  let damaged = 0, before = 0, prefix = 0, from = 0;
  for (let end; (end = bytes.indexOf(NEWLINE, from)) >= 0; from = end + 1) {
    const line = bytes.subarray(from, end + 1);
    const at = placeOf(decoder.decode(line), place);
    if (at !== undefined && at > last) continue;
    if (at === undefined || at <= before) {
      damaged++;
      continue;
    }
    if (prefix === from) prefix = end + 1;
    before = at;
    kept.push(line);
  }
  const whole = kept.reduce((sum, { length }) => sum + length, 0);
  if (whole === prefix) await writing(path, folder, () => Deno.truncate(path, prefix));
  else await writeFileAtomic(path, joined(kept, whole));
  return { kept: kept.length, damaged };
}

function placeOf(text: string, place: (value: unknown) => number | undefined): number | undefined {
  try {
    return place(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
