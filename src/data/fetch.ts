/** Fetches a data set: its files, or an archive of them, are downloaded, unpacked, checked by their sums, and only then put in their place. */
import { join } from "node:path";
import { InputError, NetworkError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { readError, sizeOfFile, writeError } from "../files/file_access.ts";
import type { OfficialArchive, OfficialDataset, OfficialFile } from "./datasets.ts";
import { discardPart, download, type Patience, urlOfPart } from "./download.ts";
import { InflateError } from "./inflate_error.ts";
import { createSums, sha256OfFile } from "./sums.ts";
import { inspectFile, isGzip, openUnpacked, SMALL } from "./verify.ts";
import { writeFileAtomic } from "../files/write_file.ts";

export type { Patience } from "./download.ts";

/** Where from and where to. */
export interface FetchOptions extends Patience {
  /** The folder that is to hold the files; it is made where it does not exist. */
  readonly folder: string;
  /** Folders on the web, tried in this order. @default {the data set's own} */
  readonly sources?: readonly string[];
  /** Replace files that are there and are not the official ones. @default {false} */
  readonly force?: boolean;
}

/** A file of a data set, or its archive. */
export type Named = Pick<OfficialFile, "name">;

/** Receives progress. */
export interface FetchObserver {
  /** Bytes of a file that are here, of how many: as the server says, else as the official file has. */
  onProgress?(file: Named, received: number, total: number): void;
  /** A try has failed; the next one comes in so many seconds. */
  onRetry?(file: Named, reason: string, seconds: number): void;
  /** A source has been given up; the next one is tried. */
  onNextSource?(file: Named, reason: string): void;
  /** A file is in its place. */
  onFile?(file: FetchedFile): void;
}

/** A file that is in its place. */
export interface FetchedFile {
  /** The official one, such as `train-images-idx3-ubyte`. */
  readonly name: string;
  /** Where it is. */
  readonly path: string;
  /** Bytes of the unpacked file. */
  readonly bytes: number;
  /** MD5 of the unpacked file, which has been checked; null where that of its archive alone is known. */
  readonly md5: string | null;
  /** SHA-256 of the unpacked file, which has been checked; null where it is not known. */
  readonly sha256: string | null;
  /** The URL that it, or its archive, was fetched from; null where it was here already. */
  readonly from: string | null;
}

/** By how much a server's file may be larger than the unpacked one, where it compresses badly. */
const SPARE_BYTES = 1 << 16;

/**
 * Makes sure that a folder has a data set's files, and fetches those that it has not: where they are in an archive, all at once.
 *
 * Files that were fetched stay, and so do parts of files: the same call resumes from them. Of several calls at a time for one
 * folder, in one process or in many, each waits for the one before, and finds what that has fetched.
 *
 * @param dataset One of {@linkcode DATASETS}, or another such.
 * @param options Where from and where to.
 * @param observer Receives progress.
 * @returns The files, in the data set's order.
 * @throws {NetworkError} when no source has a file, or what it has is not the official file.
 * @throws {InputError} when another file of that name is in the folder, or the folder cannot be written to.
 *
 * @example
 * ```ts ignore
 * import { DATASETS, fetchDataset } from "@spikelet/spikelet";
 *
 * await fetchDataset(DATASETS.fashion, { folder: "data/fashion" }); // needs --allow-net
 * ```
 */
export async function fetchDataset(
  dataset: OfficialDataset,
  options: FetchOptions,
  observer: FetchObserver = {},
): Promise<FetchedFile[]> {
  const { folder, sources = dataset.sources, force = false } = options;
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new InputError(`${folder}: this is a file; expected a folder for the data: name another`);
    }
    throw writeError(error, folder, folder);
  }
  using _lock = await lockFolder(folder);
  const states = [];
  for (const file of dataset.files) {
    const state = await inspectFile(folder, file);
    if (state.kind === "other" && !force) {
      throw new InputError(
        `${state.path}: ${state.fault}: this is not ${dataset.title}'s official file; ` +
          "move it away, name another folder with --to, or have it replaced with --force",
      );
    }
    states.push({ file, state });
  }
  const missing = states.filter(({ state }) => state.kind !== "official").map(({ file }) => file);
  const archived = dataset.archive && missing.length > 0
    ? await fetchServed(servedArchive(dataset.archive, missing, folder), sources, options, observer)
    : null;
  const fetched: FetchedFile[] = [];
  for (const { file, state } of states) {
    const { name, md5 = null, sha256 = null } = file, isHere = state.kind === "official";
    const path = isHere ? state.path : join(folder, name);
    const from = isHere || dataset.archive
      ? isHere ? null : archived
      : await fetchServed(servedFile(file, folder), sources, options, observer);
    const done = { name, bytes: file.bytes ?? await sizeOfFile(path), md5, sha256, path, from };
    observer.onFile?.(done);
    fetched.push(done);
  }
  return fetched;
}

/** What is downloaded as one: a packed file, or an archive. */
interface Served {
  /** Its name in messages. */
  readonly name: string;
  /** Its name on servers. */
  readonly path: string;
  /** The most bytes that a server may send. */
  readonly most: number;
  /** Bytes that it has, unless the server says otherwise. */
  readonly expected: number;
  /** Checks the download and puts what is in it in its place. @returns The fault, where it is not the official one. */
  store(part: string): Promise<string | undefined>;
  /** Whether what is in it is in its place. */
  isStored(): Promise<boolean>;
}

function servedFile(file: OfficialFile, folder: string): Served {
  const { name, bytes = SMALL, packedBytes = bytes } = file;
  return {
    name,
    path: `${name}.gz`,
    most: bytes + SPARE_BYTES,
    expected: packedBytes,
    async store(part) {
      const unpacked = await unpack(part, file);
      if (typeof unpacked === "string") return unpacked;
      await writeFileAtomic(join(folder, name), unpacked);
    },
    isStored: async () => (await inspectFile(folder, file)).kind === "official",
  };
}

function servedArchive(archive: OfficialArchive, files: readonly OfficialFile[], folder: string): Served {
  const { name, bytes } = archive;
  return {
    name,
    path: name,
    most: bytes,
    expected: bytes,
    async store(part) {
      // Loaded on demand, because it imports a library, and only archives need it.
      const { unpackArchive } = await import("./unpack_archive.ts");
      return unpackArchive(
        part,
        archive,
        files,
        (file, content) => writeFileAtomic(join(folder, file), content),
      );
    },
    async isStored() {
      const states = await Promise.all(files.map((file) => inspectFile(folder, file)));
      return states.every(({ kind }) => kind === "official");
    },
  };
}

/**
 * Waits until no other process fetches into a folder, and keeps it until disposed of; the system frees it where a process dies. Where
 * a folder cannot be locked (Windows), each call checks what it puts in its place, and may have to begin a file anew.
 */
async function lockFolder(folder: string): Promise<Disposable> {
  if (Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  const lock = await Deno.open(folder);
  try {
    await lock.lock(true);
  } catch (error) {
    lock.close();
    throw error;
  }
  return lock;
}

/** Fetches from the first source that has it. @returns The URL. */
async function fetchServed(
  served: Served,
  sources: readonly string[],
  options: FetchOptions,
  observer: FetchObserver,
): Promise<string> {
  const part = join(options.folder, `${served.path}.part`);
  const urls = sources.map((source) => urlOf(source, served));
  // The source of a part comes first, because only from there it can be resumed.
  const begun = await urlOfPart(part);
  if (begun !== undefined && urls.includes(begun)) urls.unshift(...urls.splice(urls.indexOf(begun), 1));
  for (const [i, url] of urls.entries()) {
    try {
      await fetchFrom(url, part, served, options, observer);
      return url;
    } catch (error) {
      if (!(error instanceof NetworkError) || i === urls.length - 1) throw error;
      observer.onNextSource?.(served, error.message);
    }
  }
  throw new NetworkError(`${served.name}: no source: name an address with --from`);
}

/** Fetches from one place. */
async function fetchFrom(
  url: string,
  part: string,
  served: Served,
  options: FetchOptions,
  observer: FetchObserver,
): Promise<void> {
  for (let again = true;; again = false) {
    const isResumed = await download({
      ...options,
      url,
      part,
      most: served.most,
      onProgress: (received, total) => observer.onProgress?.(served, received, total ?? served.expected),
      onRetry: (reason, seconds) => observer.onRetry?.(served, reason, seconds),
    });
    const fault = await served.store(part);
    if (fault === undefined) {
      await discardPart(part);
      return;
    }
    if (await served.isStored()) return; // another process was faster, and took the part
    await discardPart(part);
    if (!isResumed || !again) {
      throw new NetworkError(
        `${url}: ${fault}: this is not the official file, nothing was kept of it; ` +
          "check the address, or fetch from another with --from",
      );
    }
    // The parts may be of different files: the whole is requested, once.
    observer.onRetry?.(served, `the resumed download is damaged: ${fault}`, 0);
  }
}

/** The bytes of a downloaded file, inflated where it is gzip; a text that names the fault where it is not the official one. */
async function unpack(part: string, file: OfficialFile): Promise<Uint8Array | string> {
  const { bytes = SMALL, packedSha256 } = file;
  const content = new Uint8Array(bytes);
  let length = 0;
  try {
    // A server may also send it unpacked: then the MD5 alone decides.
    if (packedSha256 !== undefined && isGzip(part)) {
      const found = await sha256OfFile(part);
      if (found !== packedSha256) return `its SHA-256 is ${found}, expected ${packedSha256}`;
    }
    for await (const piece of await openUnpacked(part)) {
      if (length + piece.length > bytes) return `it unpacks to more than ${count(bytes)} bytes`;
      content.set(piece, length);
      length += piece.length;
    }
  } catch (error) {
    if (error instanceof InflateError) return error.message;
    if (error instanceof Deno.errors.NotFound) return "it has been removed meanwhile";
    throw readError(error, part);
  }
  const sums = await createSums();
  sums.update(content.subarray(0, length));
  return sums.faultOf(file) ?? content.subarray(0, file.bytes ?? length);
}

/** A file's URL in a folder of the web. */
function urlOf(source: string, { path }: Served): string {
  return new URL(path, source.endsWith("/") ? source : `${source}/`).href;
}
