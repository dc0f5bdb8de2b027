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

/** The files that a build leaves which was killed: never {@linkcode LIST}. */
const LEFTOVER = /(^|\/)\.spikelet-[0-9a-f-]+\.(tmp|js)$/;

/** What a file of a build may have been: while a build is under way, what it was before, or what it will be. */
type Sums = Map<string, Set<string>>;

/** A file of a build: its path below the folder, with `/`, and what is in it. */
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
 * Puts a build into a folder, in place of an earlier one. Whenever it is broken off, the next build goes through.
 *
 * @throws {InputError} as {@linkcode checkBuildFolder} does, or when something cannot be written.
 */
export async function writeBuild(folder: string, files: readonly BuiltFile[]): Promise<void> {
  const { former, leftovers } = await lookInto(folder);
  const sums: Sums = new Map(files.map(([path, contents]) => [path, new Set([sumOf(contents)])]));
  const both: Sums = new Map(
    [...former, ...sums].map((
      [path],
    ) => [path, new Set([...former.get(path) ?? [], ...sums.get(path) ?? []])]),
  );
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

/** What is in a folder that may be built into. */
interface Contents {
  /** The files of an earlier build. */
  readonly former: Sums;
  /** Those that a build left which was killed. */
  readonly leftovers: readonly string[];
}

/** Reads what is in a folder, and removes nothing. @throws {InputError} as {@linkcode checkBuildFolder} does. */
async function lookInto(folder: string): Promise<Contents> {
  if (resolve(folder) === resolve(BUILDS)) {
    throw new InputError(
      `${folder}: every build has a folder of its own in there: name one, such as ${join(folder, "mine")}`,
    );
  }
  await checkAbove(folder);
  const former: Sums = new Map(), leftovers: string[] = [], foreign: string[] = [];
  if (!await isOwnFolder(folder)) return { former, leftovers };
  const listed = await readList(folder);
  for await (const path of filesIn(folder)) {
    if (path === LIST) continue;
    if (path.endsWith(`/${LIST}`)) {
      throw new InputError(
        `${folder}: ${dirname(path)} in there is a build of its own: name a folder that is new, such as ${
          join(folder, "mine")
        }`,
      );
    }
    const sum = listed.get(path), info = await Deno.lstat(join(folder, path));
    if (LEFTOVER.test(path)) leftovers.push(path);
    else if (sum && info.isFile && sum.has(sumOf(await Deno.readFile(join(folder, path))))) {
      former.set(path, sum);
    } else foreign.push(sum ? `${path}, which was changed since` : path);
  }
  const [first, ...more] = foreign.toSorted();
  if (first === undefined) return { former, leftovers };
  throw new InputError(
    `${folder}: ${first}${
      more.length > 0 ? ` and ${more.length} more` : ""
    }: no earlier build wrote this, and it is ` +
      "left alone: name another folder, or move away what is in this one",
  );
}

/** Refuses a folder inside a build: the next one there would find files that it did not write. */
async function checkAbove(folder: string): Promise<void> {
  for (let above = dirname(resolve(folder)); above !== dirname(above); above = dirname(above)) {
    if (!await Deno.lstat(join(above, LIST)).then(() => true, () => false)) continue;
    throw new InputError(`${folder}: it lies in a build, ${above}: name a folder beside that one`);
  }
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
      return; // it holds other files
    }
  }
}
