import assert from "node:assert/strict";
import { CLASS_COLOURS, classColour } from "../../src/report/class_colours.ts";
import { BASE_STYLE } from "../../src/report/style.ts";

type Colour = readonly [number, number, number];

/** What dichromats see of linear RGB: Machado, Oliveira and Fernandes (2009), severity 1, row by row. */
const SIGHTS = {
  "all cones": [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;
/** The least distance in OKLab: about four times what can just be told apart side by side. */
const LEAST = 0.08;

const dot = (row: readonly number[], [r, g, b]: Colour) => row[0]! * r + row[1]! * g + row[2]! * b;

function linear(hex: string): Colour {
  const channel = (at: number) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function seenBy(sight: readonly number[], colour: Colour): Colour {
  const channel = (row: number) => Math.max(0, Math.min(1, dot(sight.slice(3 * row, 3 * row + 3), colour)));
  return [channel(0), channel(1), channel(2)];
}

/** OKLab of linear RGB: Ottosson (2020). */
function okLab(colour: Colour): Colour {
  const cones: Colour = [
    Math.cbrt(dot([0.4122214708, 0.5363325363, 0.0514459929], colour)),
    Math.cbrt(dot([0.2119034982, 0.6806995451, 0.1073969566], colour)),
    Math.cbrt(dot([0.0883024619, 0.2817188376, 0.6299787005], colour)),
  ];
  return [
    dot([0.2104542553, 0.793617785, -0.0040720468], cones),
    dot([1.9779984951, -2.428592205, 0.4505937099], cones),
    dot([0.0259040371, 0.7827717662, -0.808675766], cones),
  ];
}

/** The contrast of two colours, as WCAG 2 defines it. */
function contrast(a: Colour, b: Colour): number {
  const [low = 0, high = 0] = [a, b].map((colour) => dot([0.2126, 0.7152, 0.0722], colour) + 0.05)
    .sort((x, y) => x - y);
  return high / low;
}

/** The values of a colour of the style sheet, light and dark. */
function inStyle(name: string): string[] {
  return [...BASE_STYLE.matchAll(new RegExp(`--${name}: (#[0-9a-f]{6})`, "g"))].map(([, hex = ""]) => hex);
}

for (const [scheme, place] of [["light", 0], ["dark", 1]] as const) {
  Deno.test(`colours of classes differ for every kind of colour vision, ${scheme}`, () => {
    for (const [sight, matrix] of Object.entries(SIGHTS)) {
      const seen = CLASS_COLOURS[scheme].map((hex) => okLab(seenBy(matrix, linear(hex))));
      seen.forEach((a, i) =>
        seen.slice(0, i).forEach((b, j) => {
          const distance = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
          assert.ok(distance >= LEAST, `${i} and ${j}, ${sight}: ${distance.toFixed(3)}`);
        })
      );
    }
  });

  Deno.test(`names can be read in the colours of classes, ${scheme}`, () => {
    for (const paper of [inStyle("paper")[place]!, inStyle("card")[place]!]) {
      for (const [label, hex] of CLASS_COLOURS[scheme].entries()) {
        const found = contrast(linear(hex), linear(paper));
        assert.ok(found >= 4.5, `${label} on ${paper}: ${found.toFixed(2)}`);
      }
    }
  });
}

Deno.test("classColour() names a colour of the style sheet, and begins again after the tenth", () => {
  assert.equal(classColour(12), classColour(2));
  CLASS_COLOURS.light.forEach((hex, label) => {
    assert.equal(classColour(label), `var(--class-${label})`);
    assert.deepEqual(inStyle(`class-${label}`), [hex, CLASS_COLOURS.dark[label]]);
  });
});
