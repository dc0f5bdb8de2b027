/**
 * A small data set on a server with faults, for the tests of fetching.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { OfficialDataset } from "../../src/data/datasets.ts";
import { fetchDataset, type FetchOptions } from "../../src/data/fetch.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { type Conduct, type FileRequest, serveFiles } from "./file_server.ts";
import { gzipped, idxBytes } from "./idx_files.ts";

/** A file of incompressible bytes, larger than what counts as progress, and a small one. */
export const FILES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "images-idx3-ubyte": idxBytes([20_000], Array.from({ length: 20_000 }, (_, i) => (i * 2654435761) >>> 24)),
  "labels-idx1-ubyte": idxBytes([30], Array.from({ length: 30 }, (_, i) => i % 10)),
};
/** The packed files' names, contents, and half of the images' bytes. */
export const IMAGES = "images-idx3-ubyte.gz", LABELS = "labels-idx1-ubyte.gz";
export const PACKED: Record<string, Uint8Array> = {};
for (const [name, bytes] of Object.entries(FILES)) PACKED[`${name}.gz`] = await gzipped(bytes);
export const packedImages = PACKED[IMAGES]!;
export const HALF = packedImages.length >> 1;

/** The data set of these files. */
export const DATASET: OfficialDataset = {
  title: "Dots",
  folder: "data/dots",
  sources: [],
  files: Object.entries(FILES).map(([name, bytes]) => ({
    name,
    md5: createHash("md5").update(bytes).digest("hex"),
    bytes: bytes.length,
    packedBytes: PACKED[`${name}.gz`]!.length,
  })),
};

/** The outcome of a fetch. */
interface Outcome {
  /** The thrown error; undefined after a success. */
  readonly error: Error | undefined;
  /** Requests for the images. */
  readonly requests: readonly FileRequest[];
  /** The reasons of retries and of changes of source. */
  readonly reasons: readonly string[];
  /** The names in the folder afterwards. */
  readonly left: readonly string[];
}

/** Fetches from a server with a conduct. */
export async function fetchFrom(
  folder: string,
  conduct: (request: FileRequest, number: number) => Conduct,
  options: Partial<FetchOptions> = {},
  files = PACKED,
  dataset = DATASET,
): Promise<Outcome> {
  await using server = serveFiles(files, conduct);
  const reasons: string[] = [];
  let error: Error | undefined;
  try {
    await fetchDataset(dataset, {
      folder,
      sources: [server.url],
      retries: 2,
      pause: 0.001,
      patience: 5,
      ...options,
    }, {
      onRetry: (_file, reason) => reasons.push(reason),
      onNextSource: (_file, reason) => reasons.push(reason),
    });
  } catch (thrown) {
    assert.ok(thrown instanceof Error);
    error = thrown;
  }
  const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  const requests = server.requests.filter(({ path }) => path === IMAGES);
  return { error, requests, reasons, left: left.toSorted() };
}

/** A conduct for the images alone; the server sends the labels correctly. */
export const withImages =
  (conduct: (number: number, request: FileRequest) => Conduct) => (request: FileRequest, number: number) =>
    request.path === IMAGES ? conduct(number, request) : {};

/** Asserts that the folder has exactly the two files, byte by byte. */
export async function assertFetched(folder: string, { error, left }: Outcome): Promise<void> {
  assert.equal(error, undefined);
  assert.deepEqual(left, Object.keys(FILES).toSorted());
  for (const [name, bytes] of Object.entries(FILES)) {
    assert.deepEqual(await Deno.readFile(join(folder, name)), bytes);
  }
}

/** Asserts the class and the message of a failure. */
export function assertFailed({ error }: Outcome, name: string, message: RegExp): void {
  assert.ok(error);
  assert.equal(error.name, name);
  assert.match(error.message, message);
}

/** Registers a test with a temporary folder. */
export function testFetch(name: string, test: (folder: string) => Promise<void>): void {
  Deno.test(`fetchDataset() ${name}`, () => inTemporaryFolder(test));
}
