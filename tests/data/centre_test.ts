import assert from "node:assert/strict";
import fc from "fast-check";
import { centreDigit } from "../../src/data/centre.ts";

/** A drawing with ink in some rectangles. */
function drawing(
  width: number,
  height: number,
  ...boxes: (readonly [x: number, y: number, w: number, h: number])[]
) {
  const pixels = new Uint8Array(width * height);
  for (const [x, y, w, h] of boxes) {
    for (let row = y; row < y + h; row++) pixels.fill(255, row * width + x, row * width + x + w);
  }
  return { pixels, width, height };
}

/** The box and the centre of mass of the ink, in pixels of the square. */
function inkOf(pixels: Uint8Array, side: number) {
  let left = side, right = -1, top = side, bottom = -1, mass = 0, x = 0, y = 0;
  pixels.forEach((ink, i) => {
    if (ink === 0) return;
    const column = i % side, row = (i - column) / side;
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    mass += ink;
    x += ink * (column + 0.5);
    y += ink * (row + 0.5);
  });
  return { width: right - left + 1, height: bottom - top + 1, x: x / mass, y: y / mass };
}

Deno.test("centreDigit() scales a rectangle to 20 pixels and centres it", () => {
  const box = centreDigit(drawing(280, 280, [13, 7, 50, 100]), 28);
  for (let row = 0; row < 28; row++) {
    for (let column = 0; column < 28; column++) {
      const isInk = row >= 4 && row < 24 && column >= 9 && column < 19;
      assert.equal(box[28 * row + column], isInk ? 255 : 0, `${row}, ${column}`);
    }
  }
});

Deno.test("centreDigit() centres the centre of mass, not that of the box", () => {
  // A bar of 100 × 20 with a post of 10 × 50 below its left end.
  const found = inkOf(centreDigit(drawing(200, 150, [30, 10, 100, 20], [30, 30, 10, 50]), 28), 28);
  assert.ok(Math.abs(found.x - 14) < 0.05, `${found.x}`);
  assert.ok(Math.abs(found.y - 14) < 0.05, `${found.y}`);
});

Deno.test("centreDigit() gives the same for a digit of any size at any place", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 0, max: 40 }),
    (scale, dx, dy) => {
      const shape = (
        [x, y, w, h]: readonly [number, number, number, number],
        by: number,
        right = 0,
        down = 0,
      ) => [right + by * x, down + by * y, by * w, by * h] as const;
      const parts = [[0, 0, 10, 4], [6, 4, 4, 16]] as const;
      const first = centreDigit(drawing(20, 20, ...parts.map((part) => shape(part, 1))), 28);
      const other = centreDigit(drawing(150, 160, ...parts.map((part) => shape(part, scale, dx, dy))), 28);
      // A mean of floats may be rounded to the next brightness.
      first.forEach((ink, i) => assert.ok(Math.abs(ink - other[i]!) <= 1, `pixel ${i}`));
    },
  ));
});

Deno.test("centreDigit() takes other sides, a dot, and an empty drawing", () => {
  const dot = inkOf(centreDigit(drawing(99, 77, [98, 76, 1, 1]), 7), 7);
  assert.equal(dot.width, 5);
  assert.equal(dot.height, 5);
  assert.deepEqual(centreDigit(drawing(9, 5), 28), new Uint8Array(784));
});

Deno.test("centreDigit() cuts no ink off if the centre of mass is far from the middle", () => {
  // A blot of 20 × 20 with a thin tail of 100: with the blot in the middle, the tail would end outside.
  const { width, x } = inkOf(centreDigit(drawing(200, 60, [20, 20, 20, 20], [40, 29, 80, 1]), 28), 28);
  assert.equal(width, 20);
  assert.ok(x < 14);
});
