import assert from "node:assert/strict";
import fc from "fast-check";
import { pictureSide, pictureSizeOf } from "../../src/classify/picture_side.ts";
import { readPicture } from "../../src/data/picture.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { drawDigits } from "../engine/drawn_digits.ts";
import { greyFile, pngFile } from "./png_files.ts";
import { withEncoder } from "../engine/network_cases.ts";

const DIGITS = drawDigits(5, 8);
const digit = (i: number) => DIGITS.features.slice(784 * i, 784 * (i + 1)) as Uint8Array;

Deno.test("readPicture() takes a picture of the network's size pixel by pixel", () => {
  for (let i = 0; i < 8; i++) assert.deepEqual(readPicture(greyFile(28, 28, digit(i)), 28), digit(i));
});

Deno.test("readPicture() reads the same digit from light on dark, dark on light, and ink of any colour on nothing", () => {
  const pixels = digit(1), inverted = pixels.map((value) => 255 - value);
  const overNothing = (red: number, green: number, blue: number) =>
    pngFile({
      width: 28,
      height: 28,
      depth: 8,
      colour: 6,
      samples: [...pixels].flatMap((value) => [red, green, blue, value]),
    });
  for (
    const file of [
      greyFile(28, 28, pixels),
      greyFile(28, 28, inverted),
      overNothing(0, 0, 0),
      overNothing(255, 255, 255),
      overNothing(200, 30, 90),
    ]
  ) assert.deepEqual(readPicture(file, 28), pixels);
});

Deno.test("readPicture() takes the ink's brightness from its option", () => {
  const light = greyFile(28, 28, digit(2)), inverted = digit(2).map((value) => 255 - value);
  assert.deepEqual(readPicture(light, 28, { ink: "light" }), digit(2));
  assert.deepEqual(readPicture(light, 28, { ink: "dark" }), inverted);
  const half = pngFile({ width: 1, height: 1, depth: 8, colour: 4, samples: [100, 51] });
  assert.deepEqual([readPicture(half, 1, { ink: "light" }), readPicture(half, 1, { ink: "dark" })], [
    Uint8Array.of(20), // 100 over black, by a fifth
    Uint8Array.of(31), // 155 over white, by a fifth
  ]);
});

Deno.test("readPicture() computes each pixel as the mean of its area", () => {
  // 4 × 4 to 2 × 2: means of 2 × 2 pixels.
  const pixels = [0, 4, 100, 104, 8, 12, 108, 112, 200, 200, 0, 0, 200, 200, 0, 0];
  assert.deepEqual([...readPicture(greyFile(4, 4, pixels), 2, { ink: "light" })], [6, 106, 200, 0]);
  // 3 × 3 to 2 × 2: each covers 1.5 × 1.5 pixels, the middle one a quarter of itself in each.
  const ninth = readPicture(greyFile(3, 3, [0, 0, 0, 0, 225, 0, 0, 0, 0]), 2, { ink: "light" });
  assert.deepEqual([...ninth], new Array(4).fill(25));
  // 1 × 1 to 3 × 3.
  assert.deepEqual([...readPicture(greyFile(1, 1, [7]), 3, { ink: "light" })], new Array(9).fill(7));
});

Deno.test("readPicture() centres a picture that is not square on its ground", () => {
  const wide = readPicture(greyFile(4, 2, new Array(8).fill(80)), 4, { ink: "light" });
  assert.deepEqual([...wide], [0, 0, 0, 0, 80, 80, 80, 80, 80, 80, 80, 80, 0, 0, 0, 0]);
  const tall = readPicture(greyFile(1, 3, [90, 90, 90]), 3, { ink: "light" });
  assert.deepEqual([...tall], [0, 90, 0, 0, 90, 0, 0, 90, 0]);
});

Deno.test("readPicture() inverts an enlargement by a whole factor, and keeps the amount of ink", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(7), (factor, i) => {
      const side = 28 * factor, pixels = digit(i);
      const larger = Array.from({ length: side * side }, (_, at) => {
        const x = Math.floor(at % side / factor), y = Math.floor(Math.floor(at / side) / factor);
        return pixels[28 * y + x]!;
      });
      assert.deepEqual(readPicture(greyFile(side, side, larger), 28), pixels);
      const sum = (values: Uint8Array) => values.reduce((a, b) => a + b, 0);
      const smaller = readPicture(greyFile(28, 28, pixels), 13, { ink: "light" });
      assert.ok(Math.abs(sum(smaller) * (28 / 13) ** 2 - sum(pixels)) <= 0.5 * 169 * (28 / 13) ** 2);
    }),
    { seed: 1, numRuns: 20 },
  );
});

/** A file of red, green and blue, each 8 bits. */
const colourFile = (width: number, height: number, samples: readonly number[]) =>
  pngFile({ width, height, depth: 8, colour: 2, samples });

Deno.test("readPicture() gives planes of red, green and blue", () => {
  const file = colourFile(2, 1, [10, 20, 30, 40, 50, 60]);
  assert.deepEqual([...readPicture(file, { rows: 1, columns: 2, channels: 3 })], [10, 40, 20, 50, 30, 60]);
  const grey = readPicture(greyFile(2, 1, [250, 9]), { rows: 1, columns: 2, channels: 3 });
  assert.deepEqual([...grey], [250, 9, 250, 9, 250, 9]); // not inverted
  const half = pngFile({ width: 1, height: 1, depth: 8, colour: 6, samples: [100, 200, 50, 51] });
  assert.deepEqual([...readPicture(half, { rows: 1, columns: 1, channels: 3 })], [20, 40, 10]); // a fifth, on black
  const deep = pngFile({ width: 1, height: 1, depth: 16, colour: 2, samples: [65535, 257 * 7, 0] });
  assert.deepEqual([...readPicture(deep, { rows: 1, columns: 1, channels: 3 })], [255, 7, 0]);
  const palette = Uint8Array.of(1, 2, 3, 40, 50, 60);
  const indexed = pngFile({ width: 2, height: 1, depth: 8, colour: 3, samples: [1, 0], palette });
  assert.deepEqual([...readPicture(indexed, { rows: 1, columns: 2, channels: 3 })], [40, 1, 50, 2, 60, 3]);
  assert.throws(() => readPicture(file, { rows: 1, columns: 2, channels: 2 }), {
    name: "RangeError",
    message: "pictures of 2 channels: expected 1 or 3",
  });
});

Deno.test("readPicture() scales each plane to rows and columns, in the middle of black", () => {
  const red = [80, 80, 0, 0, 80, 80, 0, 0], blue = [0, 0, 40, 40, 0, 0, 40, 40];
  const file = colourFile(4, 2, red.flatMap((value, i) => [value, 0, blue[i]!]));
  assert.deepEqual([...readPicture(file, { rows: 1, columns: 2, channels: 3 })], [80, 0, 0, 0, 0, 40]);
  assert.deepEqual(
    [...readPicture(file, { rows: 3, columns: 2, channels: 3 })],
    [0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0],
  );
  // One channel, 2 × 2 to 3 columns and 1 row: a pixel in the middle.
  assert.deepEqual([...readPicture(greyFile(2, 2, [9, 9, 9, 9]), { rows: 1, columns: 3 })], [0, 9, 0]);
});

Deno.test("pictureSizeOf() gives the size of pictures of one channel or three", () => {
  assert.deepEqual(pictureSizeOf(notebookNetwork()), { rows: 28, columns: 28, channels: 1 });
  assert.deepEqual(pictureSizeOf(notebookNetwork({ inputs: 3072 })), { rows: 32, columns: 32, channels: 3 });
  assert.equal(pictureSizeOf(notebookNetwork({ inputs: 29 })), undefined);
  assert.equal(pictureSizeOf(withEncoder(notebookNetwork(), { kind: "direct", offset: 0 })), undefined);
  const shaped = (shape: [number, number, number]) =>
    pictureSizeOf(parseNetworkSpec({
      input: { shape, encoder: { kind: "constant" } },
      steps: 2,
      nodes: [{ id: "flat", kind: "flatten" }, { id: "fc", kind: "affine", units: 2 }, {
        id: "out",
        kind: "integrator",
      }],
    }, "shaped"));
  assert.deepEqual(shaped([3, 4, 5]), { rows: 4, columns: 5, channels: 3 });
  assert.equal(shaped([2, 4, 5]), undefined);
});

Deno.test("pictureSide() gives the side of a square, and none for sequences and other numbers of inputs", () => {
  assert.equal(pictureSide(notebookNetwork()), 28);
  assert.equal(pictureSide(feedForwardNetwork({ inputs: 9 })), 3);
  assert.equal(pictureSide(notebookNetwork({ inputs: 29 })), undefined);
  assert.equal(pictureSide(withEncoder(notebookNetwork(), { kind: "direct", offset: 0 })), undefined);
});
