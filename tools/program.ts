/**
 * The file of a program that `deno task compile` made: recognizes it, and makes its bytes independent of
 * where and when its sources are compiled.
 */
import { Buffer } from "node:buffer";
import { readWhole } from "../src/files/file_access.ts";

/** Deno's mark of the part after its runtime, and the name in our deno.json, which is in that part. */
const MARKS = ["d3n0l4nd", "@spikelet/spikelet"];

/** The beginning of the list of embedded files, and the key of a file's time of change, in milliseconds. */
const LIST = '[{"Dir":{"n":"', TIME = '"t":';
/** With as many digits as all times from 2001 to 2286. */
const SOME_TIME = "1000000000000";

/** Whether a file is such a program. @throws {InputError} when it cannot be read. */
export async function isProgram(path: string): Promise<boolean> {
  const bytes = Buffer.from((await readWhole(path)).buffer);
  return MARKS.every((mark) => bytes.includes(mark));
}

/**
 * Gives all embedded files one time of change. Deno stores each file's own, in a clone the time of cloning; no program reads it.
 *
 * @throws {InputError} when the program cannot be read.
 */
export async function forgetTimes(path: string): Promise<void> {
  const content = await readWhole(path), bytes = Buffer.from(content.buffer);
  const begin = bytes.indexOf(LIST);
  if (begin < 0) return; // another version's program lists them otherwise
  const end = endOfJson(bytes, begin);
  for (let at = begin; (at = bytes.indexOf(TIME, at)) >= 0 && at < end; at += TIME.length) {
    const from = at + TIME.length, digits = bytes.toString("latin1", from, from + SOME_TIME.length + 1);
    if (/^\d{13}[,}]$/.test(digits)) bytes.write(SOME_TIME, from, "latin1");
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
