/**
 * Who is at work in a run's folder: a file `.lock` that the working process holds locked.
 *
 * The lock is the operating system's (flock): it is gone with the process, however that ended, so no lock is ever stale,
 * and nobody has to guess whether a process id still means the same process. What is written in the file is for people.
 *
 * @module
 */
import * as v from "valibot";
import { join } from "node:path";
import { openOwnFile } from "../files/write_file.ts";
import { InputError } from "../errors.ts";
import { LARGEST_NOTE, readError, readText, sizeOfFile, writeError } from "../files/file_access.ts";

const FILE = ".lock";

/** How often and for how many milliseconds a lock is asked for: somebody may just be looking whether it is free. */
const TRIES = 4;
const PAUSE = 60;

/** What the system says where a file system has no locks, as some that are shared over a network. */
const NO_LOCKS: ReadonlySet<string> = new Set(["ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

const schema = v.looseObject({ pid: v.number(), since: v.string() });

/** A folder that is this process's, until it is disposed of. */
export interface RunLock extends Disposable {
  /** The folder. */
  readonly directory: string;
}

/**
 * Takes a run's folder for this process.
 *
 * @throws {InputError} when another process has it, whose id the message names, or the folder cannot be written.
 */
export async function lockRun(directory: string): Promise<RunLock> {
  const path = join(directory, FILE);
  let file: Deno.FsFile;
  try {
    file = await openOwnFile(path, "update");
  } catch (error) {
    throw writeError(error, path, directory);
  }
  try {
    if (!await tryLock(file)) throw await refusal(directory);
    await file.truncate();
    await file.write(new TextEncoder().encode(
      JSON.stringify({ pid: Deno.pid, since: new Date().toISOString() }) + "\n",
    ));
  } catch (error) {
    file.close();
    throw writeError(error, path, directory);
  }
  let held = true;
  return {
    directory,
    [Symbol.dispose]() {
      if (held) file.close();
      held = false;
    },
  };
}

/** Whether a process is at work in a run's folder. @throws {InputError} when that cannot be found out. */
export async function isLocked(directory: string): Promise<boolean> {
  const path = join(directory, FILE);
  try {
    await Deno.lstat(path);
    await sizeOfFile(path); // a pipe would not be opened before somebody writes into it
    using file = await Deno.open(path);
    return !await tryLock(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw readError(error, path);
  }
}

/** Makes sure that nobody is at work in a run's folder. @throws {InputError} when a process is; the message names it. */
export async function checkUnlocked(directory: string): Promise<void> {
  if (await isLocked(directory)) throw await refusal(directory);
}

async function refusal(directory: string): Promise<InputError> {
  return new InputError(
    `${directory}: ${await describeHolder(directory)} is at work there: wait for it, or stop it`,
  );
}

/** The process that has locked a folder, as it says itself: `process 1234, since 2026-…,`. */
export async function describeHolder(directory: string): Promise<string> {
  try {
    const { pid, since } = v.parse(schema, JSON.parse(await readText(join(directory, FILE), LARGEST_NOTE)));
    return `process ${pid} (since ${since.slice(0, 19).replace("T", " ")} UTC)`;
  } catch {
    return "another process"; // which has not said yet who it is, or Windows lets nobody read it
  }
}

/** Locks a file for this process alone, if nobody has it. Where the file system has no locks, nobody ever has it. */
async function tryLock(file: Deno.FsFile): Promise<boolean> {
  try {
    return await tryLockFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && NO_LOCKS.has(String(error.code))) return true;
    throw error;
  }
}

async function tryLockFile(file: Deno.FsFile): Promise<boolean> {
  const attempt: unknown = Reflect.get(file, "tryLockSync");
  if (typeof attempt !== "function") { // Deno before 2.5: there it can only be waited for
    const locked = file.lock(true).then(() => true);
    const { promise: givenUp, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), TRIES * PAUSE);
    try {
      return await Promise.race([locked, givenUp]);
    } finally {
      clearTimeout(timer);
    }
  }
  for (let tries = 1; tries <= TRIES; tries++) {
    if (Reflect.apply(attempt, file, [true]) === true) return true;
    if (tries < TRIES) await pause(PAUSE);
  }
  return false;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
