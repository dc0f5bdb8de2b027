import assert from "node:assert/strict";
import fc from "fast-check";
import { type Augmentation, Augmenter, checkAugmentation } from "../../src/data/augment.ts";
import { type DrawKey, drawKey, STREAM, uniform } from "../../src/random.ts";
import { numbersFrom } from "../asm/numbers.ts";
import { drawDigits } from "../engine/drawn_digits.ts";

const keyOf = (sample: number, epoch = 1) => drawKey(3, STREAM.augmentation, epoch, sample);

/** The basis of the cubic B-spline, by its definition. */
function basis(t: number): number {
  const a = Math.abs(t);
  if (a < 1) return 2 / 3 - a * a + a ** 3 / 2;
  return a < 2 ? (2 - a) ** 3 / 6 : 0;
}

/** The displacement of a pixel: control point i lies at (i − 1)·h along either axis. */
function field(rows: number, columns: number, elastic: number, key: DrawKey) {
  const h = Math.sqrt(3) * Math.max(1, Math.min(rows, columns) / 7);
  const across = Math.floor((columns - 1) / h) + 4, down = Math.floor((rows - 1) / h) + 4;
  const size = elastic / (Math.sqrt(1 / 3) * 151 / 315);
  return (row: number, column: number): [x: number, y: number] => {
    let x = 0, y = 0;
    for (let j = 0; j < down; j++) {
      for (let i = 0; i < across; i++) {
        const weight = basis(row / h - (j - 1)) * basis(column / h - (i - 1));
        const counter = 3 + 2 * (j * across + i);
        x += weight * (2 * uniform(key, counter) - 1) * size;
        y += weight * (2 * uniform(key, counter + 1) - 1) * size;
      }
    }
    return [x, y];
  };
}

/** The equations of augment.ts, in float64. */
function moved(
  pixels: Uint8Array,
  rows: number,
  columns: number,
  { shift = 0, rotate = 0, elastic = 0 }: Augmentation,
  key: DrawKey,
): number[] {
  const e = field(rows, columns, elastic, key);
  const within = (counter: number, most: number) => (2 * uniform(key, counter) - 1) * most;
  const alpha = within(2, rotate) * Math.PI / 180, s = [within(0, shift), within(1, shift)] as const;
  const c = [(columns - 1) / 2, (rows - 1) / 2] as const;
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= columns || y >= rows ? 0 : pixels[y * columns + x]!;
  return Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns), column = i % columns;
    const p = [column - c[0], row - c[1]] as const, bent = e(row, column);
    const x = c[0] + Math.cos(alpha) * p[0] - Math.sin(alpha) * p[1] - s[0] + bent[0];
    const y = c[1] + Math.sin(alpha) * p[0] + Math.cos(alpha) * p[1] - s[1] + bent[1];
    const left = Math.floor(x), top = Math.floor(y), u = x - left, v = y - top;
    return (1 - v) * ((1 - u) * at(left, top) + u * at(left + 1, top)) +
      v * ((1 - u) * at(left, top + 1) + u * at(left + 1, top + 1));
  });
}

Deno.test("augment() matches its equations on pictures of any size", () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 1, max: 33 }),
        columns: fc.integer({ min: 1, max: 33 }),
        shift: fc.constantFrom(0, 1.5, 40),
        rotate: fc.constantFrom(0, 10, 180),
        elastic: fc.constantFrom(0, 1.4, 6),
        sample: fc.nat(1000),
      }),
      ({ rows, columns, sample, ...augmentation }) => {
        const next = numbersFrom(sample);
        const pixels = Uint8Array.from({ length: rows * columns + 5 }, () => 128 * (1 + next()));
        const found = new Augmenter({ rows, columns }).augment(pixels, 5, augmentation, keyOf(sample));
        const expected = moved(pixels.subarray(5), rows, columns, augmentation, keyOf(sample));
        expected.forEach((value, i) =>
          assert.ok(Math.abs(found[i]! - value) < 0.5 + 1e-6, `${found[i]} at ${i}, expected ${value}`)
        );
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("augment() changes nothing without a shift, a rotation or an elastic field", () => {
  const { features } = drawDigits(1, 4);
  assert.ok(features instanceof Uint8Array);
  const augmenter = new Augmenter({ rows: 28, columns: 28 });
  for (const augmentation of [{}, { shift: 0, rotate: 0, elastic: 0 }]) {
    for (let i = 0; i < 4; i++) {
      assert.deepEqual(
        augmenter.augment(features, 784 * i, augmentation, keyOf(i)),
        features.slice(784 * i, 784 * (i + 1)),
      );
    }
  }
});

Deno.test("augment() is a pure function of the key and the picture", () => {
  const { features } = drawDigits(1, 2);
  assert.ok(features instanceof Uint8Array);
  const all = { shift: 2, rotate: 10, elastic: 1 };
  const augmenter = new Augmenter({ rows: 28, columns: 28 });
  const once = augmenter.augment(features, 0, all, keyOf(7)).slice();
  augmenter.augment(features, 784, { elastic: 5 }, keyOf(8));
  assert.deepEqual(augmenter.augment(features, 0, all, keyOf(7)), once);
  assert.notDeepEqual(augmenter.augment(features, 0, all, keyOf(7, 2)), once, "another epoch");
  assert.notDeepEqual(augmenter.augment(features, 0, all, keyOf(6)), once, "another sample");
});

Deno.test("the elastic field's displacements have the given root mean square", () => {
  let squares = 0, count = 0;
  for (let sample = 0; sample < 400; sample++) {
    const e = field(28, 28, 1.5, keyOf(sample));
    for (let row = 0; row < 28; row += 9) {
      for (let column = 0; column < 28; column += 9) {
        for (const value of e(row, column)) squares += value * value, count++;
      }
    }
  }
  const rms = Math.sqrt(squares / count);
  assert.ok(Math.abs(rms - 1.5) < 0.05, `${rms}`);
});

Deno.test("checkAugmentation() names the value that is out of its range", () => {
  checkAugmentation({});
  checkAugmentation({ shift: 0, rotate: 180, elastic: 1.4 });
  const refused: [augmentation: unknown, message: RegExp][] = [
    [{ shift: -1 }, /^augmentation\.shift: -1, expected 0 to 1000$/],
    [{ rotate: 181 }, /^augmentation\.rotate: 181, expected 0 to 180$/],
    [{ elastic: NaN }, /^augmentation\.elastic: NaN, expected 0 to 1000$/],
    [{ elastic: "1" }, /^augmentation\.elastic: 1, expected/],
    [{ mirror: 1 }, /^augmentation\.mirror: unknown kind; expected shift, rotate, elastic$/],
  ];
  for (const [augmentation, message] of refused) {
    assert.throws(() => Reflect.apply(checkAugmentation, undefined, [augmentation]), {
      name: "RangeError",
      message,
    });
  }
});
