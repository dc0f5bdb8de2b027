import assert from "node:assert/strict";
import fc from "fast-check";
import { parseTensors } from "../../src/data/tensor_file.ts";
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
  for (const array of [samples.features, samples.labels]) {
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
    ["jab", /^events\.safetensors: metadata\.classes: jab is not JSON; expected a list of names/],
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

Deno.test("parseTensors() refuses what is no data set, and names the tensor", () => {
  const refused: [tensors: Readonly<Record<string, Tensor>>, message: RegExp][] = [
    [{ x: X }, /tensor y: missing; expected x/],
    [{ y: Y }, /tensor x: missing/],
    [{ x: X, y: Y, z: Y }, /tensor z: nothing is known of it; expected x, y, lengths$/],
    [{ x: f32([4], [1, 2, 3, 4]), y: Y }, /tensor x: it is F32 \[4\], expected \[samples, steps, channels\]/],
    [{ x: f32([0, 3], []), y: i64([]) }, /tensor x: it is F32 \[0, 3\], expected/],
    [{ x: f32([2, 1, 1, 1], [1, 2]), y: Y }, /tensor x: it is F32 \[2, 1, 1, 1\], expected/],
    [{ x: i64([1, 2]), y: Y }, /tensor x: it is I64 \[2\], expected/],
    [
      { x: { dtype: "I32", shape: [2, 1], data: Int32Array.of(1, 2) }, y: Y },
      /tensor x: it is I32 .*F32 \(numbers\) or U8/,
    ],
    [{ x: f32([2, 1], [1, NaN]), y: Y }, /tensor x: value 1 is NaN, expected a finite number/],
    [{ x: X, y: i64([0]) }, /tensor y: it is I64 \[1\], expected I64, I32 or U8 \[2\], one a sample/],
    [{ x: X, y: f32([2], [0, 1]) }, /tensor y: it is F32 \[2\], expected I64/],
    [{ x: X, y: i64([0, 256]) }, /tensor y: 256 at 1, expected 0 to 255/],
    [{ x: X, y: i64([-1, 0]) }, /tensor y: -1 at 0, expected 0 to 255/],
    [{ x: X, y: Y, lengths: i64([1, 4]) }, /tensor lengths: 4 at 1, expected 1 to 3/],
    [{ x: X, y: Y, lengths: i64([0, 3]) }, /tensor lengths: 0 at 0, expected 1 to 3/],
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
        const { count, size, labels, features } = parseTensors(bytes, "damaged");
        assert.equal(features.length, count * size);
        assert.equal(labels.length, count);
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
