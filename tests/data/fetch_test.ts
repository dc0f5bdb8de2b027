import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { OfficialFile } from "../../src/data/datasets.ts";
import { fetchDataset } from "../../src/data/fetch.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import {
  assertFailed,
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
import { type Conduct, serveFiles } from "./file_server.ts";
import { gzipped } from "./idx_files.ts";

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
