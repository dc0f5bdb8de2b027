import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJpeg, sizeOfJpeg } from "../../src/data/jpeg.ts";
import { InputError } from "../../src/errors.ts";
import { mutationsOf } from "../mutations.ts";
import { CMYK, COLUMNS, JPEG_CASES, type JpegCase, ROWS } from "./jpeg_files.ts";

const caseOf = (name: string): JpegCase => JPEG_CASES.find((each) => each.name === name)!;
const BASELINE = caseOf("baseline"), GREY = caseOf("grey");

/** A file with a segment behind its first two bytes. */
function withSegment({ bytes }: JpegCase, marker: number, data: readonly number[]): Uint8Array {
  const length = data.length + 2;
  return Uint8Array.of(
    ...bytes.subarray(0, 2),
    0xff,
    marker,
    length >> 8,
    length & 255,
    ...data,
    ...bytes.subarray(2),
  );
}

/** Exif of one entry, the orientation, in either order of bytes. */
function exif(orientation: number, isLittle: boolean): number[] {
  const data = new Uint8Array(26), view = new DataView(data.buffer);
  data.set(new TextEncoder().encode(isLittle ? "II" : "MM"));
  view.setUint16(2, 42, isLittle);
  view.setUint32(4, 8, isLittle);
  view.setUint16(8, 1, isLittle);
  view.setUint16(10, 0x0112, isLittle);
  view.setUint16(12, 3, isLittle);
  view.setUint32(14, 1, isLittle);
  view.setUint16(18, orientation, isLittle);
  return [...new TextEncoder().encode("Exif\0\0"), ...data];
}

/** A file whose frame has another byte at a place: 0 is the bits, 1 to 4 are height and width, 5 the channels. */
function withFrame({ bytes }: JpegCase, place: number, value: number): Uint8Array {
  const file = bytes.slice(), frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
  file[frame + 4 + place] = value;
  return file;
}

for (const { name, bytes, pixels, tolerance } of JPEG_CASES) {
  Deno.test(`decodeJpeg() gives the pixels of libjpeg: ${name}`, () => {
    const { width, height, grey, colours, alpha } = decodeJpeg(bytes, "picture");
    assert.deepEqual([width, height, alpha.length], [COLUMNS, ROWS, COLUMNS * ROWS]);
    assert.equal(colours === undefined, name.includes("grey"));
    assert.ok(alpha.every((opacity) => opacity === 255));
    let sum = 0;
    for (let i = 0; i < grey.length; i++) {
      const expected = pixels.subarray(3 * i, 3 * i + 3);
      for (const [channel, value] of expected.entries()) {
        const found = colours?.[channel * grey.length + i] ?? grey[i]!, miss = Math.abs(found - value);
        assert.ok(miss <= tolerance, `${name}: pixel ${i}, channel ${channel}: ${found}, not ${value}`);
        sum += miss;
      }
      const [red = 0, green = 0, blue = 0] = expected;
      assert.ok(Math.abs(grey[i]! - (0.299 * red + 0.587 * green + 0.114 * blue)) <= tolerance);
    }
    assert.ok(sum / pixels.length < tolerance / 3, `${name}: ${sum / pixels.length}`);
  });
}

Deno.test("decodeJpeg() puts a picture upright as Exif says", () => {
  const stored = decodeJpeg(GREY.bytes, "picture").grey;
  const at = (row: number, column: number) => stored[row * COLUMNS + column]!;
  // What Pillow's exif_transpose shows in the upper left, the upper right and the lower left corner.
  const last = ROWS - 1, end = COLUMNS - 1;
  const corners: readonly (readonly number[])[] = [
    [at(0, 0), at(0, end), at(last, 0)],
    [at(0, end), at(0, 0), at(last, end)],
    [at(last, end), at(last, 0), at(0, end)],
    [at(last, 0), at(last, end), at(0, 0)],
    [at(0, 0), at(last, 0), at(0, end)],
    [at(last, 0), at(0, 0), at(last, end)],
    [at(last, end), at(0, end), at(last, 0)],
    [at(0, end), at(last, end), at(0, 0)],
  ];
  for (const isLittle of [false, true]) {
    for (const [i, expected] of corners.entries()) {
      const file = withSegment(GREY, 0xe1, exif(i + 1, isLittle));
      const { width, height, grey } = decodeJpeg(file, "picture");
      assert.deepEqual([width, height], i < 4 ? [COLUMNS, ROWS] : [ROWS, COLUMNS]);
      assert.deepEqual(
        [grey[0], grey[width - 1], grey[(height - 1) * width]],
        expected,
        `orientation ${i + 1}`,
      );
      assert.deepEqual(sizeOfJpeg(file), { width, height });
    }
  }
  const colours = decodeJpeg(withSegment(BASELINE, 0xe1, exif(3, true)), "picture").colours!;
  const whole = decodeJpeg(BASELINE.bytes, "picture").colours!, size = ROWS * COLUMNS;
  for (const channel of [0, 1, 2]) {
    const plane = whole.slice(channel * size, (channel + 1) * size);
    assert.deepEqual(colours.slice(channel * size, (channel + 1) * size), plane.reverse());
  }
});

Deno.test("decodeJpeg() ignores Exif that is damaged", () => {
  const whole = exif(6, false);
  for (
    const data of [whole.slice(0, 10), whole.slice(0, 20), exif(9, true), exif(0, true), whole.with(10, 0xff)]
  ) {
    assert.deepEqual(sizeOfJpeg(withSegment(GREY, 0xe1, data)), { width: COLUMNS, height: ROWS });
  }
});

Deno.test("decodeJpeg() refuses forms that are not read, and what is too large, and names the file", () => {
  const refused: [what: string, bytes: Uint8Array, message: RegExp][] = [
    [
      "CMYK",
      CMYK,
      /^a\.jpg: a JPEG that is not read: its colours are CMYK: save it as RGB or grey, baseline or/,
    ],
    ["no bytes", new Uint8Array(0), /^a\.jpg: 0 bytes that are no JPEG: expected a JPEG file$/],
    ["a PNG", Uint8Array.of(137, 80, 78, 71), /^a\.jpg: 4 bytes that are no JPEG/],
    ["12 bits", withFrame(BASELINE, 0, 12), /^a\.jpg: a JPEG that is not read: it has 12 bits a channel: /],
    ["two channels", withFrame(BASELINE, 5, 2), /not read: it has 2 channels: /],
    ["arithmetic coding", withFrame(BASELINE, -3, 0xc9), /not read: its coding is arithmetic, lossless or/],
    ["no rows", withFrame(GREY, 2, 0), /^a\.jpg: the JPEG is cut short or damaged: save it anew$/],
    [
      "many rows",
      withFrame(GREY, 1, 255),
      /^a\.jpg: 19 × 65,291 pixels: expected at most 1,048,576 in all and 4,096 a/,
    ],
  ];
  for (const [what, bytes, message] of refused) {
    assert.throws(() => decodeJpeg(bytes, "a.jpg"), { name: "InputError", message }, what);
  }
  assert.throws(
    () => decodeJpeg(BASELINE.bytes, "a.jpg", 200),
    /19 × 11 pixels: expected at most 200 in all/,
  );
});

Deno.test("decodeJpeg() refuses a file that is cut short, at any byte", () => {
  for (const { name, bytes } of JPEG_CASES) {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(
        () => decodeJpeg(bytes.subarray(0, length), "a.jpg"),
        {
          name: "InputError",
          message: /^a\.jpg: (the JPEG is cut short or damaged: save it anew|\d bytes that are no JPEG)/,
        },
        `${name}: ${length} of ${bytes.length} bytes`,
      );
    }
  }
});

Deno.test("decodeJpeg() decodes a damaged file or refuses it by name", () => {
  for (const { bytes } of JPEG_CASES) {
    fc.assert(
      fc.property(mutationsOf(bytes), (damaged) => {
        try {
          decodeJpeg(damaged, "a.jpg");
        } catch (error) {
          assert.ok(error instanceof InputError, String(error));
          assert.match(error.message, /^a\.jpg: [^\n]+$/);
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  }
});
