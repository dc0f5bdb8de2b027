/**
 * The file of a program that `deno task compile` made: recognizes it, and makes its bytes independent of
 * where and when its sources are compiled.
 */
import { Buffer } from "node:buffer";
import { readWhole } from "../src/files/file_access.ts";

/** Deno's mark of what it puts behind its runtime, and what our deno.json, which is in there, says. */
const MARKS = ["d3n0l4nd", "@spikelet/spikelet"];

/** How the list of embedded files begins, and a file's time of change in it, in milliseconds. */
const LIST = '[{"Dir":{"n":"', TIME = '"t":';
/** Of as many digits as all times from 2001 to 2286. */
const SOME_TIME = "1000000000000";

/** Whether a file is such a program. @throws {InputError} when it cannot be read. */
export async function isProgram(path: string): Promise<boolean> {
  const bytes = Buffer.from((await readWhole(path)).buffer);
  return MARKS.every((mark) => bytes.includes(mark));
}

/**
 * Gives all embedded files one time. Deno notes when each was changed, which in a clone is when it was cloned; nothing in a program
 * asks for it.
 *
 * @throws {InputError} when the program cannot be read.
 */
export async function forgetTimes(path: string): Promise<void> {
  const content = await readWhole(path), bytes = Buffer.from(content.buffer);
  const begin = bytes.indexOf(LIST);
  if (begin < 0) return; // another version's program lists them otherwise
  const end = endOfJson(bytes, begin);
  for (let at = begin; (at = bytes.indexOf(TIME, at)) >= 0 && at < end; at += TIME.length) {
    const digits = bytes.subarray(at + TIME.length, at + TIME.length + SOME_TIME.length + 1).toString(
      "latin1",
    );
    if (/^\d{13}[,}]$/.test(digits)) bytes.write(SOME_TIME, at + TIME.length, "latin1");
  }
  using file = await Deno.open(path, { write: true });
  await file.seek(begin, Deno.SeekMode.Start);
  for (let at = begin; at < end;) at += await file.write(content.subarray(at, end));
}

/** Where a JSON list ends that begins there. */
function endOfJson(bytes: Uint8Array, begin: number): number {
  let depth = 0, inText = false;
  for (let at = begin; at < bytes.length; at++) {
    const character = String.fromCharCode(bytes[at] ?? 0);
    if (inText) {
      if (character === "\\") at++;
      else inText = character !== '"';
    } else if (character === '"') inText = true;
    else if ("[{".includes(character)) depth++;
    else if ("]}".includes(character) && --depth === 0) return at + 1;
  }
  return begin;
}
