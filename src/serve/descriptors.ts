/** How many files and sockets this process may still open. No API says so: it opens some to find out. */

/** A file that always exists on Unix; elsewhere descriptors are not scarce. */
const NOTHING = "/dev/null";

/** Counts the descriptors that are left. @param most Where the counting ends. */
export function countDescriptors(most: number): number {
  if (Deno.build.os === "windows") return most;
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < most) files.push(Deno.openSync(NOTHING));
  } catch {
    // The limit is reached.
  }
  for (const file of files) file.close();
  return files.length;
}

/** Whether not even one is left. */
export function areDescriptorsSpent(): boolean {
  return countDescriptors(1) === 0;
}

/** Descriptors that a thread of a server needs for itself. */
const OWN = 16;
/** The share of what is left that connections may take: others are on their way while the first of them are closed. */
const SHARE = 0.8;

/**
 * How many connections a process can hold.
 *
 * @param wanted The upper limit.
 * @param threads Threads that will serve.
 */
export function boundConnections(wanted: number, threads: number): number {
  const left = countDescriptors(Math.ceil(wanted / SHARE) + OWN * threads);
  return Math.min(wanted, Math.max(threads, Math.floor(SHARE * (left - OWN * threads))));
}
