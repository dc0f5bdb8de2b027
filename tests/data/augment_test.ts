import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  type Augmentation,
  AUGMENTATION_DEFAULTS,
  Augmenter,
  checkAugmentation,
} from "../../src/data/augment.ts";
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

/** The equations of augment.ts for one plane, in float64. */
function moved(
  pixels: Uint8Array,
  rows: number,
  columns: number,
  { shift = 0, rotate = 0, elastic = 0, scale = 0, flip = 0, crop = 0, cutout = 0 }: Augmentation,
  key: DrawKey,
): number[] {
  const e = field(rows, columns, elastic, key);
  const within = (counter: number, most: number) => (2 * uniform(key, counter) - 1) * most;
  const place = (counter: number, count: number) => Math.floor(uniform(key, 2 ** 31 + counter) * count);
  const alpha = within(2, rotate) * Math.PI / 180, s = [within(0, shift), within(1, shift)] as const;
  const z = 1 + within(2 ** 31, scale), isMirrored = uniform(key, 2 ** 31 + 1) < flip;
  const n = [place(2, 2 * crop + 1) - crop, place(3, 2 * crop + 1) - crop] as const;
  const [cutLeft, cutTop] = [place(4, columns), place(5, rows)].map((at) => at - Math.floor(cutout / 2));
  const isCut = (at: number, first: number) => at >= first && at < first + cutout;
  const c = [(columns - 1) / 2, (rows - 1) / 2] as const;
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= columns || y >= rows
      ? 0
      : pixels[y * columns + (isMirrored ? columns - 1 - x : x)]!;
  return Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns), column = i % columns;
    if (isCut(column, cutLeft!) && isCut(row, cutTop!)) return 0;
    const p = [(column - c[0]) / z, (row - c[1]) / z] as const, bent = e(row, column);
    const x = c[0] + Math.cos(alpha) * p[0] - Math.sin(alpha) * p[1] - s[0] - n[0] + bent[0];
    const y = c[1] + Math.sin(alpha) * p[0] + Math.cos(alpha) * p[1] - s[1] - n[1] + bent[1];
    const left = Math.floor(x), top = Math.floor(y), u = x - left, v = y - top;
    return (1 - v) * ((1 - u) * at(left, top) + u * at(left + 1, top)) +
      v * ((1 - u) * at(left, top + 1) + u * at(left + 1, top + 1));
  });
}

Deno.test("augment() matches its equations on pictures of any size and number of planes", () => {
  fc.assert(
    fc.property(
      fc.record({
        rows: fc.integer({ min: 1, max: 33 }),
        columns: fc.integer({ min: 1, max: 33 }),
        shift: fc.constantFrom(0, 1.5, 40),
        rotate: fc.constantFrom(0, 10, 180),
        channels: fc.integer({ min: 1, max: 3 }),
        elastic: fc.constantFrom(0, 1.4, 6),
        scale: fc.constantFrom(0, 0.1, 0.9),
        flip: fc.constantFrom(0, 0.5, 1),
        crop: fc.constantFrom(0, 4, 40),
        cutout: fc.constantFrom(0, 1, 8, 15),
        sample: fc.nat(1000),
      }),
      ({ rows, columns, channels, sample, ...augmentation }) => {
        const next = numbersFrom(sample), plane = rows * columns, key = keyOf(sample);
        const pixels = Uint8Array.from({ length: channels * plane + 5 }, () => 128 * (1 + next()));
        const found = new Augmenter({ rows, columns, channels }).augment(pixels, 5, augmentation, key);
        const expected = Array.from(
          { length: channels },
          (_, c) => moved(pixels.subarray(5 + c * plane), rows, columns, augmentation, key),
        ).flat();
        assert.equal(found.length, expected.length);
        expected.forEach((value, i) =>
          assert.ok(Math.abs(found[i]! - value) < 0.5 + 1e-6, `${found[i]} at ${i}, expected ${value}`)
        );
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("augment() gives the bits of runs that were begun before there were other kinds", () => {
  const before = [
    [28, 28, { shift: 1 }, "f8d649e92d00c81d"],
    [28, 28, { rotate: 15 }, "2f30abd69e811955"],
    [28, 28, { elastic: 1.4 }, "6808002bf15c2887"],
    [28, 28, { shift: 2, rotate: 10, elastic: 1 }, "eba50503fbc8dfc5"],
    [1, 33, { shift: 2, rotate: 10, elastic: 1 }, "bf76d051b5fceb85"],
    [17, 5, { shift: 2, rotate: 10, elastic: 1 }, "f322f6bc1195092e"],
  ] as const;
  for (const [rows, columns, augmentation, expected] of before) {
    const hash = createHash("sha256"), augmenter = new Augmenter({ rows, columns });
    const pixels = Uint8Array.from({ length: rows * columns }, (_, i) => (i * 7919) % 251);
    for (let i = 0; i < 50; i++) hash.update(augmenter.augment(pixels, 0, augmentation, keyOf(i)));
    assert.equal(hash.digest("hex").slice(0, 16), expected, JSON.stringify({ rows, columns, augmentation }));
  }
});

Deno.test("augment() draws each kind by itself: another one besides does not move it", () => {
  const pixels = Uint8Array.from({ length: 3 * 63 }, (_, i) => 1 + (i * 31) % 255);
  const augmenter = new Augmenter({ rows: 7, columns: 9, channels: 3 });
  for (let i = 0; i < 20; i++) {
    const whole = augmenter.augment(pixels, 0, { shift: 2, flip: 0.5, crop: 3 }, keyOf(i)).slice();
    const cut = augmenter.augment(pixels, 0, { shift: 2, flip: 0.5, crop: 3, cutout: 4 }, keyOf(i));
    assert.ok(cut.every((value, at) => value === 0 || value === whole[at]));
  }
});

Deno.test("augment() crops to every window, mirrors half of the pictures, and cuts squares about every pixel", () => {
  const rows = 5, columns = 4, augmenter = new Augmenter({ rows, columns });
  const pixels = Uint8Array.from({ length: rows * columns }, (_, i) => i + 1);
  const seen = (augmentation: Augmentation) => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      const picture = augmenter.augment(pixels, 0, augmentation, keyOf(i)).join();
      counts.set(picture, (counts.get(picture) ?? 0) + 1);
    }
    return counts;
  };
  const pictureOf = (at: (row: number, column: number) => number) =>
    Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns)).join();
  const of = (row: number, column: number) =>
    row < 0 || column < 0 || row >= rows || column >= columns ? 0 : pixels[row * columns + column]!;

  const windows = [-1, 0, 1].flatMap((down) =>
    [-1, 0, 1].map((right) => pictureOf((row, column) => of(row + down, column + right)))
  );
  const crops = seen({ crop: 1 });
  assert.deepEqual(new Set(crops.keys()), new Set(windows));
  // 2,000 / 9 each, with a standard deviation of 14.
  for (const count of crops.values()) assert.ok(Math.abs(count - 2000 / 9) < 60, `${count}`);

  const flips = seen({ flip: AUGMENTATION_DEFAULTS.flip });
  assert.deepEqual(
    new Set(flips.keys()),
    new Set([pixels.join(), pictureOf((row, column) => of(row, columns - 1 - column))]),
  );
  for (const count of flips.values()) assert.ok(Math.abs(count - 1000) < 100, `${count}`);
  assert.equal(seen({ flip: 1 }).size, 1);

  const cuts = seen({ cutout: 2 });
  const middles = Array.from({ length: rows * columns }, (_, i) => [Math.floor(i / columns), i % columns]);
  assert.deepEqual(
    new Set(cuts.keys()),
    new Set(
      middles.map(([down, right]) =>
        pictureOf((row, column) =>
          row <= down! && row >= down! - 1 && column <= right! && column >= right! - 1 ? 0 : of(row, column)
        )
      ),
    ),
  );
});

Deno.test("augment() changes nothing without a kind, or where all are 0", () => {
  const { features } = drawDigits(1, 4);
  assert.ok(features instanceof Uint8Array);
  const augmenter = new Augmenter({ rows: 28, columns: 28 });
  const zeros = { shift: 0, rotate: 0, elastic: 0, scale: 0, flip: 0, crop: 0, cutout: 0 };
  for (const augmentation of [{}, zeros]) {
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
  const all = AUGMENTATION_DEFAULTS;
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
  checkAugmentation(AUGMENTATION_DEFAULTS);
  const refused: [augmentation: unknown, message: RegExp][] = [
    [{ shift: -1 }, /^augmentation\.shift: -1, expected 0 to 1000$/],
    [{ rotate: 181 }, /^augmentation\.rotate: 181, expected 0 to 180$/],
    [{ elastic: NaN }, /^augmentation\.elastic: NaN, expected 0 to 1000$/],
    [{ elastic: "1" }, /^augmentation\.elastic: 1, expected/],
    [{ scale: 1 }, /^augmentation\.scale: 1, expected 0 to 0\.9$/],
    [{ flip: 1.1 }, /^augmentation\.flip: 1\.1, expected 0 to 1$/],
    [{ crop: 1.5 }, /^augmentation\.crop: 1\.5, expected a whole number, 0 to 1000$/],
    [{ cutout: -8 }, /^augmentation\.cutout: -8, expected a whole number, 0 to 1000$/],
    [
      { mirror: 1 },
      /^augmentation\.mirror: unknown kind; expected shift, rotate, elastic, scale, flip, crop, cutout$/,
    ],
  ];
  for (const [augmentation, message] of refused) {
    assert.throws(() => Reflect.apply(checkAugmentation, undefined, [augmentation]), {
      name: "RangeError",
      message,
    });
  }
});
