import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../src/errors.ts";
import { damagedIdx } from "./damaged_idx.ts";
import { idxBytes } from "./data/idx_files.ts";
import { mutationsOf } from "./mutations.ts";
import { assertWithstands, countAllocations } from "./withstand.ts";

const files = fc.uint8Array({ minLength: 1, maxLength: 100 });

Deno.test("assertWithstands() accepts results and Spikelet's errors", async () => {
  await assertWithstands(files, {
    files: 50,
    read(bytes) {
      if (bytes[0]! % 2 === 0) throw new InputError("a file: damaged");
      return bytes.slice();
    },
    holds: (result) => assert.ok(result.length > 0),
  });
});

Deno.test("assertWithstands() refuses other errors, messages with the file's lines, and invalid results", async () => {
  const fails = (read: (bytes: Uint8Array) => Uint8Array, reason: RegExp) =>
    assert.rejects(
      assertWithstands(files, {
        files: 5,
        read,
        holds: (result) => assert.ok(result.length > 200, "too short"),
      }),
      ({ cause }: Error) => cause instanceof Error && reason.test(cause.message),
    );
  await fails(() => {
    throw new TypeError("undefined is not a function");
  }, /undefined is not a function/);
  await fails(() => {
    throw new InputError("tensor w\n1: damaged");
  }, /tensor w/);
  await fails((bytes) => bytes, /too short/);
});

Deno.test("assertWithstands() refuses a reader that allocates what a header promises", async () => {
  await assert.rejects(
    assertWithstands(files, { files: 5, read: (bytes) => new Float32Array(2 ** 16 + bytes.length) }),
    ({ cause }: Error) =>
      /^26\d{4} bytes for a file of \d+$/.test(cause instanceof Error ? cause.message : ""),
  );
});

Deno.test("countAllocations() counts every new buffer, and nothing else", async () => {
  const before = new Uint8Array(10);
  assert.equal(
    await countAllocations(() => {
      new Uint8Array(before.buffer, 2, 4);
      new Float64Array(3);
      Uint16Array.from([1, 2]);
      new SharedArrayBuffer(5);
      new BigInt64Array([1n]);
    }),
    24 + 4 + 5 + 8,
  );
  assert.ok(before instanceof Uint8Array && new Uint8Array(1) instanceof Uint8Array);
});

Deno.test("mutations() gives other files of many lengths", () => {
  const whole = idxBytes([3, 4], Array(12).fill(1));
  for (const [damaged, same] of [[mutationsOf(whole), 0.3], [damagedIdx([3, 4]), 0.4]] as const) {
    const drawn = fc.sample(damaged, { numRuns: 500, seed: 1 });
    const unchanged = drawn.filter((bytes) =>
      bytes.length === whole.length && bytes.every((byte, i) => byte === whole[i])
    );
    assert.ok(unchanged.length < same * drawn.length, `${unchanged.length}`);
    assert.ok(new Set(drawn.map(({ length }) => length)).size > 15);
  }
});
