import assert from "node:assert/strict";
import fc from "fast-check";
import { dataFormOf } from "../../src/data/data_form.ts";
import { areEvents, type DenseFeatures, sameFeatures, spreadEvents } from "../../src/data/events.ts";
import { bytesOf, type Samples } from "../../src/data/samples.ts";
import { parseTensors, readTensors } from "../../src/data/tensor_file.ts";
import { InputError } from "../../src/errors.ts";
import { serializeSafetensors, type Tensor } from "../../src/network/safetensors.ts";
import { mutationsOf } from "../mutations.ts";

const f32 = (shape: number[], values: Iterable<number>): Tensor => ({
  dtype: "F32",
  shape,
  data: Float32Array.from(values),
});
const i64 = (values: number[]): Tensor => ({
  dtype: "I64",
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** Two samples of three steps and two channels. */
const X = f32([2, 3, 2], [1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6]);
const Y = i64([0, 4]);

/** Features that are not kept as events. */
function dense({ features }: Samples): DenseFeatures {
  assert.ok(!areEvents(features));
  return features;
}

const parse = (tensors: Readonly<Record<string, Tensor>>) =>
  parseTensors(serializeSafetensors(Object.entries(tensors)), "events.safetensors");

Deno.test("parseTensors() reads sequences with their labels and lengths, into shared memory", () => {
  const samples = parse({ x: X, y: Y, lengths: i64([3, 1]) });
  assert.deepEqual(
    [samples.name, samples.count, samples.size, samples.steps],
    ["events.safetensors", 2, 6, 3],
  );
  assert.deepEqual(samples.features, Float32Array.from(X.data, Number));
  assert.deepEqual([...samples.labels], [0, 4]);
  assert.deepEqual([...samples.lengths ?? []], [3, 1]);
  for (const array of [dense(samples), samples.labels]) {
    assert.ok(array.buffer instanceof SharedArrayBuffer);
  }
  assert.ok(!("picture" in samples));
});

Deno.test("parseTensors() reads the names of classes from the metadata", () => {
  const named = (classes: string, y = Y) =>
    parseTensors(serializeSafetensors([["x", X], ["y", y]], { classes }), "events.safetensors");
  const five = ["jab", "hook", "T-shirt/top", "\u00e9", "\u001b[2J"];
  assert.deepEqual(named(JSON.stringify(five)).classes, five);
  assert.equal(parse({ x: X, y: Y }).classes, undefined);
  const refused: [classes: string, message: RegExp][] = [
    ["jab", /^events\.safetensors: metadata\.classes: not JSON: line 1, column 1: .*: give a list of names/],
    ["[]", /metadata\.classes: 0 names, expected 1 to 256$/],
    ['["jab", "jab"]', /names 0 and 1 are both jab/],
    ['["a", "b", "c", "d"]', /tensor y: 4 at 1, but metadata\.classes has 4 names: expected 0 to 3$/],
  ];
  for (const [classes, message] of refused) {
    assert.throws(() => named(classes), { name: "InputError", message });
  }
});

Deno.test("parseTensors() reads samples without steps, pixels, and labels of any whole type", () => {
  const pixels: Tensor = { dtype: "U8", shape: [2, 3], data: Uint8Array.of(0, 128, 255, 1, 2, 3) };
  for (
    const y of [
      Y,
      { dtype: "I32", shape: [2], data: Int32Array.of(0, 4) },
      { dtype: "U8", shape: [2], data: Uint8Array.of(0, 4) },
    ] as const
  ) {
    const { count, size, steps, features, labels } = parse({ x: pixels, y });
    assert.deepEqual([count, size, steps, [...labels]], [2, 3, undefined, [0, 4]]);
    assert.deepEqual(features, pixels.data);
  }
});

/** A tensor of any type, from numbers. */
function tensorOf(
  dtype: "F64" | "I8" | "I16" | "U16" | "U32" | "BOOL",
  shape: number[],
  values: number[],
): Tensor {
  switch (dtype) {
    case "F64":
      return { dtype, shape, data: Float64Array.from(values) };
    case "I8":
      return { dtype, shape, data: Int8Array.from(values) };
    case "I16":
      return { dtype, shape, data: Int16Array.from(values) };
    case "U16":
      return { dtype, shape, data: Uint16Array.from(values) };
    case "U32":
      return { dtype, shape, data: Uint32Array.from(values) };
    case "BOOL":
      return { dtype, shape, data: Uint8Array.from(values) };
    default:
      return dtype satisfies never;
  }
}

Deno.test("parseTensors() reads numbers of any type", () => {
  const numbers = [0, 1, 1, 0, 0, 1];
  for (const dtype of ["F64", "I8", "I16", "U16", "U32", "BOOL"] as const) {
    for (const shape of [[2, 3], [2, 3, 1]]) {
      const samples = parse({ x: tensorOf(dtype, shape, numbers), y: tensorOf(dtype, [2], [0, 1]) });
      assert.deepEqual([...dense(samples)], numbers);
      assert.deepEqual([...samples.labels], [0, 1]);
      // Booleans are bytes in memory, and numbers.
      assert.ok(samples.features instanceof Float32Array || bytesOf(samples) === "numbers");
    }
  }
  const halves: Tensor = {
    dtype: "F16",
    shape: [2, 2],
    data: Uint16Array.of(0x3c00, 0xbc00, 0x3555, 0x7bff),
  };
  assert.deepEqual(parse({ x: halves, y: Y }).features, Float32Array.of(1, -1, 0.333251953125, 65_504));
  const brains: Tensor = { dtype: "BF16", shape: [2, 1], data: Uint16Array.of(0x4049, 0x8000) };
  assert.deepEqual(parse({ x: brains, y: Y }).features, Float32Array.of(3.140625, -0));
  const large = parse({ x: { dtype: "I64", shape: [2, 1], data: BigInt64Array.of(-(2n ** 40n), 3n) }, y: Y });
  assert.deepEqual(large.features, Float32Array.of(-(2 ** 40), 3));
});

Deno.test("parseTensors() takes bytes of sequences as numbers, others as pixels, or as the metadata say", () => {
  const bytes = (shape: number[]): Tensor => ({ dtype: "U8", shape, data: Uint8Array.of(0, 1, 2, 255) });
  const meaning = (shape: number[], metadata = {}) =>
    bytesOf(parseTensors(serializeSafetensors([["x", bytes(shape)], ["y", Y]], metadata), "s"));
  assert.equal(meaning([2, 2, 1]), "numbers");
  assert.equal(meaning([2, 2]), "pixels");
  assert.equal(meaning([2, 1, 1, 2]), "pixels");
  assert.equal(meaning([2, 2, 1], { bytes: "pixels" }), "pixels");
  assert.equal(meaning([2, 2], { bytes: "numbers" }), "numbers");
  assert.throws(() => meaning([2, 2], { bytes: "counts" }), {
    message: 's: metadata.bytes: "counts": expected "numbers" or "pixels"',
  });
});

Deno.test("parseTensors() takes labels in every form that other tools write", () => {
  const labels = (y: Tensor) => [...parse({ x: f32([3, 1], [1, 2, 3]), y }).labels];
  assert.deepEqual(labels(f32([3], [2, 0, 1])), [2, 0, 1]);
  assert.deepEqual(labels(tensorOf("I16", [3, 1], [2, 0, 1])), [2, 0, 1]);
  assert.deepEqual(labels(f32([3, 3], [0, 0, 1, 1, 0, 0, 0, 1, 0])), [2, 0, 1]); // one-hot
  assert.deepEqual(labels(tensorOf("BOOL", [3, 2], [0, 1, 1, 0, 0, 1])), [1, 0, 1]);
  const refused = (y: Tensor, message: RegExp) =>
    assert.throws(() => labels(y), { name: "InputError", message });
  refused(f32([3], [0, 0.5, 1]), /tensor y: 0\.5 at 1, expected a whole number, 0 to 255$/);
  refused(f32([3], [0, NaN, 1]), /tensor y: NaN at 1, expected a whole number/);
  refused(
    f32([3, 2], [0, 1, 0.3, 0.7, 1, 0]),
    /tensor y: row 1 of F32 \[3, 2\] is \[0\.\d+, 0\.\d+\]: expected a label a sample/,
  );
  refused(f32([3, 2], [0, 1, 1, 1, 1, 0]), /row 1 of F32 \[3, 2\] is \[1, 1\]: /);
  refused(f32([3, 2], [0, 1, 0, 0, 1, 0]), /row 1 of F32 \[3, 2\] is \[0, 0\]: /);
});

Deno.test("parseTensors() takes pictures of one channel, capitals, and metadata of other tools", () => {
  const values = [0, 1, 2, 3, 4, 5];
  for (const shape of [[1, 1, 2, 3], [1, 2, 3, 1]]) {
    const { size, picture, steps, features } = parse({ X: f32(shape, values), Y: i64([0]) });
    assert.deepEqual([size, picture, steps, [...features as DenseFeatures]], [
      6,
      { rows: 2, columns: 3 },
      undefined,
      values,
    ]);
  }
  for (const format of ["pt", "np", "tf", "mlx"]) {
    const file = serializeSafetensors([["x", X], ["y", Y]], { format });
    assert.equal(parseTensors(file, "s").count, 2);
  }
});

Deno.test("parseTensors() takes pictures of several channels, and sequences of pictures", () => {
  const count = (shape: number[]) => shape.reduce((product, extent) => product * extent);
  const parsed = (shape: number[], metadata = {}) => {
    const x = f32(shape, Array.from({ length: count(shape) }, (_, i) => 1 + i));
    const samples = parseTensors(serializeSafetensors([["x", x], ["y", Y]], metadata), "s");
    assert.deepEqual(dense(samples), x.data);
    return samples;
  };
  const colours = parsed([2, 3, 4, 5]);
  assert.deepEqual([colours.size, colours.picture, colours.steps], [60, {
    rows: 4,
    columns: 5,
    channels: 3,
  }, undefined]);
  assert.deepEqual(dataFormOf(colours), { channels: 60, shape: [3, 4, 5], classes: 5 });

  const films = parsed([2, 7, 2, 3, 4]);
  assert.deepEqual([films.size, films.steps, films.picture], [168, 7, undefined]);
  assert.deepEqual(films.frame, { rows: 3, columns: 4, channels: 2 });
  assert.deepEqual(dataFormOf(films), { channels: 24, shape: [2, 3, 4], steps: 7, classes: 5 });
  for (const shape of [[2, 7, 1, 3, 4], [2, 7, 3, 4, 1]]) {
    assert.deepEqual(parsed(shape).frame, { rows: 3, columns: 4 });
  }

  // Small or named planes are what they are.
  assert.deepEqual(parsed([2, 3, 5, 3]).picture, { rows: 5, columns: 3, channels: 3 });
  assert.deepEqual(parsed([2, 8, 8, 3], { layout: "channels-first" }).picture, {
    rows: 8,
    columns: 3,
    channels: 8,
  });
  assert.throws(
    () => parsed([2, 3], { layout: "NHWC" }),
    /^InputError: s: metadata\.layout: "NHWC": expected "channels-first"$/,
  );
});

Deno.test("parseTensors() keeps sequences of pictures in which few numbers are not 0 as events", () => {
  const values = new Array<number>(2 * 5 * 2 * 2 * 2).fill(0).with(3, 1).with(44, 2);
  const samples = parse({ x: f32([2, 5, 2, 2, 2], values), y: Y }), { features, frame } = samples;
  assert.deepEqual(frame, { rows: 2, columns: 2, channels: 2 });
  assert.ok(areEvents(features));
  assert.deepEqual([...spreadEvents(features, 5, 1, new Float32Array(40))], values.slice(40));
});

Deno.test("parseTensors() ignores values after a sequence's end", () => {
  const padded = (fill: number) => [1, 2, 3, 4, 5, 6, 7, 8, fill, fill, fill, fill];
  for (const fill of [NaN, Infinity, -1e38]) {
    const samples = parse({ x: f32([2, 3, 2], padded(fill)), y: Y, lengths: i64([3, 1]) });
    const features = dense(samples), { lengths } = samples;
    assert.deepEqual([...features.subarray(0, 8)], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual([...lengths ?? []], [3, 1]);
    assert.ok(features.every(Number.isFinite));
  }
  const short = { x: f32([2, 3, 2], padded(NaN)), y: Y, lengths: tensorOf("U16", [2, 1], [3, 2]) };
  assert.throws(
    () => parse(short),
    /tensor x: value 2 of sample 1 is NaN, expected a finite number that float32/,
  );
});

Deno.test("parseTensors() refuses a file that is no data set, and names the tensor", () => {
  const refused: [tensors: Readonly<Record<string, Tensor>>, message: RegExp][] = [
    [{ x: X }, /tensor y: missing; expected x/],
    [{ y: Y }, /tensor x: missing/],
    [
      { x: X, y: Y, z: Y },
      /tensor z: unknown name; expected x .*, y .* lengths .*: rename it, or leave it out$/,
    ],
    [
      { x: f32([4], [1, 2, 3, 4]), y: Y },
      /tensor x: it is F32 \[4\], expected \[samples, channels\], \[samples, steps, channels\], /,
    ],
    [{ x: f32([0, 3], []), y: i64([]) }, /tensor x: it is F32 \[0, 3\], expected/],
    [{ X, x: X, y: Y }, /tensor x: it comes twice, with a capital and without/],
    [
      { x: f32([2, 4, 5, 3], new Array(120).fill(0)), y: Y },
      /tensor x: it is F32 \[2, 4, 5, 3\], whose colours seem to come last: expected \[samples, channels, rows, columns\]: transpose/,
    ],
    [
      { x: f32([2, 1, 1, 1, 1, 1], [1, 2]), y: Y },
      /tensor x: it is F32 \[2, 1, 1, 1, 1, 1\], expected .*: reshape it/,
    ],
    [{ x: f32([2, 3, 0, 2], []), y: Y }, /tensor x: it is F32 \[2, 3, 0, 2\], expected .*, none of them 0/],
    [{ x: i64([1, 2]), y: Y }, /tensor x: it is I64 \[2\], expected/],
    [{ x: f32([2, 1], [1, NaN]), y: Y }, /tensor x: value 0 of sample 1 is NaN, expected a finite number/],
    [
      { x: tensorOf("F64", [2, 1], [1, 1e300]), y: Y },
      /tensor x: value 0 of sample 1 is 1e\+300, expected a finite number that float32 holds/,
    ],
    [{ x: X, y: i64([0]) }, /tensor y: it is I64 \[1\], expected \[2\], one a sample/],
    [{ x: X, y: i64([0, 256]) }, /tensor y: 256 at 1, expected a whole number, 0 to 255/],
    [{ x: X, y: i64([-1, 0]) }, /tensor y: -1 at 0, expected a whole number, 0 to 255/],
    [
      { x: X, y: { dtype: "I64", shape: [2], data: BigInt64Array.of(0n, 2n ** 40n + 2n) } },
      /tensor y: 1099511627778 at 1, /,
    ],
    [{ x: X, y: Y, lengths: i64([1, 4]) }, /tensor lengths: 4 at 1, expected a whole number, 1 to 3/],
    [{ x: X, y: Y, lengths: i64([0, 3]) }, /tensor lengths: 0 at 0, expected a whole number, 1 to 3/],
    [
      { x: f32([2, 2], [1, 2, 3, 4]), y: Y, lengths: i64([1, 1]) },
      /tensor lengths: x is F32 \[2, 2\], which has no steps/,
    ],
  ];
  for (const [tensors, message] of refused) {
    assert.throws(() => parse(tensors), (error) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, message);
      return error.message.startsWith("events.safetensors: ");
    });
  }
  const model = serializeSafetensors([["x", X], ["y", Y]], { format: "spikelet/1" });
  assert.throws(() => parseTensors(model, "m"), /^InputError: m: this is a model, not a data set/);
});

Deno.test("parseTensors() gives samples or an InputError for any damaged file", () => {
  const file = serializeSafetensors([["x", X], ["y", Y], ["lengths", i64([3, 1])]]);
  fc.assert(
    fc.property(mutationsOf(file), (bytes) => {
      try {
        const samples = parseTensors(bytes, "damaged"), { count, size, labels, features } = samples;
        assert.equal(
          areEvents(features) ? features.ends.length / samples.steps! * size : features.length,
          count * size,
        );
        assert.equal(labels.length, count);
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("parseTensors() keeps sequences in which few numbers are not 0 as events", () => {
  const values = new Array<number>(2 * 5 * 8).fill(0), labels = i64([0, 1]);
  [[3, 1], [17, 2], [39, 1], [40, 1], [79, 7]].forEach(([at, value]) => values[at!] = value!);
  for (const dtype of ["F64", "I16", "U16"] as const) {
    const samples = parse({ x: tensorOf(dtype, [2, 5, 8], values), y: labels }), { features } = samples;
    assert.ok(areEvents(features));
    assert.equal(bytesOf(samples), "numbers");
    [0, 1].forEach((i) =>
      assert.deepEqual(
        [...spreadEvents(features, 5, i, new Float32Array(40))],
        values.slice(40 * i, 40 * i + 40),
      )
    );
  }
  // Of sequences that end sooner what follows does not count, whatever it is.
  const ended = { x: f32([2, 5, 8], values.with(60, NaN)), y: labels, lengths: i64([5, 2]) };
  const { features } = parse(ended);
  assert.ok(areEvents(features));
  assert.deepEqual([...features.ends], [1, 1, 2, 2, 3, 4, 4, 4, 4, 4]);
  assert.throws(
    () => parse({ ...ended, lengths: i64([5, 3]) }),
    /tensor x: value 20 of sample 1 is NaN, expected/,
  );
  // Pixels, pictures and samples without steps are numbers, and so are sequences with more.
  const file = serializeSafetensors([
    ["x", { dtype: "U8", shape: [2, 5, 8], data: Uint8Array.from(values) }],
    ["y", labels],
  ], {
    bytes: "pixels",
  });
  dense(parseTensors(file, "pixels"));
  dense(parse({ x: f32([2, 40], values), y: labels }));
  dense(parse({ x: f32([2, 5, 8], values.map((value, i) => i % 9 === 0 ? 1 : value)), y: labels }));
});

Deno.test("readTensors() reads a large file piece by piece, and to the same samples", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    const count = 300, steps = 50, channels = 600; // 36 MB as float32
    for (const every of [53, 3]) {
      const data = new Float32Array(count * steps * channels).map((_, i) => i % every === 0 ? 1 + i % 5 : 0);
      const labels = i64(Array.from({ length: count }, (_, i) => i % 10));
      const tensors = [["Y", labels], ["X", {
        dtype: "F32",
        shape: [count, steps, channels],
        data,
      }]] as const;
      const bytes = serializeSafetensors(tensors, { classes: JSON.stringify([..."abcdefghij"]) });
      await Deno.writeFile(path, bytes);
      const { features, ...rest } = await readTensors(path), whole = parseTensors(bytes, path);
      assert.ok(sameFeatures(features, whole.features));
      assert.equal(areEvents(features), every === 53);
      assert.deepEqual({ ...rest, features: 0 }, { ...whole, features: 0 });
      await Deno.truncate(path, bytes.length - 4);
      await assert.rejects(
        readTensors(path),
        /bytes of tensors, but its header promises .*: the file is cut short/,
      );
    }
    const model = serializeSafetensors([["x", f32([2 ** 24], new Float32Array(2 ** 24))]], {
      format: "spikelet/2",
    });
    await Deno.writeFile(path, model);
    await assert.rejects(readTensors(path), /this is a model, not a data set/);
  } finally {
    await Deno.remove(path);
  }
});
