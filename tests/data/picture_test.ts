import assert from "node:assert/strict";
import fc from "fast-check";
import { pictureSide } from "../../src/classify/picture_side.ts";
import { readPicture } from "../../src/data/picture.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
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

Deno.test("pictureSide() gives the side of a square, and none for sequences and other numbers of inputs", () => {
  assert.equal(pictureSide(notebookNetwork()), 28);
  assert.equal(pictureSide(feedForwardNetwork({ inputs: 9 })), 3);
  assert.equal(pictureSide(notebookNetwork({ inputs: 29 })), undefined);
  assert.equal(pictureSide(withEncoder(notebookNetwork(), { kind: "direct", offset: 0 })), undefined);
});
