import assert from "node:assert/strict";
import { join } from "node:path";
import { fetchDataset } from "../../src/data/fetch.ts";
import {
  assertFetched,
  DATASET,
  fetchFrom,
  FILES,
  HALF,
  IMAGES,
  LABELS,
  PACKED,
  packedImages,
  testFetch,
  withImages,
} from "./fetching.ts";
import { etagOf, serveFiles } from "./file_server.ts";

testFetch("resumes after a broken connection, with If-Range", async (folder) => {
  const outcome = await fetchFrom(folder, withImages((number) => number === 0 ? { cutAfter: HALF } : {}));
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests, [
    { path: IMAGES, offset: 0, ifRange: undefined },
    { path: IMAGES, offset: HALF, ifRange: etagOf(packedImages) },
  ]);
  assert.deepEqual(outcome.reasons, ["the connection broke"]);
});

testFetch("resumes in a later call from an earlier one's part", async (folder) => {
  await using server = serveFiles(PACKED, withImages((number) => number === 0 ? { cutAfter: HALF } : {}));
  const fetch = () => fetchDataset(DATASET, { folder, sources: [server.url], retries: 0 });
  await assert.rejects(fetch(), {
    name: "NetworkError",
    message: RegExp(
      `^${server.url}${IMAGES}: the connection broke: run the same command again later; ` +
        `it resumes from the ${HALF.toLocaleString("en-US")} bytes that are here$`,
    ),
  });
  await fetch();
  assert.deepEqual(server.requests.map(({ offset }) => offset), [0, HALF, 0]);
  assert.deepEqual(await Deno.readFile(join(folder, "images-idx3-ubyte")), FILES["images-idx3-ubyte"]);
});

testFetch("retries without limit while each try makes progress", async (folder) => {
  const outcome = await fetchFrom(folder, withImages(() => ({ cutAfter: 4096 })), { retries: 0 });
  await assertFetched(folder, outcome);
  assert.equal(outcome.requests.length, Math.ceil(packedImages.length / 4096));
});

testFetch("restarts if the server does not support Range", async (folder) => {
  const outcome = await fetchFrom(
    folder,
    withImages((number) => ({ whole: true, cutAfter: number === 0 ? HALF : Infinity })),
  );
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests.map(({ offset }) => offset), [0, HALF]);
});

testFetch("restarts if the file has changed meanwhile", async (folder) => {
  const other = packedImages.map((byte) => byte ^ 1);
  const conduct = withImages((number) => number === 0 ? { body: other, cutAfter: HALF } : {});
  await assertFetched(folder, await fetchFrom(folder, conduct));
});

testFetch("restarts if the parts of a server without ETag do not fit together", async (folder) => {
  const other = packedImages.map((byte) => byte ^ 1);
  const headers = { etag: null };
  const conduct = withImages((number) =>
    number === 0 ? { body: other, cutAfter: HALF, headers } : { headers }
  );
  const outcome = await fetchFrom(folder, conduct);
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests.map(({ offset, ifRange }) => [offset, ifRange]), [
    [0, undefined],
    [HALF, undefined],
    [0, undefined],
  ]);
});

testFetch("sends the date, not a weak ETag, in If-Range", async (folder) => {
  const date = "Tue, 01 Nov 2022 00:00:00 GMT";
  const headers = { etag: 'W/"1"', "last-modified": date };
  const conduct = withImages((number) => ({
    headers,
    careless: true,
    cutAfter: number === 0 ? HALF : Infinity,
  }));
  const outcome = await fetchFrom(folder, conduct);
  await assertFetched(folder, outcome);
  assert.equal(outcome.requests[1]?.ifRange, date);
});

testFetch("restarts if the server sends another range than the requested one", async (folder) => {
  const headers = { "content-range": `bytes 1-${packedImages.length - 1}/${packedImages.length}` };
  const conduct = withImages((number) => number === 0 ? { cutAfter: HALF } : number === 1 ? { headers } : {});
  const outcome = await fetchFrom(folder, conduct);
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.reasons, ["the connection broke", "it sent another part than was requested"]);
});

testFetch(
  "makes no request if all bytes are there, and restarts if there are too many",
  async (folder) => {
    for (const bytes of [packedImages, new Uint8Array(packedImages.length + 1)]) {
      await using server = serveFiles(PACKED);
      const part = join(folder, `${IMAGES}.part`);
      await Deno.writeFile(part, bytes);
      const note = { url: server.url + IMAGES, validator: etagOf(packedImages) };
      await Deno.writeTextFile(`${part}.json`, JSON.stringify(note));
      await fetchDataset(DATASET, { folder, sources: [server.url], pause: 0.001 });
      assert.deepEqual(await Deno.readFile(join(folder, "images-idx3-ubyte")), FILES["images-idx3-ubyte"]);
      await Deno.remove(join(folder, "images-idx3-ubyte"));
    }
  },
);

testFetch("ignores a part of an unknown or another origin", async (folder) => {
  for (const note of ["", "{", '{"url":"http://127.0.0.1:1/x","validator":null}', '{"url":1}']) {
    await Deno.writeFile(join(folder, `${IMAGES}.part`), new Uint8Array(HALF));
    await Deno.writeTextFile(join(folder, `${IMAGES}.part.json`), note);
    const outcome = await fetchFrom(folder, () => ({}));
    await assertFetched(folder, outcome);
    assert.deepEqual(outcome.requests.map(({ offset }) => offset), [0]);
    await Deno.remove(join(folder, "images-idx3-ubyte"));
  }
});

testFetch("resumes after a server that stopped sending", async (folder) => {
  const conduct = withImages((number) => number === 0 ? { stallAfter: HALF } : {});
  const outcome = await fetchFrom(folder, conduct, { patience: 1 });
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests.map(({ offset }) => offset), [0, HALF]);
});

testFetch("resumes from the source of a part, wherever that is in the list", async (folder) => {
  await using other = serveFiles(PACKED);
  await using begun = serveFiles(PACKED, withImages((number) => number === 0 ? { cutAfter: HALF } : {}));
  await assert.rejects(fetchDataset(DATASET, { folder, sources: [begun.url], retries: 0 }), {
    name: "NetworkError",
  });
  await fetchDataset(DATASET, { folder, sources: [other.url, begun.url] });
  assert.deepEqual(begun.requests.map(({ offset }) => offset), [0, HALF]);
  assert.deepEqual(other.requests.map(({ path }) => path), [LABELS]);
});
