/** Fetches a data set: four files, each downloaded, unpacked, checked by its sums, and only then put in its place. */
import { join } from "node:path";
import { InputError, NetworkError } from "../errors.ts";
import { count } from "../text/figures.ts";
import { readError, writeError } from "../files/file_access.ts";
import type { OfficialDataset, OfficialFile } from "./datasets.ts";
import { discardPart, download, type Patience, urlOfPart } from "./download.ts";
import { InflateError } from "./inflate_error.ts";
import { createSums, sha256OfFile } from "./sums.ts";
import { inspectFile, isGzip, openUnpacked } from "./verify.ts";
import { writeFileAtomic } from "../files/write_file.ts";

export type { Patience } from "./download.ts";

/** Where from and where to. */
export interface FetchOptions extends Patience {
  /** The folder that is to hold the four files; it is made where it does not exist. */
  readonly folder: string;
  /** Folders on the web, tried in this order. @default {the data set's own} */
  readonly sources?: readonly string[];
  /** Replace files that are there and are not the official ones. @default {false} */
  readonly force?: boolean;
}

/** Receives progress. */
export interface FetchObserver {
  /** Bytes of a file that are here, of how many: as the server says, else as the official file has. */
  onProgress?(file: OfficialFile, received: number, total: number): void;
  /** A try has failed; the next one comes in so many seconds. */
  onRetry?(file: OfficialFile, reason: string, seconds: number): void;
  /** A source has been given up; the next one is tried. */
  onNextSource?(file: OfficialFile, reason: string): void;
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
  /** MD5 of the unpacked file, which has been checked. */
  readonly md5: string;
  /** SHA-256 of the unpacked file, which has been checked; null where it is not known. */
  readonly sha256: string | null;
  /** The URL that it was fetched from; null where it was here already. */
  readonly from: string | null;
}

/** By how much a server's file may be larger than the unpacked one, where it compresses badly. */
const SPARE_BYTES = 1 << 16;

/**
 * Makes sure that a folder has a data set's four files, and fetches those that it has not.
 *
 * Files that were fetched stay, and so do parts of files: the same call resumes from them. Of several calls at a time for one
 * folder, in one process or in many, each waits for the one before, and finds what that has fetched.
 *
 * @param dataset One of {@linkcode DATASETS}, or another of MNIST's form.
 * @param options Where from and where to.
 * @param observer Receives progress.
 * @returns The four files, in the data set's order.
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
  const fetched: FetchedFile[] = [];
  for (const { file, state } of states) {
    const { name, bytes, md5, sha256 = null } = file;
    const place = state.kind === "official"
      ? { path: state.path, from: null }
      : { path: join(folder, name), from: await fetchFile(file, sources, options, observer) };
    const done = { name, bytes, md5, sha256, ...place };
    observer.onFile?.(done);
    fetched.push(done);
  }
  return fetched;
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

/** Fetches one file from the first source that has it. @returns The URL. */
async function fetchFile(
  file: OfficialFile,
  sources: readonly string[],
  options: FetchOptions,
  observer: FetchObserver,
): Promise<string> {
  const part = join(options.folder, `${file.name}.gz.part`);
  const urls = sources.map((source) => urlOf(source, file));
  // The source of a part comes first, because only from there it can be resumed.
  const begun = await urlOfPart(part);
  if (begun !== undefined && urls.includes(begun)) urls.unshift(...urls.splice(urls.indexOf(begun), 1));
  for (const [i, url] of urls.entries()) {
    try {
      await fetchFrom(url, part, file, options, observer);
      return url;
    } catch (error) {
      if (!(error instanceof NetworkError) || i === urls.length - 1) throw error;
      observer.onNextSource?.(file, error.message);
    }
  }
  throw new NetworkError(`${file.name}: no source: name an address with --from`);
}

/** Fetches one file from one place. */
async function fetchFrom(
  url: string,
  part: string,
  file: OfficialFile,
  options: FetchOptions,
  observer: FetchObserver,
): Promise<void> {
  for (let again = true;; again = false) {
    const isResumed = await download({
      ...options,
      url,
      part,
      most: file.bytes + SPARE_BYTES,
      onProgress: (received, total) => observer.onProgress?.(file, received, total ?? file.packedBytes),
      onRetry: (reason, seconds) => observer.onRetry?.(file, reason, seconds),
    });
    const unpacked = await unpack(part, file);
    if (typeof unpacked !== "string") {
      await writeFileAtomic(join(options.folder, file.name), unpacked);
      await discardPart(part);
      return;
    }
    if ((await inspectFile(options.folder, file)).kind === "official") return; // another process was faster, and took the part
    await discardPart(part);
    if (!isResumed || !again) {
      throw new NetworkError(
        `${url}: ${unpacked}: this is not the official file, nothing was kept of it; ` +
          "check the address, or fetch from another with --from",
      );
    }
    // The parts may be of different files: the whole is requested, once.
    observer.onRetry?.(file, `the resumed download is damaged: ${unpacked}`, 0);
  }
}

/** The bytes of a downloaded file, inflated where it is gzip; a text that names the fault where it is not the official one. */
async function unpack(part: string, file: OfficialFile): Promise<Uint8Array | string> {
  const { bytes, packedSha256 } = file;
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
  return sums.faultOf(file) ?? content;
}

/** A file's URL in a folder of the web. */
function urlOf(source: string, { name }: OfficialFile): string {
  return new URL(`${name}.gz`, source.endsWith("/") ? source : `${source}/`).href;
}
