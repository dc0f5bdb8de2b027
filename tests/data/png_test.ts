import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { decodePng } from "../../src/data/png.ts";
import { CHANNELS, chunk, forgedFile, greyFile, pngFile, type PngImage } from "./png_files.ts";

const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] } as const;

/** Pictures of every colour type, depth and filter, interlaced or not, at odd sizes. */
const images: fc.Arbitrary<PngImage> = fc.constantFrom(0, 2, 3, 4, 6).chain((colour) =>
  fc.record({
    width: fc.integer({ min: 1, max: 19 }),
    height: fc.integer({ min: 1, max: 19 }),
    depth: fc.constantFrom(...DEPTHS[colour]),
    interlaced: fc.boolean(),
    filters: fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }),
    isTransparent: fc.boolean(),
    random: fc.infiniteStream(fc.nat(65535)),
  }).map(({ width, height, depth, interlaced, filters, isTransparent, random }) => {
    const next = (below: number) => random.next().value! % below;
    const bytes = (length: number) => Uint8Array.from({ length }, () => next(256));
    const length = width * height * CHANNELS[colour];
    const samples = Array.from({ length }, () => next(2 ** depth));
    const image = { width, height, depth, colour, samples, filters, interlaced };
    const inKey = (value: number) => [value >> 8, value & 255];
    if (colour === 3) {
      const palette = { palette: bytes(3 * 2 ** depth) };
      return { ...image, ...palette, ...isTransparent && { transparency: bytes(1 + next(2 ** depth)) } };
    }
    if (!isTransparent || colour > 3) return image;
    return { ...image, transparency: Uint8Array.from(samples.slice(0, CHANNELS[colour]).flatMap(inKey)) };
  })
);

/** A pixel's brightness and opacity by the specification. */
function pixelOf(image: PngImage, i: number): [grey: number, alpha: number] {
  const { depth, colour, samples, palette, transparency } = image;
  const channels = CHANNELS[colour], most = 2 ** depth - 1;
  const all = samples.slice(i * channels, (i + 1) * channels);
  if (colour === 3) {
    const [index = 0] = all;
    return [brightness([...palette!.subarray(3 * index, 3 * index + 3)], 255), transparency?.[index] ?? 255];
  }
  const colours = colour === 4 || colour === 6 ? all.slice(0, -1) : all;
  const key = transparency &&
    colours.every((c, n) => c === transparency[2 * n]! * 256 + transparency[2 * n + 1]!);
  const alpha = colours.length < all.length ? Math.round(255 * all.at(-1)! / most) : key ? 0 : 255;
  return [brightness(colours, most), alpha];
}

/** A pixel's red, green and blue by the specification, 0 to 255. */
function coloursOf(image: PngImage, i: number): number[] {
  const { depth, colour, samples, palette } = image, channels = CHANNELS[colour];
  const all = samples.slice(i * channels, (i + 1) * channels);
  if (colour === 3) return [...palette!.subarray(3 * all[0]!, 3 * all[0]! + 3)];
  const [red = 0, green = red, blue = red] = channels < 3 ? all.slice(0, 1) : all;
  return [red, green, blue].map((value) => Math.round(255 * value / (2 ** depth - 1)));
}

function brightness(colours: readonly number[], most: number): number {
  const [red = 0, green = red, blue = red] = colours;
  return Math.round(255 * (0.299 * red + 0.587 * green + 0.114 * blue) / most);
}

Deno.test("decodePng() reads every form of PNG by the specification", () => {
  fc.assert(
    fc.property(images, (image) => {
      const { width, height, grey, colours, alpha } = decodePng(pngFile(image), "picture");
      let isColoured = false;
      assert.deepEqual([width, height, grey.length, alpha.length], [
        image.width,
        image.height,
        image.width * image.height,
        image.width * image.height,
      ]);
      for (let i = 0; i < grey.length; i++) {
        const [expected, opacity] = pixelOf(image, i);
        assert.ok(Math.abs(grey[i]! - expected) <= 1, `${i}: ${grey[i]}, not ${expected}`); // a half may round up
        assert.equal(alpha[i], opacity);
        const own = coloursOf(image, i);
        isColoured ||= opacity > 0 && new Set(own).size > 1;
        const found = own.map((_, channel) => colours?.[channel * grey.length + i]);
        if (colours) assert.deepEqual(found, own);
      }
      assert.equal(colours !== undefined, isColoured);
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("decodePng() gives the bytes of a greyscale picture", () => {
  const pixels = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(decodePng(greyFile(16, 16, pixels), "picture").grey, pixels);
});

Deno.test("decodePng() refuses damaged files with one line, and throws nothing else", () => {
  const good = pngFile({
    width: 5,
    height: 4,
    depth: 8,
    colour: 6,
    samples: Array.from({ length: 80 }, (_, i) => i),
  });
  let refused = 0;
  fc.assert(
    fc.property(
      fc.nat(good.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      (at, flip, isCut) => {
        const bytes = isCut ? good.slice(0, at) : good.slice();
        if (!isCut) bytes[at]! ^= flip;
        try {
          decodePng(bytes, "picture");
        } catch (error) {
          assert.ok(error instanceof Error && error.name === "InputError", `${error}`);
          assert.match(error.message, /^picture: [^\n]+$/);
          refused++;
        }
      },
    ),
    { seed: 1, numRuns: 500 },
  );
  assert.ok(refused > 400, `${refused} of 500`);
});

const SMALL = { width: 5, height: 4, depth: 8, colour: 0 } as const;

for (
  const [what, bytes, message] of [
    ["no bytes", new Uint8Array(0), /^picture: 0 bytes that are no PNG: expected a PNG file$/],
    ["a JPEG", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16), /^picture: 6 bytes that are no PNG/],
    [
      "its first half",
      greyFile(9, 9, new Array(81).fill(7)).slice(0, 60),
      /^picture: a PNG that is cut short after 60 bytes/,
    ],
    [
      "a billion pixels",
      forgedFile({ ...SMALL, width: 2 ** 31 - 1, height: 2 ** 31 - 1 }, deflateSync(new Uint8Array(10))),
      /^picture: 2,147,483,647 × 2,147,483,647 pixels: expected at most 1,048,576 in all and 4,096 a side/,
    ],
    [
      "a row of a million pixels",
      forgedFile({ ...SMALL, width: 1_000_000, height: 1 }, deflateSync(new Uint8Array(10))),
      /^picture: 1,000,000 × 1 pixels: expected at most/,
    ],
    ["no pixels", forgedFile({ ...SMALL, width: 0 }, deflateSync(new Uint8Array(4))), /it has 0 × 4 pixels/],
    [
      "a kilobyte that inflates to 64 megabytes",
      forgedFile(SMALL, deflateSync(new Uint8Array(2 ** 26), { level: 9 })),
      /its data inflate to more than the 24 bytes of its size/,
    ],
    [
      "data that inflate to too little",
      forgedFile(SMALL, deflateSync(new Uint8Array(23))),
      /its data inflate to 23 bytes, but its size has 24/,
    ],
    ["data that do not inflate", forgedFile(SMALL, new Uint8Array(24)), /^picture: the PNG is damaged: /],
    ["no data", forgedFile(SMALL, new Uint8Array(0)), /^picture: the PNG is damaged: /],
    ["a filter that does not exist", forgedFile(SMALL, deflateSync(new Uint8Array(24).fill(5))), /filter/i],
    [
      "9 bits a channel",
      forgedFile({ ...SMALL, depth: 9 }, new Uint8Array(9)),
      /a form that PNG does not have/,
    ],
    [
      "RGB with 4 bits",
      forgedFile({ ...SMALL, depth: 4, colour: 2 }, new Uint8Array(9)),
      /a form that PNG does not/,
    ],
    [
      "colours without a palette",
      forgedFile({ ...SMALL, colour: 3 }, deflateSync(new Uint8Array(24))),
      /^picture: the PNG is damaged: /,
    ],
    [
      "a colour that its palette has not",
      forgedFile({ ...SMALL, colour: 3 }, deflateSync(Uint8Array.of(0, 9, ...new Array(22).fill(0))), [
        chunk("PLTE", new Uint8Array(6)),
      ]),
      /^picture: the PNG is damaged: .*palette/,
    ],
  ] as const
) {
  Deno.test(`decodePng() refuses ${what}`, () => {
    assert.throws(() => decodePng(bytes, "picture"), { name: "InputError", message });
  });
}

Deno.test("decodePng() ignores chunks that are no part of the picture, whatever they inflate to", () => {
  const profile = chunk(
    "iCCP",
    Uint8Array.of(97, 0, 0, ...deflateSync(new Uint8Array(2 ** 26), { level: 9 })),
  );
  const file = forgedFile(SMALL, deflateSync(new Uint8Array(24)), [
    profile,
    chunk("tEXt", new Uint8Array(9)),
  ]);
  assert.deepEqual(decodePng(file, "picture").grey, new Uint8Array(20));
});

/** A file of these chunks. */
function fileOf(...chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from([137, 80, 78, 71, 13, 10, 26, 10, ...chunks.flatMap((each) => [...each])]);
}

/** IHDR of a picture of 2 × 1 pixels. */
const header = (depth: number, colour: number) =>
  chunk("IHDR", Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 1, depth, colour, 0, 0, 0));
const END = chunk("IEND", new Uint8Array(0));
const GREY = header(8, 0), INDEXED = header(8, 3), PACKED = deflateSync(Uint8Array.of(0, 1, 0));
const DATA = chunk("IDAT", PACKED), RGB_DATA = chunk("IDAT", deflateSync(new Uint8Array(7)));
const PALETTE = chunk("PLTE", new Uint8Array(6));

/** A chunk with one byte changed. */
const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => i === at ? byte ^ 1 : byte);

for (
  const [what, bytes, fault] of [
    ["a second header", fileOf(GREY, GREY, DATA, END), "its IHDR chunk comes twice"],
    ["a header behind the data", fileOf(DATA, GREY, END), "it does not begin with its header"],
    [
      "an unknown critical chunk",
      fileOf(GREY, chunk("CODE", new Uint8Array(3)), DATA, END),
      "its CODE chunk is unknown, and needed to show it",
    ],
    [
      "a chunk without a name",
      fileOf(GREY, chunk("a\x1bb1", new Uint8Array(1)), DATA, END),
      'a chunk is called "a\\u001bb1"',
    ],
    [
      "data in two places",
      fileOf(GREY, DATA, chunk("tEXt", PACKED), DATA, END),
      "its IDAT chunks do not follow one another",
    ],
    ["no data chunk", fileOf(GREY, END), "it has no IDAT chunk"],
    [
      "a wrong CRC",
      fileOf(GREY, flipped(DATA, DATA.length - 1), END),
      "the checksum of its IDAT chunk is wrong",
    ],
    [
      "a wrong CRC of its palette",
      fileOf(INDEXED, flipped(PALETTE, 9), DATA, END),
      "the checksum of its PLTE chunk is wrong",
    ],
    [
      "a wrong Adler-32",
      fileOf(GREY, chunk("IDAT", flipped(PACKED, PACKED.length - 1)), END),
      "its compressed data are damaged: incorrect data check",
    ],
    [
      "data that are cut before their Adler-32",
      fileOf(GREY, chunk("IDAT", PACKED.subarray(0, -4)), END),
      "its compressed data are cut short",
    ],
    [
      "something behind its data",
      fileOf(GREY, DATA, chunk("IDAT", Uint8Array.of(1)), END),
      "something follows the end of its compressed data",
    ],
    [
      "257 colours in its palette",
      fileOf(INDEXED, chunk("PLTE", new Uint8Array(771)), DATA, END),
      "its palette has 771 bytes: expected three for each of 1 to 256 colours",
    ],
    [
      "17 colours for 4 bits",
      fileOf(
        header(4, 3),
        chunk("PLTE", new Uint8Array(51)),
        chunk("IDAT", deflateSync(new Uint8Array(2))),
        END,
      ),
      "its palette has 51 bytes: expected three for each of 1 to 16 colours",
    ],
    [
      "a third of a colour",
      fileOf(INDEXED, chunk("PLTE", new Uint8Array(7)), DATA, END),
      "its palette has 7 bytes: expected three for each of 1 to 256 colours",
    ],
    [
      "an empty palette",
      fileOf(INDEXED, chunk("PLTE", new Uint8Array(0)), DATA, END),
      "its palette has 0 bytes: expected three for each of 1 to 256 colours",
    ],
    ["two palettes", fileOf(INDEXED, PALETTE, PALETTE, DATA, END), "its PLTE chunk comes twice"],
    ["a palette behind its data", fileOf(INDEXED, DATA, PALETTE, END), "its PLTE chunk comes behind IDAT"],
    ["no palette", fileOf(INDEXED, DATA, END), "it has no palette"],
    ["a palette of greys", fileOf(GREY, PALETTE, DATA, END), "it has a palette, but no colours"],
    [
      "a colour that its palette has not",
      fileOf(INDEXED, chunk("PLTE", new Uint8Array(3)), DATA, END),
      "pixel 0 has colour 1, but its palette has 1",
    ],
    [
      "more transparencies than colours",
      fileOf(INDEXED, PALETTE, chunk("tRNS", new Uint8Array(3)), DATA, END),
      "its tRNS chunk has 3 bytes: expected at most 2",
    ],
    [
      "a transparent colour of the wrong size",
      fileOf(header(8, 2), chunk("tRNS", new Uint8Array(2)), RGB_DATA, END),
      "its tRNS chunk has 2 bytes: expected 6",
    ],
    [
      "a transparent colour beside opacities",
      fileOf(header(8, 4), chunk("tRNS", new Uint8Array(2)), RGB_DATA, END),
      "its tRNS chunk has 2 bytes: expected none",
    ],
  ] as const
) {
  Deno.test(`decodePng() refuses ${what}, with its reason`, () => {
    assert.throws(() => decodePng(bytes, "picture"), {
      name: "InputError",
      message: `picture: the PNG is damaged: ${fault}: save it anew`,
    });
  });
}

Deno.test("decodePng() takes several data chunks, a palette beside RGB, and ancillary chunks", () => {
  const parts = [...PACKED].map((byte) => chunk("IDAT", Uint8Array.of(byte)));
  assert.deepEqual([...decodePng(fileOf(GREY, ...parts, END), "picture").grey], [1, 0]);
  const rgb = fileOf(header(8, 2), PALETTE, RGB_DATA, chunk("tIME", new Uint8Array(7)), END);
  assert.deepEqual([...decodePng(rgb, "picture").grey], [0, 0]);
  // It does not check the checksum of a chunk that it does not read.
  const text = flipped(chunk("tEXt", new Uint8Array(9)), 3 + 9);
  assert.deepEqual([...decodePng(fileOf(GREY, text, DATA, END), "picture").grey], [1, 0]);
});

Deno.test("decodePng() says that no pixels are left of its limit", () => {
  assert.throws(() => decodePng(fileOf(GREY, DATA, END), "picture", 0), {
    name: "InputError",
    message:
      /^picture: 2 × 1 pixels: the pictures before it have all that are decoded together: give fewer pictures/,
  });
});
