import assert from "node:assert/strict";
import { draw, draw8, type DrawKey, drawKey, randomBits, STREAM } from "../../src/random.ts";
import { testOnBothBuilds } from "./both_builds.ts";

const KEYS = [
  drawKey(0, STREAM.training, 1, 0),
  drawKey(2 ** 53 - 1, STREAM.evaluation, 65_535, 59_999),
  { key0: 0, key1: 0 },
  { key0: -1, key1: 0x7fffffff },
];

testOnBothBuilds("hashCounters() gives randomBits() for a million counters", ({ memory }) => {
  const count = 1 << 18;
  for (const [i, key] of KEYS.entries()) {
    const first = [0, -(1 << 17), 0x7fffffff - 1000, 12_345][i]!; // over 0, over the sign, odd
    const out = memory.output(count);
    memory.kernels.hashCounters(first, key.key0, key.key1, out, count);
    const found = memory.integersAt(out, count);
    const expected = Int32Array.from({ length: count }, (_, n) => randomBits(key, first + n | 0));
    assert.ok(found.every((bits, n) => bits === expected[n]), `the key ${i}`);
    memory.clear();
  }
});

const STEPS = 256, INPUTS = 512;

/** The draws of a key, `[STEPS, INPUTS]`, from −½ to ½. */
function drawsOf(key: DrawKey): Float64Array {
  return Float64Array.from(
    { length: STEPS * INPUTS },
    (_, i) => draw(key, Math.floor(i / INPUTS), i % INPUTS) - 0.5,
  );
}

/** The correlation of uniform numbers around 0 in standard errors: 0 ± 1 if they are independent. */
function correlation(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) sum += a[i]! * b[i]!;
  return sum * 12 / Math.sqrt(n);
}

/** χ² of a histogram of equal expectations. */
function chiSquare(counts: ArrayLike<number>): number {
  const all = Array.from(counts);
  const expected = all.reduce((a, b) => a + b) / all.length;
  return all.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** The 16 bins of a draw from −½ to ½. */
const binOf = (r: number) => Math.floor((r + 0.5) * 16);

// Keys that differ in one of sample, epoch, stream and seed, as a training run's do.
const STREAMS = {
  sample: [drawKey(3, STREAM.training, 1, 100), drawKey(3, STREAM.training, 1, 101)],
  epoch: [drawKey(3, STREAM.training, 1, 100), drawKey(3, STREAM.training, 2, 100)],
  stream: [drawKey(3, STREAM.training, 1, 100), drawKey(3, STREAM.evaluation, 1, 100)],
  seed: [drawKey(3, STREAM.training, 1, 100), drawKey(4, STREAM.training, 1, 100)],
} as const;

Deno.test("draw() has mean ½, variance 1/12 and is uniform over 16 bins", () => {
  for (let sample = 0; sample < 8; sample++) {
    const draws = drawsOf(drawKey(0, STREAM.training, 1, sample));
    const n = draws.length;
    const counts = new Uint32Array(16);
    let sum = 0, squares = 0;
    for (const r of draws) {
      sum += r;
      squares += r * r;
      counts[binOf(r)]!++;
    }
    // Four standard errors; the variance of r² is 1/180. χ² with 15 degrees of freedom is above 44.3 once in 10,000 cases.
    assert.ok(Math.abs(sum / n) < 4 * Math.sqrt(1 / 12 / n), `mean ${0.5 + sum / n}`);
    assert.ok(Math.abs(squares / n - 1 / 12) < 4 * Math.sqrt(1 / 180 / n), `variance ${squares / n}`);
    assert.ok(chiSquare(counts) < 44.3, `χ² ${chiSquare(counts)}`);
    assert.ok(draws.every((r) => Math.abs(r) < 0.5), "strictly between 0 and 1");
  }
});

Deno.test("draw() is uniform over 16 bins at every step and at every input, over the samples", () => {
  const samples = 2000;
  for (const [step, input] of [[0, 0], [0, 1], [1, 0], [127, 783], [127, 782], [65_535, 131_071]] as const) {
    const counts = new Uint32Array(16);
    for (let sample = 0; sample < samples; sample++) {
      counts[binOf(draw(drawKey(7, STREAM.training, 1, sample), step, input) - 0.5)]!++;
    }
    assert.ok(chiSquare(counts) < 44.3, `χ² ${chiSquare(counts)} at step ${step}, input ${input}`);
  }
});

Deno.test("draw() does not correlate between neighbouring inputs and steps", () => {
  for (let sample = 0; sample < 8; sample++) {
    const draws = drawsOf(drawKey(1, STREAM.training, 1, sample));
    for (const distance of [1, 2, 3, 4, INPUTS - 1, INPUTS, INPUTS + 1, 2 * INPUTS]) {
      const z = correlation(draws, draws.subarray(distance));
      assert.ok(Math.abs(z) < 4, `${z} standard errors at distance ${distance}`);
    }
  }
});

Deno.test("draw() does not correlate between samples, epochs, streams and seeds, shifted or not", () => {
  for (const [what, [key, other]] of Object.entries(STREAMS)) {
    const a = drawsOf(key), b = drawsOf(other);
    for (const distance of [0, 1, 2, INPUTS]) {
      const z = correlation(a, b.subarray(distance));
      assert.ok(Math.abs(z) < 4, `${what}: ${z} standard errors at distance ${distance}`);
    }
  }
});

Deno.test("draw() fills the 16 × 16 bins of neighbouring inputs, steps, samples and epochs evenly", () => {
  const draws = drawsOf(STREAMS.sample[0]);
  const pairs = {
    inputs: draws.subarray(1),
    steps: draws.subarray(INPUTS),
    samples: drawsOf(STREAMS.sample[1]),
    epochs: drawsOf(STREAMS.epoch[1]),
  };
  for (const [what, others] of Object.entries(pairs)) {
    const counts = new Uint32Array(256);
    others.forEach((other, i) => counts[16 * binOf(draws[i]!) + binOf(other)]!++);
    // 255 degrees of freedom: above 347 once in 10,000 cases.
    assert.ok(chiSquare(counts) < 347, `${what}: χ² ${chiSquare(counts)}`);
  }
});

Deno.test("draw() and draw8() fill the 16 × 16 bins of words up to 40 apart evenly", () => {
  // One round of mixing over words at equal strides fails this at some distance, in some of a word's bits.
  const rows = 2048, words = 196;
  for (const [what, drawn, lanes] of [["draw", draw, 2], ["draw8", draw8, 4]] as const) {
    for (let lane = 0; lane < lanes; lane++) {
      const bins = Uint8Array.from({ length: rows * words }, (_, i) => {
        const row = Math.floor(i / words);
        const key = drawKey(5, STREAM.training, 1, row >> 7);
        return binOf(drawn(key, row & 127, (i % words) * lanes + lane) - 0.5);
      });
      for (let distance = 1; distance <= 40; distance++) {
        const counts = new Uint32Array(256);
        for (let row = 0; row < rows; row++) {
          for (let i = row * words; i + distance < (row + 1) * words; i++) {
            counts[16 * bins[i]! + bins[i + distance]!]!++;
          }
        }
        // 255 degrees of freedom: above 370 twice in a million cases, and there are 240.
        assert.ok(chiSquare(counts) < 370, `${what} ${lane}: χ² ${chiSquare(counts)} at ${distance}`);
      }
    }
  }
});

Deno.test("drawKey() gives different keys for every stream, epoch, sample and seed", () => {
  const keys = new Set<string>();
  let made = 0;
  for (const seed of [0, 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]) {
    for (const stream of Object.values(STREAM)) {
      for (const epoch of [0, 1, 2]) {
        for (let sample = 0; sample < 1000; sample++, made++) {
          const { key0, key1 } = drawKey(seed, stream, epoch, sample);
          keys.add(`${key0} ${key1}`);
        }
      }
    }
  }
  assert.equal(keys.size, made);
});
