import assert from "node:assert/strict";
import fc from "fast-check";
import { learningRateAt, type Schedule } from "../../src/training/schedule.ts";

/** The rates of every batch of a run of `epochs` epochs of `batches` batches. */
function ratesOf(schedule: Schedule, rate: number, epochs: number, batches: number): number[] {
  return Array.from({ length: epochs * batches }, (_, i) =>
    learningRateAt(schedule, rate, {
      epoch: Math.floor(i / batches) + 1,
      batch: i % batches + 1,
      batches,
      epochs,
    }));
}

const sizes = fc.record({
  epochs: fc.integer({ min: 1, max: 9 }),
  batches: fc.integer({ min: 1, max: 9 }),
  rate: fc.double({ min: 1e-6, max: 1000, noNaN: true }),
  warmUp: fc.nat(20),
});

Deno.test("learningRateAt() constant is the rate, bit for bit", () => {
  fc.assert(fc.property(sizes, ({ epochs, batches, rate }) => {
    assert.ok(ratesOf({ kind: "constant" }, rate, epochs, batches).every((each) => each === rate));
  }));
});

Deno.test("learningRateAt() warms up in equal steps, then follows the schedule", () => {
  const rates = ratesOf({ kind: "constant", warmUp: 4 }, 0.5, 2, 3);
  [0.1, 0.2, 0.3, 0.4, 0.5, 0.5].forEach((rate, i) => assert.ok(Math.abs(rates[i]! - rate) < 1e-15));
  fc.assert(fc.property(sizes, ({ epochs, batches, rate, warmUp }) => {
    const step = { kind: "step", every: 2, factor: 0.5 } as const;
    const cold = ratesOf(step, rate, epochs, batches),
      warm = ratesOf({ ...step, warmUp }, rate, epochs, batches);
    assert.deepEqual(warm.slice(warmUp), cold.slice(warmUp));
    warm.slice(0, warmUp).forEach((each, i) => assert.ok(each < cold[i]!));
  }));
});

Deno.test("learningRateAt() cosine falls symmetrically from the rate over half of it to nearly 0", () => {
  const rates = ratesOf({ kind: "cosine" }, 0.2, 4, 5);
  assert.equal(rates[0], 0.2);
  assert.ok(Math.abs(rates[10]! - 0.1) < 1e-15);
  for (let i = 1; i < 20; i++) {
    assert.ok(rates[i]! < rates[i - 1]! && rates[i]! > 0);
    assert.ok(Math.abs(rates[i]! + rates[20 - i]! - 0.2) < 1e-15);
  }
  const warm = ratesOf({ kind: "cosine", warmUp: 5 }, 0.2, 4, 5);
  assert.equal(warm[5], 0.2, "the half cosine begins when the rate is up");
  assert.ok(Math.abs(warm[5 + 5]! - 0.1 * (1 + Math.cos(Math.PI / 3))) < 1e-15);
});

Deno.test("learningRateAt() step multiplies by the factor after the given epochs", () => {
  const rates = ratesOf({ kind: "step", every: 2, factor: 0.5 }, 0.8, 5, 2);
  assert.deepEqual(rates, [0.8, 0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.4, 0.2, 0.2]);
});
