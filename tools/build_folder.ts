/**
 * Folders that builds go to. A build lists what it has written, with the SHA-256 of each file; the next one removes or replaces
 * just that, and refuses a folder that holds anything else: somebody's own files, or files of a build that were changed since.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { createHash } from "node:crypto";
import { isOwnFolder, TEMPORARY, writeFileAtomic } from "../src/files/write_file.ts";
import { InputError } from "../src/errors.ts";
import { readError, writeError } from "../src/files/file_access.ts";

/** Where a build lists its files: a line a file, as `sha256sum --check` reads them. */
export const LIST = ".spikelet-build";

/** What a file of a build may have been: while a build is under way, what it was before, or what it will be. */
type Sums = Map<string, Set<string>>;

/** A file of a build: its path below the folder, with `/`, and what is in it. */
export type BuiltFile = readonly [path: string, contents: Uint8Array | string];

/**
 * Makes sure that a folder may be built into: it is not there, is empty, or holds what an earlier build wrote.
 *
 * @throws {InputError} when it holds anything else, or is none.
 */
export async function checkBuildFolder(folder: string): Promise<void> {
  await formerFiles(folder);
}

/**
 * Puts a build into a folder, in place of an earlier one. Whenever it is broken off, the next build goes through.
 *
 * @throws {InputError} as {@linkcode checkBuildFolder} does, or when something cannot be written.
 */
export async function writeBuild(folder: string, files: readonly BuiltFile[]): Promise<void> {
  const former = await formerFiles(folder);
  const sums: Sums = new Map(files.map(([path, contents]) => [path, new Set([sumOf(contents)])]));
  const both: Sums = new Map(
    [...former, ...sums].map((
      [path],
    ) => [path, new Set([...former.get(path) ?? [], ...sums.get(path) ?? []])]),
  );
  await makeFolder(folder);
  await writeFileAtomic(join(folder, LIST), listOf(both));
  for (const path of former.keys()) if (!sums.has(path)) await remove(folder, path);
  for (const [path, contents] of files) {
    const file = join(folder, path);
    await makeFolder(dirname(file));
    await writeFileAtomic(file, contents);
  }
  await writeFileAtomic(join(folder, LIST), listOf(sums));
}

/** What is in the folder, all of it an earlier build's; leftovers of one that was killed are removed. */
async function formerFiles(folder: string): Promise<Sums> {
  if (!await isOwnFolder(folder)) return new Map();
  const listed = await readList(folder), found: Sums = new Map(), foreign: string[] = [];
  for await (const path of filesIn(folder)) {
    if (path === LIST) continue;
    if (new RegExp(`(^|/)\\${TEMPORARY}[^/]*$`).test(path)) {
      await remove(folder, path);
      continue;
    }
    const sum = listed.get(path), info = await Deno.lstat(join(folder, path));
    if (sum && info.isFile && sum.has(sumOf(await Deno.readFile(join(folder, path))))) found.set(path, sum);
    else foreign.push(sum ? `${path}, which was changed since` : path);
  }
  const [first, ...more] = foreign.toSorted();
  if (first === undefined) return found;
  throw new InputError(
    `${folder}: ${first}${
      more.length > 0 ? ` and ${more.length} more` : ""
    }: no earlier build wrote this, and it is ` +
      "left alone: name another folder, or move away what is in this one",
  );
}

/** Everything in a folder that is no folder, by its path from there. */
async function* filesIn(folder: string, before = ""): AsyncGenerator<string> {
  try {
    for await (const { name, isDirectory } of Deno.readDir(join(folder, before))) {
      const path = before === "" ? name : `${before}/${name}`;
      if (isDirectory) yield* filesIn(folder, path);
      else yield path;
    }
  } catch (error) {
    throw readError(error, join(folder, before));
  }
}

async function readList(folder: string): Promise<Sums> {
  let text: string;
  try {
    text = await Deno.readTextFile(join(folder, LIST));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Map();
    throw readError(error, join(folder, LIST));
  }
  const sums: Sums = new Map();
  for (const [, sum = "", path = ""] of text.matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)) {
    sums.set(path, new Set([...sums.get(path) ?? [], sum]));
  }
  return sums;
}

function listOf(sums: Sums): string {
  return [...sums].flatMap(([path, each]) => [...each].map((sum) => `${sum}  ${path}\n`)).join("");
}

function sumOf(contents: Uint8Array | string): string {
  return createHash("sha256").update(contents).digest("hex");
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(error, path, dirname(path));
  }
}

/** Removes a file of a folder, and the folders below that one which it was the last file in. */
async function remove(folder: string, path: string): Promise<void> {
  try {
    await Deno.remove(join(folder, path));
  } catch (error) {
    throw writeError(error, join(folder, path), folder);
  }
  for (let above = dirname(path); above !== "."; above = dirname(above)) {
    try {
      await Deno.remove(join(folder, above));
    } catch {
      return; // it holds others
    }
  }
}
