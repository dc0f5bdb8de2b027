import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { OfficialDataset, OfficialFile } from "../../src/data/datasets.ts";
import { fetchDataset, type FetchOptions } from "../../src/data/fetch.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { type Conduct, etagOf, type FileRequest, serveFiles } from "./file_server.ts";
import { gzipped, idxBytes } from "./idx_files.ts";

/** A file of incompressible bytes, larger than what counts as progress, and a small one. */
const FILES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "images-idx3-ubyte": idxBytes([20_000], Array.from({ length: 20_000 }, (_, i) => (i * 2654435761) >>> 24)),
  "labels-idx1-ubyte": idxBytes([30], Array.from({ length: 30 }, (_, i) => i % 10)),
};
const IMAGES = "images-idx3-ubyte.gz", LABELS = "labels-idx1-ubyte.gz";
const PACKED: Record<string, Uint8Array> = {};
for (const [name, bytes] of Object.entries(FILES)) PACKED[`${name}.gz`] = await gzipped(bytes);
const packedImages = PACKED[IMAGES]!;
const HALF = packedImages.length >> 1;

const DATASET: OfficialDataset = {
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
async function fetchFrom(
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
const withImages =
  (conduct: (number: number, request: FileRequest) => Conduct) => (request: FileRequest, number: number) =>
    request.path === IMAGES ? conduct(number, request) : {};

/** Asserts that the folder has exactly the two files, byte by byte. */
async function assertFetched(folder: string, { error, left }: Outcome): Promise<void> {
  assert.equal(error, undefined);
  assert.deepEqual(left, Object.keys(FILES).toSorted());
  for (const [name, bytes] of Object.entries(FILES)) {
    assert.deepEqual(await Deno.readFile(join(folder, name)), bytes);
  }
}

/** Asserts the class and the message of a failure. */
function assertFailed({ error }: Outcome, name: string, message: RegExp): void {
  assert.ok(error);
  assert.equal(error.name, name);
  assert.match(error.message, message);
}

/** Registers a test with a temporary folder. */
function testFetch(name: string, test: (folder: string) => Promise<void>): void {
  Deno.test(`fetchDataset() ${name}`, () => inTemporaryFolder(test));
}

testFetch("unpacks, checks and stores each file in a new folder", async (parent) => {
  const folder = join(parent, "data", "dots");
  const outcome = await fetchFrom(folder, () => ({}));
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests, [{ path: IMAGES, offset: 0, ifRange: undefined }]);
});

testFetch("keeps files that are there and fetches the others", async (folder) => {
  await Deno.writeFile(join(folder, "images.idx3-ubyte.gz"), packedImages);
  const { error, requests, left } = await fetchFrom(folder, () => ({}));
  assert.equal(error, undefined);
  assert.deepEqual(requests, []);
  assert.deepEqual(left, ["images.idx3-ubyte.gz", "labels-idx1-ubyte"]);
});

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

testFetch("retries after 500, 503 and 429, and waits for Retry-After", async (folder) => {
  const answers: Conduct[] = [
    { status: 500 },
    { status: 503, headers: { "retry-after": "0" } },
    { status: 429, headers: { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" } },
  ];
  const outcome = await fetchFrom(folder, withImages((number) => answers[number] ?? {}), { retries: 3 });
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.reasons, [
    "the server answers 500 Internal Server Error",
    "the server answers 503 Service Unavailable",
    "the server answers 429 Too Many Requests",
  ]);
});

testFetch(
  "fails after the given number of retries, or if Retry-After is too long",
  async (folder) => {
    const down = await fetchFrom(folder, withImages(() => ({ status: 503 })));
    assertFailed(
      down,
      "NetworkError",
      /: the server answers 503 Service Unavailable, 3 times in a row: run the same command again later$/,
    );
    assert.equal(down.requests.length, 3);
    const busy = await fetchFrom(
      folder,
      withImages(() => ({ status: 429, headers: { "retry-after": "3600" } })),
    );
    assertFailed(
      busy,
      "NetworkError",
      /: the server answers 429 Too Many Requests: run the same command again later$/,
    );
  },
);

testFetch("does not retry after 404 or 403", async (folder) => {
  for (const status of [404, 403]) {
    const outcome = await fetchFrom(folder, withImages(() => ({ status })));
    const message = RegExp(
      `${IMAGES}: the server answers ${status} (Not Found|Forbidden): check the address, or fetch from another with --from$`,
    );
    assertFailed(outcome, "NetworkError", message);
    assert.equal(outcome.requests.length, 1);
    assert.deepEqual(outcome.left, []);
  }
});

testFetch(
  "checks the SHA-256 of the unpacked file, or of the packed one if only that is known",
  async (folder) => {
    const [images, ...others] = DATASET.files;
    const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const right = sha256(FILES["images-idx3-ubyte"]!), packed = sha256(packedImages), wrong = "0".repeat(64);
    const fetchWith = (sums: Partial<OfficialFile>) =>
      fetchFrom(folder, withImages(() => ({ body: packedImages })), {}, PACKED, {
        ...DATASET,
        files: [{ ...images!, ...sums }, ...others],
      });
    for (const [sums, found] of [[{ sha256: wrong }, right], [{ packedSha256: wrong }, packed]] as const) {
      const outcome = await fetchWith(sums);
      const message = new RegExp(
        `: its SHA-256 is ${found}, expected ${wrong}: this is not the official file`,
      );
      assertFailed(outcome, "NetworkError", message);
      assert.deepEqual(outcome.left, []);
    }
    for (
      const sums of [{ sha256: right }, { packedSha256: packed }, { sha256: right, packedSha256: packed }]
    ) {
      const outcome = await fetchWith(sums);
      assert.equal(outcome.error, undefined);
      await Deno.remove(join(folder, "images-idx3-ubyte"));
    }
  },
);

testFetch("keeps no wrong bytes", async (folder) => {
  const flipped = await gzipped(FILES["images-idx3-ubyte"]!.map((byte, i) => i === 9000 ? byte ^ 1 : byte));
  const html = new TextEncoder().encode("<!DOCTYPE html><title>Log in to the hotel's network</title>");
  const bomb = await gzipped(new Uint8Array(30_000));
  const cases: [Uint8Array, RegExp][] = [
    [
      flipped,
      /: its MD5 is [0-9a-f]{32}, expected [0-9a-f]{32}: this is not the official file, nothing was kept of it; /,
    ],
    [html, /: its MD5 is /],
    [bomb, /: it unpacks to more than 20,008 bytes: this is not the official file/],
    [
      packedImages.subarray(0, HALF),
      /: its gzip data are cut short: this is not the official file/,
    ],
    [new Uint8Array(0), /: its MD5 is d41d8cd98f00b204e9800998ecf8427e, expected /],
  ];
  for (const [body, message] of cases) {
    const outcome = await fetchFrom(folder, withImages(() => ({ body })));
    assertFailed(outcome, "NetworkError", message);
    assert.deepEqual(outcome.left, []);
  }
});

testFetch("stops a server that sends without end", async (folder) => {
  const outcome = await fetchFrom(
    folder,
    withImages(() => ({ body: new Uint8Array(1 << 20), headers: { "content-length": null } })),
  );
  assertFailed(
    outcome,
    "NetworkError",
    /: it sends more than 85,544 bytes: this is another file; check the address/,
  );
});

testFetch("fails with a server that does not answer, stops or trickles", async (folder) => {
  for (const conduct of [{ mute: true }, { stallAfter: 100 }, { trickle: 20 }] as const) {
    const outcome = await fetchFrom(folder, withImages(() => conduct), { patience: 0.3, retries: 1 });
    const message =
      /: less than 4,096 bytes came in 0\.3 s, 2 times in a row: run the same command again later/;
    assertFailed(outcome, "NetworkError", message);
    assert.equal(outcome.requests.length, 2);
  }
});

testFetch("resumes after a server that stopped sending", async (folder) => {
  const conduct = withImages((number) => number === 0 ? { stallAfter: HALF } : {});
  const outcome = await fetchFrom(folder, conduct, { patience: 1 });
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests.map(({ offset }) => offset), [0, HALF]);
});

testFetch(
  "takes a file that is sent without its length, unpacked, or with Content-Encoding",
  async (folder) => {
    const ways: Conduct[] = [
      { headers: { "content-length": null } },
      { body: FILES["images-idx3-ubyte"]! },
      { headers: { "content-encoding": "gzip" } },
    ];
    for (const way of ways) {
      await assertFetched(folder, await fetchFrom(folder, withImages(() => way)));
      await Deno.remove(join(folder, "images-idx3-ubyte"));
    }
  },
);

testFetch("takes the next source if one has no such file, or a wrong one", async (folder) => {
  await using without = serveFiles({});
  await using wrong = serveFiles({ [IMAGES]: packedImages.slice(0, HALF), [LABELS]: packedImages });
  await using right = serveFiles(PACKED);
  const reasons: string[] = [];
  const files = await fetchDataset(DATASET, { folder, sources: [without.url, wrong.url, right.url] }, {
    onNextSource: (_file, reason) => reasons.push(reason),
  });
  assert.deepEqual(files.map(({ from }) => from), [right.url + IMAGES, right.url + LABELS]);
  assert.equal(reasons.length, 4);
  await assertFetched(folder, {
    error: undefined,
    requests: [],
    reasons,
    left: Object.keys(FILES).toSorted(),
  });
});

testFetch("writes through no link, and makes no request if there is one", async (folder) => {
  await inTemporaryFolder(async (elsewhere) => {
    const victim = join(elsewhere, "victim");
    await Deno.writeTextFile(victim, "mine");
    for (const name of [`${IMAGES}.part`, `${IMAGES}.part.json`]) {
      for (const to of [victim, join(elsewhere, "new")]) {
        await Deno.symlink(to, join(folder, name));
        const { error, requests } = await fetchFrom(folder, () => ({}));
        assert.match(
          `${error}`,
          /^InputError: .*\.part(\.json)?: this is a symbolic link, which nothing is written through/,
        );
        assert.deepEqual(requests, []);
        await Deno.remove(join(folder, name));
      }
    }
    await Deno.symlink(join(elsewhere, "new"), join(folder, "images-idx3-ubyte"));
    assert.match(
      `${(await fetchFrom(folder, () => ({}))).error}`,
      /^InputError: .*images-idx3-ubyte: this is a symbolic link/,
    );
    assert.deepEqual([...Deno.readDirSync(elsewhere)].map(({ name }) => name), ["victim"]);
    assert.equal(await Deno.readTextFile(victim), "mine");
  });
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

testFetch("works in several calls at once in one folder", async (folder) => {
  await using server = serveFiles(PACKED, withImages((number) => number === 1 ? { cutAfter: HALF } : {}));
  const options = { folder, sources: [server.url], pause: 0.001 };
  await Promise.all([1, 2, 3, 4].map(() => fetchDataset(DATASET, options)));
  for (const [name, bytes] of Object.entries(FILES)) {
    assert.deepEqual(await Deno.readFile(join(folder, name)), bytes);
  }
});

testFetch("names a server that refuses connections", async (folder) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const closed = `http://127.0.0.1:${listener.addr.port}/`;
  listener.close();
  const options = { sources: [closed], retries: 1 };
  const message = RegExp(
    `^${closed}${IMAGES}: it refuses connections, 2 times in a row: run the same command`,
  );
  assertFailed(await fetchFrom(folder, () => ({}), options), "NetworkError", message);
});

testFetch(
  "keeps a different file of the same name, unless `force` is set",
  async (folder) => {
    const path = join(folder, "images-idx3-ubyte");
    await Deno.writeTextFile(path, "mine");
    const refused = await fetchFrom(folder, () => ({}));
    assertFailed(
      refused,
      "InputError",
      /images-idx3-ubyte: its MD5 is .*: this is not Dots's official file; move it away, name another folder with --to, or/,
    );
    assert.deepEqual(refused.left, ["images-idx3-ubyte"]);
    assert.equal(await Deno.readTextFile(path), "mine");
    await assertFetched(folder, await fetchFrom(folder, () => ({}), { force: true }));
  },
);

testFetch("names a path that it cannot write", async (folder) => {
  await Deno.writeTextFile(join(folder, "file"), "");
  const name = "InputError";
  const fetch = (to: string) =>
    fetchDataset(DATASET, { folder: join(folder, to), sources: ["http://127.0.0.1:1/"] });
  await assert.rejects(fetch("file"), {
    name,
    message: /file: this is a file; expected a folder for the data: name another$/,
  });
  await assert.rejects(fetch("file/data"), { name, message: /is not a folder; check the path$/ });
});
