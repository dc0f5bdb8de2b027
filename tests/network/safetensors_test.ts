import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import { damagedSafetensors } from "../damaged_safetensors.ts";
import { assertWithstands, countAllocations } from "../withstand.ts";

const REFERENCE = new URL("../reference/", import.meta.url);

/** A file with a header and a number of data bytes, written without the code under test. */
function fileOf(header: string | Uint8Array, dataLength = 0, promised?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, promised ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function throwsInputError(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => parseSafetensors(bytes, "model"), { name: "InputError", message });
}

/** Asserts that parseSafetensors() throws on a tensor `w` with these fields. */
function throwsOnEntry(entry: unknown, dataLength: number, message: RegExp): void {
  throwsInputError(fileOf(JSON.stringify({ w: entry }), dataLength), message);
}

const shapes = fc.array(fc.nat(3), { maxLength: 4 });
const elementsOf = (shape: number[]) => shape.reduce((product, extent) => product * extent, 1);
const list = <T>(values: fc.Arbitrary<T>, shape: number[]) =>
  fc.array(values, { minLength: elementsOf(shape), maxLength: elementsOf(shape) });

/** Tensors of every dtype, NaNs and infinities among their values. */
const tensors: fc.Arbitrary<Tensor> = shapes.chain((shape) =>
  fc.oneof(
    list(fc.float(), shape).map((v): Tensor => ({ dtype: "F32", shape, data: Float32Array.from(v) })),
    list(fc.double(), shape).map((v): Tensor => ({ dtype: "F64", shape, data: Float64Array.from(v) })),
    list(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), shape)
      .map((v): Tensor => ({ dtype: "I64", shape, data: BigInt64Array.from(v) })),
    list(fc.integer(), shape).map((v): Tensor => ({ dtype: "I32", shape, data: Int32Array.from(v) })),
    list(fc.integer({ min: -128, max: 127 }), shape)
      .map((v): Tensor => ({ dtype: "I8", shape, data: Int8Array.from(v) })),
    list(fc.nat(255), shape).map((v): Tensor => ({ dtype: "U8", shape, data: Uint8Array.from(v) })),
    list(fc.nat(1), shape).map((v): Tensor => ({ dtype: "BOOL", shape, data: Uint8Array.from(v) })),
    list(fc.nat(65_535), shape).chain((v) =>
      fc.constantFrom("F16" as const, "BF16" as const, "U16" as const)
        .map((dtype): Tensor => ({ dtype, shape, data: Uint16Array.from(v) }))
    ),
    list(fc.integer({ min: -32_768, max: 32_767 }), shape)
      .map((v): Tensor => ({ dtype: "I16", shape, data: Int16Array.from(v) })),
    list(fc.integer({ min: 0, max: 2 ** 32 - 1 }), shape)
      .map((v): Tensor => ({ dtype: "U32", shape, data: Uint32Array.from(v) })),
    list(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), shape)
      .map((v): Tensor => ({ dtype: "U64", shape, data: BigUint64Array.from(v) })),
  )
);

const names = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("__proto__", "constructor", "", "1", "0", '"{', "\\", "w1"),
).filter((name) => name !== "__metadata__" && name.isWellFormed());

const files = fc.uniqueArray(fc.tuple(names, tensors), { selector: ([name]) => name, maxLength: 6 });
const metadata = fc.array(fc.tuple(names, fc.string({ unit: "binary" })), { maxLength: 4 })
  .map((pairs): Record<string, string> => Object.fromEntries(pairs));

Deno.test("parseSafetensors() reads back what serializeSafetensors() wrote, in its order", () => {
  fc.assert(
    fc.property(files, metadata, (entries, texts) => {
      const bytes = serializeSafetensors(entries, texts);
      const read = parseSafetensors(bytes, "model");
      assert.deepEqual(read.metadata, texts);
      assert.deepEqual(new Set(read.tensors.keys()), new Set(entries.map(([name]) => name)));
      for (const [name, tensor] of entries) assert.deepEqual(read.tensors.get(name), tensor);
      const full = entries.filter(([, { data }]) => data.length > 0).map(([name]) => name);
      assert.deepEqual(
        [...read.tensors].filter(([, { data }]) => data.length > 0).map(([name]) => name),
        full,
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseSafetensors() distinguishes keys that V8's JSON.parse confuses", () => {
  const entry = { dtype: "U8", shape: [0], data: new Uint8Array(0) } as const;
  for (const key of ["\\", "\n", "\0", '"', "\\\n"]) {
    const file = parseSafetensors(
      serializeSafetensors([["z", entry], [key, entry]], { z: "1", [key]: "2" }),
      "model",
    );
    assert.deepEqual(file.metadata, { z: "1", [key]: "2" });
    assert.deepEqual([...file.tensors.keys()], ["z", key]);
  }
});

Deno.test("parseSafetensors() reads a file at any offset of its buffer", () => {
  const tensor: Tensor = { dtype: "F64", shape: [2], data: Float64Array.of(1.5, -2) };
  const bytes = serializeSafetensors([["a", { dtype: "U8", shape: [], data: Uint8Array.of(3) }], [
    "w",
    tensor,
  ]]);
  for (let offset = 0; offset < 9; offset++) {
    const inside = new Uint8Array(offset + bytes.length);
    inside.set(bytes, offset);
    assert.deepEqual(parseSafetensors(inside.subarray(offset), "model").tensors.get("w"), tensor);
  }
});

Deno.test("parseSafetensors() reads shared memory", () => {
  const bytes = serializeSafetensors([["w", { dtype: "I8", shape: [2], data: Int8Array.of(1, -1) }]]);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  assert.deepEqual([...parseSafetensors(shared, "model").tensors.get("w")?.data ?? []], [1, -1]);
});

Deno.test("serializeSafetensors() writes the format's bytes", () => {
  const bytes = serializeSafetensors([["b", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]], {
    k: "v",
  });
  const header = '{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  assert.equal(header.length, 79);
  const expected = fileOf(header + " ", 4);
  expected.set([0, 0, 0x80, 0x3f], 8 + 80);
  assert.deepEqual([...bytes], [...expected]);
});

Deno.test("serializeSafetensors() begins the data on a multiple of 8", () => {
  for (let length = 0; length < 9; length++) {
    const tensor: Tensor = { dtype: "F32", shape: [], data: Float32Array.of(1) };
    const bytes = serializeSafetensors([["n".repeat(length), tensor]]);
    assert.equal((bytes.length - 4) % 8, 0);
  }
});

Deno.test("serializeSafetensors() throws on a name twice, a reserved name and data that do not fill a shape", () => {
  const tensor: Tensor = { dtype: "F32", shape: [2], data: new Float32Array(2) };
  const throws = (entries: [string, Tensor][], message: RegExp) =>
    assert.throws(() => serializeSafetensors(entries), { name: "OptionError", message });
  throws([["w", tensor], ["w", tensor]], /^tensor w: this name is taken/);
  throws([["__metadata__", tensor]], /^tensor __metadata__: this name is taken/);
  throws([["w", { ...tensor, shape: [3] }]], /^tensor w: 2 values do not fill its shape \[3\]/);
  throws([["w", { ...tensor, shape: [-1, -2] }]], /do not fill its shape/);
});

Deno.test("parseSafetensors() reads the reference cases that PyTorch wrote", async () => {
  const { tensors: small, metadata: constants } = parseSafetensors(
    await Deno.readFile(new URL("small.safetensors", REFERENCE)),
    "small",
  );
  assert.equal(constants.threshold, "2.0");
  assert.equal(small.size, 32);
  assert.deepEqual(small.get("y"), { dtype: "I64", shape: [5], data: BigInt64Array.of(2n, 2n, 0n, 2n, 3n) });
  assert.deepEqual(small.get("loss")?.data, Float32Array.of(11.609579086303711));
  assert.deepEqual(small.get("dense_loss")?.data, Float32Array.of(62.00532150268555));
  assert.deepEqual(small.get("r")?.shape, [9, 5, 12]);
});

Deno.test("serializeSafetensors() writes the data of every reference case in the bytes that were read", async () => {
  let count = 0;
  for (const folder of [REFERENCE, new URL("networks/", REFERENCE)]) {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith(".safetensors")) continue;
      const bytes = await Deno.readFile(new URL(name, folder));
      const file = parseSafetensors(bytes, name);
      const written = serializeSafetensors(file.tensors, file.metadata);
      const length = file.tensors.values().reduce((sum, { data }) => sum + data.byteLength, 0);
      assert.deepEqual(
        written.subarray(written.length - length),
        new Uint8Array(bytes.subarray(bytes.length - length)),
      );
      count++;
    }
  }
  assert.equal(count, 16);
});

Deno.test("parseSafetensors() throws on a file that is too short for a header", () => {
  for (const length of [0, 1, 7]) {
    throwsInputError(new Uint8Array(length), RegExp(`^model: ${length} bytes, but a saf`));
  }
  throwsInputError(new Uint8Array(8), /its header is not JSON/);
});

Deno.test("parseSafetensors() throws on a header that promises more than the file has", () => {
  throwsInputError(fileOf("{}", 0, 3n), /its header is said to have 3 bytes, expected at most 2/);
  throwsInputError(fileOf("{}", 0, 2n ** 32n), /said to have 4,294,967,296 bytes/);
  throwsInputError(fileOf("{}", 0, 2n ** 64n - 1n), /said to have 18,446,744,073,709,551,615 bytes/);
});

Deno.test("parseSafetensors() throws on a header that is not a JSON object in UTF-8", () => {
  for (const text of ["", "{", "nul", "{}x", "\ufeff{}", '{"a":1,}']) {
    throwsInputError(fileOf(text), /is not JSON/);
  }
  throwsInputError(fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), /is not JSON/);
  for (const text of ["[]", "null", "1", '"a"']) throwsInputError(fileOf(text), /is no JSON object/);
});

Deno.test("parseSafetensors() throws on a name or field that comes twice", () => {
  const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
  throwsInputError(fileOf(`{"w":${entry},"w":${entry}}`), /^model: tensor w: it comes twice/);
  throwsInputError(
    fileOf(`{"w":${entry},"\\u0077"${" ".repeat(100)}:${entry}}`),
    /^model: tensor w: it comes twice/,
  );
  throwsInputError(fileOf('{"__metadata__":{"a":"x","a":"y"}}'), /tensor a: it comes twice/);
  const { metadata } = parseSafetensors(fileOf('{"__metadata__":{"a":"b","b":"a","c":"a\\":"}}'), "model");
  assert.deepEqual(metadata, { a: "b", b: "a", c: 'a":' });
});

Deno.test("parseSafetensors() throws on deep nesting and long strings without running out of stack", () => {
  const depth = 100_000;
  throwsInputError(fileOf(`{"w":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`), /nested too deeply/);
  throwsInputError(fileOf(`{"w":${"[".repeat(depth)}${"]".repeat(depth)}}`), /its entry is no JSON object/);
  throwsInputError(fileOf(`{"w":"${"\\n".repeat(4_000_000)}"}`), /its entry is no JSON object/);
});

Deno.test("parseSafetensors() throws on an unknown dtype and names it", () => {
  throwsOnEntry(
    { dtype: "F8_E5M2", shape: [2], data_offsets: [0, 2] },
    2,
    /^model: tensor w: its dtype is "F8_E5M2", expected one of F64, F32, F16, BF16, I64, .*, U8, BOOL$/,
  );
  throwsOnEntry({ dtype: "toString", shape: [1], data_offsets: [0, 2] }, 2, /its dtype is "toString"/);
  throwsOnEntry({ shape: [1], data_offsets: [0, 2] }, 2, /its dtype is undefined/);
});

Deno.test("parseSafetensors() throws on a damaged entry", () => {
  const good = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  for (const entry of [null, 1, "x", []]) throwsOnEntry(entry, 8, /tensor w: its entry is no JSON object/);
  throwsOnEntry({ ...good, extra: 1 }, 8, /unknown field extra/);
  for (const shape of [undefined, 2, [1.5], [-2], ["2"], [null], [[2]], [2 ** 53]]) {
    throwsOnEntry({ ...good, shape }, 8, /its shape is no list of sizes/);
  }
  for (const offsets of [undefined, 8, [], [0], [0, 8, 8], [0, "8"], [-8, 0], [0.5, 8.5]]) {
    throwsOnEntry({ ...good, data_offsets: offsets }, 8, /its data_offsets are not two positions/);
  }
  throwsOnEntry({ ...good, shape: [3] }, 8, /span 8 bytes, but F32 \[3\] takes 12/);
  throwsOnEntry({ ...good, data_offsets: [8, 0] }, 8, /span -8 bytes, but F32 \[2\] takes 8/);
  throwsOnEntry({ ...good, shape: Array(99).fill(2 ** 52) }, 8, /takes Infinity/);
});

Deno.test("parseSafetensors() throws on gaps, overlaps and data outside the file", () => {
  const u8 = (begin: number, end: number) => ({
    dtype: "U8",
    shape: [end - begin],
    data_offsets: [begin, end],
  });
  const header = (...spans: [number, number][]) =>
    JSON.stringify(Object.fromEntries(spans.map(([begin, end], i) => [`t${i}`, u8(begin, end)])));
  throwsInputError(fileOf(header([1, 2]), 2), /tensor t0: it begins at 1, expected 0/);
  throwsInputError(fileOf(header([0, 2], [3, 4]), 4), /tensor t1: it begins at 3, expected 2/);
  throwsInputError(fileOf(header([2, 4], [0, 3]), 4), /tensor t0: it begins at 2, expected 3/);
  throwsInputError(
    fileOf(header([0, 4]), 3),
    /3 bytes of tensors, but its header promises 4: the file is cut short/,
  );
  throwsInputError(
    fileOf(header([0, 4]), 5),
    /5 bytes of tensors, but its header promises 4: something was added/,
  );
  throwsInputError(fileOf(header([0, 2 ** 32]), 4), /its header promises 4,294,967,296/);
  throwsInputError(fileOf("{}", 1), /1 bytes of tensors, but its header promises 0/);
});

Deno.test("parseSafetensors() throws on metadata that are not strings", () => {
  for (const value of [null, 1, "x", ["x"]]) {
    throwsInputError(fileOf(JSON.stringify({ __metadata__: value })), /__metadata__: it is no JSON object/);
  }
  throwsInputError(fileOf('{"__metadata__":{"a":1}}'), /__metadata__: the value of a is no string/);
});

Deno.test("parseSafetensors() allocates nothing for a header that promises 4 GiB", async () => {
  const files = [
    fileOf('{"w":{"dtype":"F32","shape":[1024,1024,1024],"data_offsets":[0,4294967296]}}', 8),
    fileOf("{}", 8, 2n ** 32n),
    fileOf("{}", 8, 2n ** 64n - 1n),
  ];
  const allocated = await countAllocations(() => files.forEach((file) => throwsInputError(file, /^model: /)));
  assert.ok(allocated < 10_000, `${allocated} bytes`);
});

Deno.test("parseSafetensors() withstands 6,000 damaged files", async () => {
  const original = serializeSafetensors([
    ["w1", { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ["y", { dtype: "I64", shape: [2], data: BigInt64Array.of(1n, -1n) }],
    ["mask", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 0, 1) }],
    ["scale", { dtype: "F64", shape: [], data: Float64Array.of(0.5) }],
  ], { steps: "9", network: '{"layers":[]}' });
  await assertWithstands(damagedSafetensors(original), {
    files: 6000,
    read: (bytes) => parseSafetensors(bytes, "model"),
    holds({ metadata, tensors }) {
      for (const { shape, data } of tensors.values()) {
        assert.equal(
          data.length,
          shape.includes(0) ? 0 : shape.reduce((product, extent) => product * extent, 1),
        );
      }
      for (const text of Object.values(metadata)) assert.equal(typeof text, "string");
    },
  });
});
