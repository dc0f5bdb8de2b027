import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { packTar } from "modern-tar";
import type { OfficialDataset } from "../../src/data/datasets.ts";
import { fetchDataset, type FetchObserver } from "../../src/data/fetch.ts";
import { assertFailed, fetchFrom, FILES, testFetch } from "./fetching.ts";
import { type Conduct, serveFiles } from "./file_server.ts";
import { gzipped } from "./idx_files.ts";

const NAMES = Object.keys(FILES), TEXT = new TextEncoder().encode("one\ntwo\n");
const ALL: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = { ...FILES, "names.txt": TEXT };

/** A `.tar.gz` with a folder, the files in it, and one that nobody wants. */
async function archiveOf(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Promise<Uint8Array> {
  const entries = Object.entries({ "readme.html": TEXT, ...files });
  return gzipped(
    await packTar([
      { header: { name: "dots-bin/", type: "directory", size: 0 } },
      ...entries.map(([name, body]) => ({ header: { name: `dots-bin/${name}`, size: body.length }, body })),
    ]),
  );
}

const ARCHIVE = await archiveOf(ALL), HALF = ARCHIVE.length >> 1;

/** The data set whose archive has these bytes, packed or damaged. */
function datasetOf(bytes: Uint8Array): OfficialDataset {
  const sum = (name: string) => createHash(name).update(bytes).digest("hex");
  return {
    title: "Dots",
    folder: "data/dots",
    sources: [],
    files: [...NAMES.map((name) => ({ name, bytes: FILES[name]!.length })), { name: "names.txt" }],
    archive: { name: "dots.tar.gz", md5: sum("md5"), sha256: sum("sha256"), bytes: bytes.length },
  };
}

const fetchArchive = (folder: string, served: Uint8Array, dataset = datasetOf(served)) =>
  fetchFrom(folder, () => ({}), {}, { "dots.tar.gz": served }, dataset);

testFetch("unpacks an archive once its sums are right, and fetches nothing again", async (folder) => {
  await using server = serveFiles({ "dots.tar.gz": ARCHIVE });
  const heard: string[] = [];
  const observer: FetchObserver = { onProgress: ({ name }) => heard.push(name) };
  const fetch = () => fetchDataset(datasetOf(ARCHIVE), { folder, sources: [server.url] }, observer);
  const files = await fetch();
  assert.deepEqual(
    files.map(({ name, bytes, md5, from }) => ({ name, bytes, md5, from })),
    Object.entries(ALL).map(([name, { length }]) => ({
      name,
      bytes: length,
      md5: null,
      from: `${server.url}dots.tar.gz`,
    })),
  );
  for (const [name, bytes] of Object.entries(ALL)) {
    assert.deepEqual(await Deno.readFile(join(folder, name)), bytes);
  }
  const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assert.deepEqual(left.toSorted(), Object.keys(ALL).toSorted());
  assert.deepEqual([...new Set(heard)], ["dots.tar.gz"]);

  assert.ok((await fetch()).every(({ from }) => from === null));
  assert.equal(server.requests.length, 1);
  await Deno.remove(join(folder, NAMES[0]!));
  assert.deepEqual((await fetch()).map(({ from }) => from === null), [false, true, true]);
});

testFetch("resumes an archive in a later call", async (folder) => {
  const cut = (_request: unknown, number: number): Conduct => number === 0 ? { cutAfter: HALF } : {};
  await using server = serveFiles({ "dots.tar.gz": ARCHIVE }, cut);
  const fetch = () => fetchDataset(datasetOf(ARCHIVE), { folder, sources: [server.url], retries: 0 });
  await assert.rejects(fetch(), {
    name: "NetworkError",
    message: /the connection broke: run the same command/,
  });
  await fetch();
  assert.deepEqual(server.requests.map(({ offset }) => offset), [0, HALF]);
  assert.deepEqual(await Deno.readFile(join(folder, NAMES[0]!)), FILES[NAMES[0]!]);
});

testFetch("keeps no file of an archive that is another one, or damaged", async (folder) => {
  const flipped = ARCHIVE.with(HALF, ARCHIVE[HALF]! ^ 1), { [NAMES[0]!]: _, ...others } = ALL;
  const cases: [served: Uint8Array, dataset: OfficialDataset, message: RegExp][] = [
    [
      flipped,
      datasetOf(ARCHIVE),
      /dots\.tar\.gz: its MD5 is .*: this is not the official file, nothing was kept/,
    ],
    [await archiveOf(others), datasetOf(await archiveOf(others)), /it has no images-idx3-ubyte: /],
    ...await Promise.all([
      [ARCHIVE.slice(0, HALF), /: its gzip data are cut short: /],
      [await gzipped(new Uint8Array(2000).fill(65)), /: its tar data are damaged: /],
      [await archiveOf({ [NAMES[0]!]: TEXT }), /: its images-idx3-ubyte has 8 bytes, expected 20,008: /],
    ].map(([bytes, message]): [Uint8Array, OfficialDataset, RegExp] => [
      bytes as Uint8Array,
      datasetOf(bytes as Uint8Array),
      message as RegExp,
    ])),
  ];
  for (const [served, dataset, message] of cases) {
    const outcome = await fetchArchive(folder, served, dataset);
    assertFailed(outcome, "NetworkError", message);
    assert.ok(!outcome.left.some((name) => name.includes("part") || name.includes("readme")));
    for (const name of outcome.left) await Deno.remove(join(folder, name));
  }
});

testFetch(
  "names a file of another size where an archive's is to be, unless `force` is set",
  async (folder) => {
    await Deno.writeTextFile(join(folder, NAMES[0]!), "mine");
    assertFailed(
      await fetchArchive(folder, ARCHIVE),
      "InputError",
      /images-idx3-ubyte: it has 4 of the 20,008 bytes of the official file: this is not Dots's official file; move it/,
    );
  },
);
