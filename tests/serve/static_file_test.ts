import assert from "node:assert/strict";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { StaticFile } from "../../src/serve/static_file.ts";

const HAS_BROTLI = knows("brotli");
const TEXT = new TextEncoder().encode("spikes and potentials, ".repeat(500));
const HEADERS = { "content-type": "text/css; charset=utf-8", "cache-control": "no-cache" };
const ask = (file: StaticFile, headers: Record<string, string> = {}) =>
  file.answer(new Request("http://localhost/x", { headers }));
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

/** Whether this runtime compresses in a format. */
function knows(format: string): boolean {
  try {
    return Reflect.construct(CompressionStream, [format]) instanceof CompressionStream;
  } catch {
    return false;
  }
}

Deno.test("StaticFile compresses texts in an accepted encoding, with its header", async () => {
  const file = new StaticFile(TEXT, HEADERS);
  for (
    const [accepted, encoding] of [
      ["gzip", "gzip"],
      ["gzip, deflate, br", HAS_BROTLI ? "br" : "gzip"],
      ["br;q=0, GZIP;q=0.5", "gzip"],
      ["gzip;q=0", null],
      ["deflate", null],
      ["", null],
    ] as const
  ) {
    const response = await ask(file, { "accept-encoding": accepted });
    assert.equal(response.headers.get("content-encoding"), encoding, accepted);
    assert.equal(response.headers.get("vary"), "accept-encoding");
    const length = Number(response.headers.get("content-length")), body = await bytesOf(response);
    assert.equal(body.length, length);
    const unpacked = encoding === "gzip"
      ? gunzipSync(body)
      : encoding === "br"
      ? brotliDecompressSync(body)
      : body;
    assert.deepEqual(Uint8Array.from(unpacked), TEXT);
    if (encoding !== null) assert.ok(length < TEXT.length / 10);
  }
});

Deno.test("StaticFile does not compress files that are short, no text, or no shorter compressed", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(20_000));
  for (
    const [contents, type, vary] of [
      [TEXT.slice(0, 500), "text/css", null],
      [TEXT, "application/octet-stream", null],
      [noise, "text/css", "accept-encoding"],
    ] as const
  ) {
    const response = await ask(new StaticFile(contents, { "content-type": type }), {
      "accept-encoding": "gzip",
    });
    assert.deepEqual([response.headers.get("content-encoding"), response.headers.get("vary")], [null, vary]);
    assert.deepEqual(await bytesOf(response), contents);
  }
});

Deno.test("StaticFile answers 304 to its ETag, which differs with any bit and with the encoding", async () => {
  const file = new StaticFile(TEXT, HEADERS);
  const tag = (await ask(file)).headers.get("etag") ?? assert.fail("no tag");
  assert.match(tag, /^"[\da-f]{16}"$/);
  for (const named of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
    const response = await ask(file, { "if-none-match": named });
    assert.deepEqual([response.status, response.headers.get("etag"), response.body], [304, tag, null], named);
    assert.equal(response.headers.get("cache-control"), "no-cache");
  }
  assert.equal((await ask(file, { "if-none-match": '"other"' })).status, 200);
  const packed = await ask(file, { "accept-encoding": "gzip", "if-none-match": tag });
  assert.deepEqual([packed.status, packed.headers.get("etag")], [200, tag.replace(/"$/, '-gzip"')]);
  const other = new StaticFile(TEXT.with(7, 0) as Uint8Array<ArrayBuffer>, HEADERS);
  assert.notEqual((await ask(other)).headers.get("etag"), tag);
});
