/**
 * Files that a user names for what a command makes: such a file is new, or one of its kind that Spikelet wrote. Nothing else is
 * ever overwritten, whatever the process is permitted to do.
 */
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { InputError } from "../errors.ts";
import { exists, reading } from "./file_access.ts";
import { checkPermitted, checkTarget, checkWritable, writeFileAtomic } from "./write_file.ts";

/** A kind of output file, and how to recognize it. */
export interface OutputKind {
  /** Such as `a model`. */
  readonly what: string;
  /** Suffix of its names, such as `.safetensors`. */
  readonly suffix: string;
  /** Whether an existing file is one of this kind that Spikelet wrote; false for an unreadable format. */
  isOurs(path: string): Promise<boolean>;
}

/**
 * Checks, before any work, that a file may be written at the end of it.
 *
 * @param path The file that {@linkcode writeOutputFile} will write.
 * @param checkPermission Runs last: a permission mends nothing that is wrong with the path.
 * @throws {InputError} when its name does not end as its kind does or is hidden, links lead away from where it seems to lie,
 * what is there is not of this kind, its folder does not exist, or Deno may not write it.
 */
export async function checkOutputFile(
  path: string,
  kind: OutputKind,
  checkPermission: (path: string) => Promise<void> = checkPermitted,
): Promise<void> {
  await checkWritable(path);
  if (!basename(path).endsWith(kind.suffix) || basename(path) === kind.suffix) {
    throw new InputError(
      `${path}: expected a name that ends in ${kind.suffix}, for ${kind.what} is written there`,
    );
  }
  checkShown(path, path);
  await checkLinks(path);
  const [here, real] = await reading(
    path,
    () => Promise.all([".", dirname(path)].map((folder) => Deno.realPath(folder))),
  );
  checkShown(path, relative(here!, join(real!, basename(path))));
  await checkRunFile(path, kind);
  await checkReplaceable(path, kind);
  await checkPermission(path);
}

/**
 * Writes a file whole or not at all, as {@linkcode writeFileAtomic} does, after {@linkcode checkOutputFile} has
 * checked it again: hours may have passed since the first check.
 *
 * @throws {InputError} when the check fails now, or the file cannot be written.
 */
export async function writeOutputFile(
  path: string,
  content: Uint8Array | string,
  kind: OutputKind,
): Promise<void> {
  await checkOutputFile(path, kind);
  await writeFileAtomic(path, content);
}

/** Refuses what lies in a hidden folder, a repository's hooks for one, and what is hidden itself. */
function checkShown(path: string, way: string): void {
  const hidden = way.split(/[/\\]/).find((name) => /^\.[^.]/.test(name));
  if (hidden === undefined) return;
  throw new InputError(`${path}: ${hidden} is hidden, and nothing is written there: name another place`);
}

/**
 * Refuses links on the way, for Deno's permissions hold for a path as it is written. The first name of a relative path may be one:
 * a user may have linked `runs` to another disk.
 */
async function checkLinks(path: string): Promise<void> {
  if (isAbsolute(path)) return;
  const names = dirname(path).split(sep).filter((name) => name !== "." && name !== "");
  for (let i = 2; i <= names.length; i++) {
    const folder = join(...names.slice(0, i));
    if (names[i - 1] === ".." || !(await Deno.lstat(folder)).isSymlink) continue;
    throw new InputError(`${path}: ${folder} is a symbolic link: name the folder that it leads to`);
  }
}

/** Refuses a model in the folder of a run, which is that run's own. */
async function checkRunFile(path: string, { suffix }: OutputKind): Promise<void> {
  if (suffix !== ".safetensors") return;
  for (const folder of [dirname(path), dirname(dirname(path))]) {
    if (!await exists(join(folder, "run.json"))) continue;
    throw new InputError(`${path}: ${folder} is a run's folder, whose files are its own: name another place`);
  }
}

async function checkReplaceable(path: string, kind: OutputKind): Promise<void> {
  if (!await checkTarget(path) || await kind.isOurs(path)) return;
  throw new InputError(
    `${path}: this file is there already, and is not ${kind.what} that Spikelet wrote: move it away, or name another`,
  );
}
