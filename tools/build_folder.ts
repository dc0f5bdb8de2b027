/**
 * Output folders of builds. A build lists its files with the SHA-256 of each; the next build removes or replaces only these,
 * and refuses a folder with any other file: a user's own, or a build's file that was changed since.
 */
import { dirname, join, resolve } from "node:path";
import { createHash } from "node:crypto";
import { isOwnFolder, writeFileAtomic } from "../src/files/write_file.ts";
import { InputError } from "../src/errors.ts";
import { readError, writeError } from "../src/files/file_access.ts";

/** The list of a build's files: one line per file, in the format of `sha256sum --check`. */
export const LIST = ".spikelet-build";

/** The folder below which every command that builds has a folder of its own. */
const BUILDS = "dist";

/** The temporary files of a build that was killed: never {@linkcode LIST}. */
const LEFTOVER = /(^|\/)\.spikelet-[0-9a-f-]+\.(tmp|js)$/;

/** The checksums that each file of a build may have: during a build both the former and the new one. */
type Sums = Map<string, Set<string>>;

/** A file of a build: its path below the folder, with `/`, and its contents. */
export type BuiltFile = readonly [path: string, contents: Uint8Array | string];

/**
 * Checks that a folder may be built into: it is not there, is empty, or holds what an earlier build wrote. Changes nothing.
 *
 * @throws {InputError} when it holds anything else, lies above or below another build, or is none.
 */
export async function checkBuildFolder(folder: string): Promise<void> {
  await lookInto(folder);
}

/**
 * Puts a build into a folder, in place of an earlier one. After an interruption at any point the next build succeeds.
 *
 * @throws {InputError} as {@linkcode checkBuildFolder} does, or when something cannot be written.
 */
export async function writeBuild(folder: string, files: readonly BuiltFile[]): Promise<void> {
  const { former, leftovers } = await lookInto(folder);
  const sums: Sums = new Map(files.map(([path, contents]) => [path, new Set([sumOf(contents)])]));
  const both: Sums = new Map(former);
  for (const [path, sum] of sums) both.set(path, sum.union(former.get(path) ?? new Set()));
  await makeFolder(folder);
  await writeFileAtomic(join(folder, LIST), listOf(both));
  for (const path of leftovers) await remove(folder, path);
  for (const path of former.keys()) if (!sums.has(path)) await remove(folder, path);
  for (const [path, contents] of files) {
    const file = join(folder, path);
    await makeFolder(dirname(file));
    await writeFileAtomic(file, contents);
  }
  await writeFileAtomic(join(folder, LIST), listOf(sums));
}

/** Finds a folder's files of an earlier build, and temporary files of one that was killed. @throws {InputError} as {@linkcode checkBuildFolder} does. */
async function lookInto(
  folder: string,
): Promise<{ readonly former: Sums; readonly leftovers: readonly string[] }> {
  if (resolve(folder) === resolve(BUILDS)) {
    const advice = `name one, such as ${join(folder, "mine")}`;
    throw new InputError(`${folder}: every build has a folder of its own in there: ${advice}`);
  }
  await checkAbove(folder);
  const former: Sums = new Map(), leftovers: string[] = [], foreign: string[] = [];
  if (!await isOwnFolder(folder)) return { former, leftovers };
  const listed = await readList(folder);
  for await (const path of filesIn(folder)) {
    if (path === LIST) continue;
    if (path.endsWith(`/${LIST}`)) {
      const advice = `name a folder that is new, such as ${join(folder, "mine")}`;
      throw new InputError(`${folder}: ${dirname(path)} in there is a build of its own: ${advice}`);
    }
    const sum = listed.get(path), info = await Deno.lstat(join(folder, path));
    if (LEFTOVER.test(path)) leftovers.push(path);
    else if (sum && info.isFile && sum.has(sumOf(await Deno.readFile(join(folder, path))))) {
      former.set(path, sum);
    } else foreign.push(sum ? `${path}, which was changed since` : path);
  }
  const [first, ...more] = foreign.toSorted();
  if (first === undefined) return { former, leftovers };
  const found = more.length > 0 ? `${first} and ${more.length} more` : first;
  throw new InputError(
    `${folder}: ${found}: no earlier build wrote this, and it is left alone: ` +
      "name another folder, or move away what is in this one",
  );
}

/** Refuses a folder inside a build: the next one there would find files that it did not write. */
async function checkAbove(folder: string): Promise<void> {
  for (let above = dirname(resolve(folder)); above !== dirname(above); above = dirname(above)) {
    if (!await Deno.lstat(join(above, LIST)).then(() => true, () => false)) continue;
    throw new InputError(`${folder}: it lies in a build, ${above}: name a folder beside that one`);
  }
}

/** Paths of everything below a folder that is no folder. */
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

/** The bytes of a file's contents. */
export function sizeOf(contents: Uint8Array | string): number {
  return typeof contents === "string" ? new TextEncoder().encode(contents).length : contents.length;
}

function sumOf(contents: Uint8Array | string): string {
  return createHash("sha256").update(contents).digest("hex");
}

/** Makes a folder. @throws {InputError} when that fails. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(error, path, dirname(path));
  }
}

/** Removes a file below a folder, and the folders between that are empty then. */
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
      return; // it holds other files
    }
  }
}
