import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { OfficialDataset, OfficialFile } from "../../src/data/datasets.ts";
import { fetchDataset, type FetchOptions } from "../../src/data/fetch.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { type Conduct, etagOf, type FileRequest, serveFiles } from "./file_server.ts";
import { gzipped, idxBytes } from "./idx_files.ts";

/** Two files: bytes that cannot be packed, larger than what counts as progress, and a small one. */
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

/** What a fetch came to. */
interface Outcome {
  /** What it threw; undefined where it ended well. */
  readonly error: Error | undefined;
  /** Requests for the images. */
  readonly requests: readonly FileRequest[];
  /** Reasons for new tries, and for other sources. */
  readonly reasons: readonly string[];
  /** Names of what is in the folder afterwards. */
  readonly left: readonly string[];
}

/** Fetches from a server that behaves in a way. */
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

/** What one file's server does; the other file's behaves well. */
const withImages =
  (conduct: (number: number, request: FileRequest) => Conduct) => (request: FileRequest, number: number) =>
    request.path === IMAGES ? conduct(number, request) : {};

/** Holds the folder to the two files, byte by byte, and nothing beside them. */
async function assertFetched(folder: string, { error, left }: Outcome): Promise<void> {
  assert.equal(error, undefined);
  assert.deepEqual(left, Object.keys(FILES).toSorted());
  for (const [name, bytes] of Object.entries(FILES)) {
    assert.deepEqual(await Deno.readFile(join(folder, name)), bytes);
  }
}

/** Holds a failure to its class and message. */
function assertFailed({ error }: Outcome, name: string, message: RegExp): void {
  assert.ok(error);
  assert.equal(error.name, name);
  assert.match(error.message, message);
}

/** A test in a folder of its own. */
function testFetch(name: string, test: (folder: string) => Promise<void>): void {
  Deno.test(`fetchDataset() ${name}`, () => inTemporaryFolder(test));
}

testFetch("unpacks, checks and puts each file in its place, in a folder that it makes", async (parent) => {
  const folder = join(parent, "data", "dots");
  const outcome = await fetchFrom(folder, () => ({}));
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests, [{ path: IMAGES, offset: 0, ifRange: undefined }]);
});

testFetch("leaves alone what is here, and fetches what is not", async (folder) => {
  await Deno.writeFile(join(folder, "images.idx3-ubyte.gz"), packedImages);
  const { error, requests, left } = await fetchFrom(folder, () => ({}));
  assert.equal(error, undefined);
  assert.deepEqual(requests, []);
  assert.deepEqual(left, ["images.idx3-ubyte.gz", "labels-idx1-ubyte"]);
});

testFetch("goes on where a connection broke, with If-Range", async (folder) => {
  const outcome = await fetchFrom(folder, withImages((number) => number === 0 ? { cutAfter: HALF } : {}));
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests, [
    { path: IMAGES, offset: 0, ifRange: undefined },
    { path: IMAGES, offset: HALF, ifRange: etagOf(packedImages) },
  ]);
  assert.deepEqual(outcome.reasons, ["the connection broke"]);
});

testFetch("goes on in a later call, with what an earlier one left", async (folder) => {
  await using server = serveFiles(PACKED, withImages((number) => number === 0 ? { cutAfter: HALF } : {}));
  const fetch = () => fetchDataset(DATASET, { folder, sources: [server.url], retries: 0 });
  await assert.rejects(fetch(), {
    name: "NetworkError",
    message: RegExp(
      `^${server.url}${IMAGES}: the connection broke: run the same command again later; ` +
        `it goes on from the ${HALF.toLocaleString("en-US")} bytes that are here$`,
    ),
  });
  await fetch();
  assert.deepEqual(server.requests.map(({ offset }) => offset), [0, HALF, 0]);
  assert.deepEqual(await Deno.readFile(join(folder, "images-idx3-ubyte")), FILES["images-idx3-ubyte"]);
});

testFetch("goes on as long as each try brings something, however many there are", async (folder) => {
  const outcome = await fetchFrom(folder, withImages(() => ({ cutAfter: 4096 })), { retries: 0 });
  await assertFetched(folder, outcome);
  assert.equal(outcome.requests.length, Math.ceil(packedImages.length / 4096));
});

testFetch("begins anew with a server that knows no Range", async (folder) => {
  const outcome = await fetchFrom(
    folder,
    withImages((number) => ({ whole: true, cutAfter: number === 0 ? HALF : Infinity })),
  );
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests.map(({ offset }) => offset), [0, HALF]);
});

testFetch("begins anew where the file has changed meanwhile", async (folder) => {
  const other = packedImages.map((byte) => byte ^ 1);
  const conduct = withImages((number) => number === 0 ? { body: other, cutAfter: HALF } : {});
  await assertFetched(folder, await fetchFrom(folder, conduct));
});

testFetch("begins anew where two answers make no file, for a server without ETag", async (folder) => {
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

testFetch("asks no weak ETag to vouch for a range, but a date", async (folder) => {
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

testFetch("begins anew where the server sends another range than it was asked for", async (folder) => {
  const headers = { "content-range": `bytes 1-${packedImages.length - 1}/${packedImages.length}` };
  const conduct = withImages((number) => number === 0 ? { cutAfter: HALF } : number === 1 ? { headers } : {});
  const outcome = await fetchFrom(folder, conduct);
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.reasons, ["the connection broke", "it sent another part than it was asked for"]);
});

testFetch(
  "asks for nothing more where all bytes are here, and begins anew where there are too many",
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

testFetch("takes no part whose origin is not known, or another", async (folder) => {
  for (const note of ["", "{", '{"url":"http://127.0.0.1:1/x","validator":null}', '{"url":1}']) {
    await Deno.writeFile(join(folder, `${IMAGES}.part`), new Uint8Array(HALF));
    await Deno.writeTextFile(join(folder, `${IMAGES}.part.json`), note);
    const outcome = await fetchFrom(folder, () => ({}));
    await assertFetched(folder, outcome);
    assert.deepEqual(outcome.requests.map(({ offset }) => offset), [0]);
    await Deno.remove(join(folder, "images-idx3-ubyte"));
  }
});

testFetch("tries again after 500, 503 and 429, and waits as long as the server asks", async (folder) => {
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
  "gives up after as many tries as it was told, or where it is to wait for too long",
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

testFetch("does not ask again after 404 or 403", async (folder) => {
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
  "holds files to SHA-256: unpacked, or as they are packed where that alone is known",
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

testFetch("keeps nothing of wrong bytes", async (folder) => {
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

testFetch("gives up a peer that is mute, that falls silent, or that trickles", async (folder) => {
  for (const conduct of [{ mute: true }, { stallAfter: 100 }, { trickle: 20 }] as const) {
    const outcome = await fetchFrom(folder, withImages(() => conduct), { patience: 0.3, retries: 1 });
    const message =
      /: less than 4,096 bytes came in 0\.3 s, 2 times in a row: run the same command again later/;
    assertFailed(outcome, "NetworkError", message);
    assert.equal(outcome.requests.length, 2);
  }
});

testFetch("goes on after a peer that fell silent", async (folder) => {
  const conduct = withImages((number) => number === 0 ? { stallAfter: HALF } : {});
  const outcome = await fetchFrom(folder, conduct, { patience: 1 });
  await assertFetched(folder, outcome);
  assert.deepEqual(outcome.requests.map(({ offset }) => offset), [0, HALF]);
});

testFetch(
  "takes what a server sends without its length, unpacked, or with a header that calls it encoded",
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

testFetch("takes the next source where one has not the file, or another", async (folder) => {
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

testFetch("writes through no link, and asks no server where one is in its way", async (folder) => {
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

testFetch("goes on with the source that a part is from, whichever comes first", async (folder) => {
  await using other = serveFiles(PACKED);
  await using begun = serveFiles(PACKED, withImages((number) => number === 0 ? { cutAfter: HALF } : {}));
  await assert.rejects(fetchDataset(DATASET, { folder, sources: [begun.url], retries: 0 }), {
    name: "NetworkError",
  });
  await fetchDataset(DATASET, { folder, sources: [other.url, begun.url] });
  assert.deepEqual(begun.requests.map(({ offset }) => offset), [0, HALF]);
  assert.deepEqual(other.requests.map(({ path }) => path), [LABELS]);
});

testFetch("lets several go on in one folder at a time", async (folder) => {
  await using server = serveFiles(PACKED, withImages((number) => number === 1 ? { cutAfter: HALF } : {}));
  const options = { folder, sources: [server.url], pause: 0.001 };
  await Promise.all([1, 2, 3, 4].map(() => fetchDataset(DATASET, options)));
  for (const [name, bytes] of Object.entries(FILES)) {
    assert.deepEqual(await Deno.readFile(join(folder, name)), bytes);
  }
});

testFetch("says who cannot be reached", async (folder) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const nobody = `http://127.0.0.1:${listener.addr.port}/`;
  listener.close();
  const options = { sources: [nobody], retries: 1 };
  const message = RegExp(
    `^${nobody}${IMAGES}: it refuses connections, 2 times in a row: run the same command`,
  );
  assertFailed(await fetchFrom(folder, () => ({}), options), "NetworkError", message);
});

testFetch(
  "leaves alone a file of that name that is another, unless it is told to replace it",
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

testFetch("says where it cannot write", async (folder) => {
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
