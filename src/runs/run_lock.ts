/**
 * The lock of a run's folder: a file `.lock` that the process at work in it holds locked.
 *
 * The operating system holds the lock (flock) and releases it when the process ends, however it ends: no lock is ever stale,
 * and a reused process id does no harm. The content of the file is for people.
 */
import * as v from "valibot";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openOwnFile } from "../files/write_file.ts";
import { InputError } from "../errors.ts";
import { LARGEST_NOTE, readError, readText, sizeOfFile, writeError } from "../files/file_access.ts";

const FILE = ".lock";

/** Number of attempts to lock, and milliseconds between them: another process may just be testing the lock. */
const TRIES = 4;
const PAUSE = 60;

/** Error codes of file systems without locks, such as some network file systems. */
const NO_LOCKS: ReadonlySet<string> = new Set(["ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

const schema = v.looseObject({ pid: v.number(), since: v.string() });

/** A folder that this process has locked, until disposed of. */
export interface RunLock extends Disposable {
  /** The folder. */
  readonly directory: string;
}

/**
 * Locks a run's folder for this process.
 *
 * @throws {InputError} when another process has locked it (the message names its id), or the folder cannot be written.
 */
export async function lockRun(directory: string): Promise<RunLock> {
  const path = join(directory, FILE);
  const file = await openOwnFile(path, "update");
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

/** Whether a process has locked a run's folder. @throws {InputError} when the lock cannot be tested. */
export async function isLocked(directory: string): Promise<boolean> {
  const path = join(directory, FILE);
  try {
    await Deno.lstat(path);
    await sizeOfFile(path); // opening a pipe would block until a writer opens it
    using file = await Deno.open(path);
    return !await tryLock(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw readError(error, path);
  }
}

/** Checks that no process has locked a run's folder. @throws {InputError} when one has; the message names it. */
export async function checkUnlocked(directory: string): Promise<void> {
  if (await isLocked(directory)) throw await refusal(directory);
}

async function refusal(directory: string): Promise<InputError> {
  return new InputError(
    `${directory}: ${await describeHolder(directory)} is at work there: wait for it, or stop it`,
  );
}

/** Reads which process has locked a folder from its lock file: `process 1234, since 2026-…,`. */
export async function describeHolder(directory: string): Promise<string> {
  try {
    const { pid, since } = v.parse(schema, JSON.parse(await readText(join(directory, FILE), LARGEST_NOTE)));
    return `process ${pid} (since ${since.slice(0, 19).replace("T", " ")} UTC)`;
  } catch {
    return "another process"; // it has not written its id yet, or Windows denies reading a locked file
  }
}

/** Tries to lock a file exclusively. On a file system without locks this always succeeds. */
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
  if (typeof attempt !== "function") { // Deno before 2.5 has only the blocking lock
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
    if (tries < TRIES) await delay(PAUSE);
  }
  return false;
}
