import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { parseIdx, readIdx, readIdxBlob } from "../../src/data/idx.ts";
import { damagedIdx } from "../damaged_idx.ts";
import { mutationsOf } from "../mutations.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { assertWithstands, countAllocations } from "../withstand.ts";
import { gzipped, idxBytes } from "./idx_files.ts";

/** The bytes of an inflator: deflate's window of 32 KiB, its tables, and a piece of output. */
const INFLATOR = 100_000;

const GIB_4 = [1024, 1024, 4096];

/** A file of 40 bytes with a header of this shape. */
const promising = (shape: readonly number[]) => idxBytes(shape, Array.from({ length: 40 }, (_, i) => i));

function throwsInputError(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => parseIdx(bytes, "t10k"), { name: "InputError", message });
}

/** Writes `bytes` as `name` into a folder and asserts that {@linkcode readIdx} refuses it. */
async function rejectsFile(name: string, bytes: Uint8Array, message: RegExp): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, name);
    await Deno.writeFile(path, bytes);
    await assert.rejects(readIdx(path), { name: "InputError", message });
  });
}

Deno.test("parseIdx() reads shape and elements without copying them", () => {
  const bytes = idxBytes([2, 3], [1, 2, 3, 4, 5, 255]);
  const { shape, data } = parseIdx(bytes, "t10k");
  assert.deepEqual(shape, [2, 3]);
  assert.deepEqual([...data], [1, 2, 3, 4, 5, 255]);
  assert.equal(data.buffer, bytes.buffer);
});

Deno.test("parseIdx() reads a view that begins inside its buffer", () => {
  const bytes = idxBytes([3], [7, 8, 9]);
  const inside = new Uint8Array(bytes.length + 5);
  inside.set(bytes, 3);
  assert.deepEqual([...parseIdx(inside.subarray(3, 3 + bytes.length), "t10k").data], [7, 8, 9]);
});

Deno.test("parseIdx() reads files without elements", () => {
  for (const shape of [[0], [0, 28, 28], [3, 0], [0, 0xffffffff, 0xffffffff]]) {
    assert.deepEqual(parseIdx(idxBytes(shape, []), "t10k"), { shape, data: new Uint8Array(0) });
  }
});

Deno.test("parseIdx() reads back any shape of one to eight dimensions", () => {
  const shapes = fc.array(fc.nat(4), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(shapes, fc.nat(255), (shape, first) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const data = Uint8Array.from({ length: count }, (_, i) => first + i);
    assert.deepEqual(parseIdx(idxBytes(shape, data), "t10k"), { shape, data });
  }));
});

Deno.test("parseIdx() throws on an empty file", () => {
  throwsInputError(new Uint8Array(0), /^t10k: empty; expected an IDX file; fetch it again$/);
});

Deno.test("parseIdx() throws on a truncated header", () => {
  const bytes = idxBytes([2, 3], []);
  for (let length = 1; length < 4; length++) {
    throwsInputError(
      bytes.subarray(0, length),
      RegExp(`^t10k: ${length} bytes, but an IDX header has 8 or more`),
    );
  }
  for (let length = 4; length < 12; length++) {
    throwsInputError(
      bytes.subarray(0, length),
      RegExp(`^t10k: ${length} bytes, but its header alone has 12`),
    );
  }
});

Deno.test("parseIdx() throws on a file that is cut short, with both sizes", () => {
  throwsInputError(
    idxBytes([60000, 28, 28], new Uint8Array(1008)),
    /^t10k: 1,024 bytes, but its header promises 47,040,016: the file is cut short; fetch it again$/,
  );
});

Deno.test("parseIdx() throws on trailing bytes", () => {
  throwsInputError(
    idxBytes([2], [1, 2, 3]),
    /^t10k: 11 bytes, but its header promises 10: something was added to the file; fetch it again$/,
  );
});

Deno.test("parseIdx() throws on a wrong magic number", () => {
  throwsInputError(Uint8Array.of(0x1f, 0x8b, 8, 1, 0, 0, 0, 0), /^t10k: starts with 1f 8b, expected 00 00/);
  throwsInputError(Uint8Array.of(0, 1, 8, 1, 0, 0, 0, 0), /^t10k: starts with 00 01, expected 00 00/);
  throwsInputError(Uint8Array.of(0x50), /^t10k: starts with 50, expected 00 00/);
});

Deno.test("parseIdx() throws on elements that are not uint8, and names their type", () => {
  throwsInputError(
    idxBytes([1], [0, 0, 0, 0], 0x0d),
    /elements are float32 \(0x0d\), expected uint8 \(0x08\)/,
  );
  throwsInputError(idxBytes([1], [0], 0x09), /elements are int8 \(0x09\)/);
  throwsInputError(idxBytes([1], [0], 0), /elements are of an unknown type \(0x00\)/);
});

Deno.test("parseIdx() throws on no dimensions and on too many", () => {
  throwsInputError(idxBytes([], [1]), /^t10k: 0 dimensions, expected 1 to 8/);
  throwsInputError(idxBytes(Array(9).fill(1), [1]), /^t10k: 9 dimensions, expected 1 to 8/);
});

Deno.test("parseIdx() throws on a header that promises 4 GiB and more", () => {
  throwsInputError(
    idxBytes(GIB_4, [1]),
    /its header promises 1024 × 1024 × 4096 bytes, expected at most 2,147,483,647/,
  );
  throwsInputError(idxBytes(Array(8).fill(0xffffffff), [1]), /4294967295 × 4294967295/);
});

Deno.test("parseIdx() allocates nothing for a header that promises 4 GiB", async () => {
  const allocated = await countAllocations(() => {
    for (const shape of [GIB_4, [2 ** 32 - 1], [2 ** 31 - 100], [60000, 28, 28]]) {
      assert.throws(() => parseIdx(promising(shape), "t10k"), { name: "InputError" });
    }
  });
  assert.ok(allocated < 10_000, `${allocated} bytes`);
});

Deno.test("parseIdx() withstands 5,000 damaged files", async () => {
  await assertWithstands(fc.oneof(damagedIdx([3, 2, 2]), damagedIdx([300])), {
    files: 5000,
    read: (bytes) => parseIdx(bytes, "t10k"),
    holds: ({ shape, data }) =>
      assert.equal(data.length, shape.reduce((product, extent) => product * extent, 1)),
  });
});

Deno.test("readIdx() reads into shared memory", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "labels");
    await Deno.writeFile(path, idxBytes([3], [4, 5, 6]));
    const { shape, data } = await readIdx(path);
    assert.deepEqual(shape, [3]);
    assert.deepEqual([...data], [4, 5, 6]);
    assert.ok(data.buffer instanceof SharedArrayBuffer);
  });
});

Deno.test("readIdx() reads plain and gzip files alike, at sizes around its chunks", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const count of [0, 1, 20, 27, 28, 29, 40, 65_536, (1 << 20) - 9, 1 << 20, (1 << 21) + 3]) {
      const data = Uint8Array.from({ length: count }, (_, i) => (i * 2654435761) >>> 24);
      const bytes = new Uint8Array(8 + count);
      bytes.set(idxBytes([count], []));
      bytes.set(data, 8);
      const plain = join(folder, "plain");
      const gzip = join(folder, "packed.gz");
      await Deno.writeFile(plain, bytes);
      await Deno.writeFile(gzip, await gzipped(bytes));
      for (const path of [plain, gzip]) {
        const idx = await readIdx(path);
        assert.deepEqual(idx.shape, [count]);
        assert.ok(idx.data.buffer instanceof SharedArrayBuffer);
        assert.equal(Buffer.compare(idx.data, data), 0);
      }
    }
  });
});

Deno.test("readIdx() recognises gzip under a name without .gz", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "labels");
    await Deno.writeFile(path, await gzipped(idxBytes([2], [8, 9])));
    assert.deepEqual([...(await readIdx(path)).data], [8, 9]);
  });
});

Deno.test("readIdx() throws on a .gz that is not gzip", async () => {
  await rejectsFile(
    "labels.gz",
    idxBytes([2], [8, 9]),
    /labels\.gz: starts with 00 00, expected 1f 8b: this is not gzip/,
  );
});

Deno.test("readIdx() reads gzip of several members, as gzip -dc does", async () => {
  const whole = idxBytes([64], Array.from({ length: 64 }, (_, i) => (i * 89) % 256));
  const members = [whole.subarray(0, 7), whole.subarray(7, 50), whole.subarray(50), new Uint8Array(0)];
  const packed = Uint8Array.from(Buffer.concat(members.map((member) => gzipSync(member))));
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "labels.gz");
    await Deno.writeFile(path, packed);
    const { shape, data } = parseIdx(whole, "labels");
    assert.deepEqual(await readIdx(path), { shape, data: new Uint8Array(data) });
    assert.deepEqual(await readIdxBlob(new Blob([packed]), "labels.gz"), {
      shape,
      data: new Uint8Array(data),
    });
  });
});

Deno.test("readIdx() throws on gzip that is cut short at any place", async () => {
  const whole = await gzipped(idxBytes([64], Array.from({ length: 64 }, (_, i) => (i * 89) % 256)));
  for (let length = 2; length < whole.length; length += 5) {
    await rejectsFile(
      "labels.gz",
      whole.subarray(0, length),
      /its gzip data are cut short; fetch it again$/,
    );
  }
});

Deno.test("readIdx() throws on gzip with a wrong checksum and on gzip with trailing bytes", async () => {
  const whole = await gzipped(idxBytes([64], new Uint8Array(64)));
  const flipped = whole.map((byte, i) => i === whole.length - 6 ? byte ^ 1 : byte);
  await rejectsFile("labels.gz", flipped, /its compressed data are damaged: incorrect (data|header) check/);
  await rejectsFile(
    "labels.gz",
    Uint8Array.from([...whole, 1, 2, 3]),
    /its compressed data are damaged: incorrect (data|header) check/,
  );
});

Deno.test("readIdx() withstands 600 damaged files, plain, packed, and damaged when packed", async () => {
  const whole = await gzipped(idxBytes([64], Array.from({ length: 64 }, (_, i) => i % 7)));
  const packed = damagedIdx([64]).map((bytes) => new Uint8Array(gzipSync(bytes)));
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "labels");
    await assertWithstands(fc.oneof(damagedIdx([64]), packed, mutationsOf(whole)), {
      files: 600,
      async read(bytes) {
        Deno.writeFileSync(path, bytes);
        return await readIdx(path);
      },
      holds: ({ shape, data }) =>
        assert.equal(data.length, shape.reduce((product, extent) => product * extent, 1)),
      bytesPerByte: 1100, // as much can be in a byte of gzip
      spareBytes: INFLATOR,
    });
  });
});

Deno.test("readIdx() allocates nothing for a file that promises 2 GiB, plain or packed", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "labels");
    for (const bytes of [promising([2 ** 31 - 100]), new Uint8Array(gzipSync(promising([2 ** 31 - 100])))]) {
      await Deno.writeFile(path, bytes);
      const allocated = await countAllocations(() => assert.rejects(readIdx(path), { name: "InputError" }));
      assert.ok(allocated < INFLATOR, `${allocated} bytes`);
    }
  });
});

Deno.test("readIdx() stops a gzip file that inflates to more than its header promises", async () => {
  const bomb = new Uint8Array(64 << 20);
  bomb.set(idxBytes([100], []));
  const packed = await gzipped(bomb);
  await rejectsFile(
    "labels.gz",
    packed,
    /inflates to more than the 108 bytes that its header promises: fetch it again$/,
  );
});

Deno.test("readIdx() throws on gzip whose header promises more than gzip can hold", async () => {
  const promising = await gzipped(idxBytes([1 << 30], new Uint8Array(100)));
  await rejectsFile("labels.gz", promising, /bytes of gzip, but its header promises 1,073,741,832/);
});

Deno.test("readIdx() throws on inflated data that are cut short, too long, or not IDX", async () => {
  await rejectsFile(
    "a.gz",
    await gzipped(idxBytes([200], new Uint8Array(100))),
    /108 bytes, but its header promises 208/,
  );
  await rejectsFile("a.gz", await gzipped(idxBytes([2], [1, 2, 3])), /11 bytes, but its header promises 10/);
  await rejectsFile("a.gz", await gzipped(new Uint8Array(0)), /a\.gz: empty/);
  await rejectsFile("a.gz", await gzipped(Uint8Array.from([9, ...new Uint8Array(99)])), /starts with 09 00/);
});

Deno.test("readIdx() throws on a plain file that does not match its header", async () => {
  await rejectsFile("a", new Uint8Array(0), /a: empty/);
  await rejectsFile(
    "a",
    idxBytes(GIB_4, new Uint8Array(100)),
    /a: its header promises 1024 × 1024 × 4096 bytes/,
  );
  await rejectsFile(
    "a",
    idxBytes([60000, 28, 28], new Uint8Array(1008)),
    /a: 1,024 bytes, but its header promises 47,040,016/,
  );
  await rejectsFile("a", idxBytes([2], [1, 2, 3]), /a: 11 bytes, but its header promises 10/);
});

Deno.test("readIdx() throws on a missing file, a folder and a path through a file", async () => {
  await inTemporaryFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeFile(file, idxBytes([1], [0]));
    const cases: [string, RegExp][] = [
      [join(folder, "none"), /none: no such file or folder; check the path$/],
      [folder, /: this is a folder; expected a file: name one inside it$/],
      [join(file, "inner"), /inner: a part of this path is a file, not a folder/],
      [`${file}\0`, /cannot be read: /],
    ];
    for (const [path, message] of cases) {
      await assert.rejects(readIdx(path), { name: "InputError", message });
    }
  });
});

Deno.test({
  name: "readIdx() throws on a device, which could be read without end",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await assert.rejects(readIdx("/dev/zero"), { name: "InputError", message: /this is a pipe or a device/ });
  },
});

Deno.test({
  name: "readIdx() names the flag where Deno may not read",
  permissions: { read: false },
  fn: async () => {
    const message = /^\/srv\/labels: Deno may not read it; run again with --allow-read=\/srv\/labels$/;
    await assert.rejects(readIdx("/srv/labels"), { name: "InputError", message });
  },
});
