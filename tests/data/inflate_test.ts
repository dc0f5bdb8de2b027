import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { gunzip, inflateZlib } from "../../src/data/inflate.ts";

const CONTENT = Uint8Array.from({ length: 3000 }, (_, i) => i * 7 + (i >> 8));
const joined = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

/** `bytes` in pieces of a size. */
function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpacked(packed: Uint8Array, size = packed.length): Promise<Uint8Array> {
  return joined(...await Array.fromAsync(gunzip(pieces(packed, size))));
}

Deno.test("gunzip() reads one member or many, as gzip -dc does, in pieces of any size", async () => {
  const part = fc.uint8Array({ maxLength: 2000 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 700 }),
      fc.nat(600),
      async (parts, size, zeros) => {
        const packed = joined(...parts.map((each) => gzipSync(each)), new Uint8Array(zeros));
        assert.deepEqual(await unpacked(packed, size), joined(...parts));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("gunzip() reads the headers that archivers write", async () => {
  const one = gzipSync(CONTENT), half = CONTENT.length / 2;
  const bgzip = joined(gzipSync(CONTENT.subarray(0, half)), gzipSync(CONTENT.subarray(half)), gzipSync(""));
  // FLG.FNAME (RFC 1952): a zero-terminated name follows the header's ten bytes.
  const named = joined(
    one.subarray(0, 3),
    Uint8Array.of(8),
    one.subarray(4, 10),
    Buffer.from("a name\0"),
    one.subarray(10),
  );
  for (const packed of [one, bgzip, named, joined(gzipSync(""), one), joined(one, new Uint8Array(512))]) {
    assert.deepEqual(await unpacked(packed), CONTENT);
  }
});

Deno.test("gunzip() refuses data that are damaged, cut short or too long", async () => {
  const one = gzipSync(CONTENT);
  const changed = (at: number) => one.map((byte, i) => i === one.length + at ? byte ^ 1 : byte);
  const refused: [packed: Uint8Array, message: RegExp][] = [
    [new Uint8Array(0), /^its gzip data are cut short$/],
    [one.subarray(0, -1), /^its gzip data are cut short$/],
    [joined(one, one.subarray(0, -9)), /^its gzip data are cut short$/],
    [joined(one, Uint8Array.of(0x1f)), /^its gzip data are cut short$/],
    [changed(-8), /^its compressed data are damaged: incorrect data check$/], // the CRC-32
    [changed(-4), /^its compressed data are damaged: incorrect length check$/],
    [joined(one, Uint8Array.of(1, 2, 3)), /^its compressed data are damaged: incorrect header check$/],
    [joined(one, Uint8Array.of(0, 0, 3)), /^something was added to its gzip data$/],
  ];
  for (const [packed, message] of refused) {
    for (const size of [1, 7, packed.length]) {
      await assert.rejects(unpacked(packed, size || 1), { name: "InflateError", message });
    }
  }
});

Deno.test("gunzip() inflates at most half a megabyte ahead of its reader", async () => {
  const bomb = gzipSync(new Uint8Array(50_000_000));
  let taken = 0;
  function* counted() {
    for (const piece of pieces(bomb, 512)) {
      taken += piece.length;
      yield piece;
    }
  }
  for await (const piece of gunzip(counted())) {
    assert.ok(piece.length <= 65_536);
    if (taken > 2048) break;
  }
  assert.ok(taken <= 2560, `${taken} of ${bomb.length} bytes were read`);
});

Deno.test("inflateZlib() inflates a stream and checks its Adler-32", () => {
  const packed = Uint8Array.from(deflateSync(CONTENT));
  for (const size of [1, 100, packed.length]) {
    assert.deepEqual(joined(...inflateZlib(pieces(packed, size))), CONTENT);
    const refused = (bytes: Uint8Array, message: RegExp) =>
      assert.throws(() => [...inflateZlib(pieces(bytes, size))], { name: "InflateError", message });
    refused(packed.subarray(0, -1), /cut short$/);
    refused(joined(packed, Uint8Array.of(0)), /^something follows the end/);
    refused(packed.map((byte, i) => i === packed.length - 1 ? byte ^ 1 : byte), /incorrect data check$/);
  }
});
