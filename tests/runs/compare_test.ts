import assert from "node:assert/strict";
import fc from "fast-check";
import { spreadOf } from "../../src/runs/compare.ts";

Deno.test("spreadOf() gives mean, the sample's standard deviation and extremes", () => {
  const { mean, deviation, min, max } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9]);
  assert.deepEqual([mean, min, max], [5, 2, 9]);
  assert.ok(Math.abs(deviation - Math.sqrt(32 / 7)) < 1e-12);
});

Deno.test("spreadOf() of one value has no deviation", () => {
  assert.deepEqual(spreadOf([0.8555]), { mean: 0.8555, deviation: 0, min: 0.8555, max: 0.8555 });
});

Deno.test("spreadOf() of shifted values is shifted, with the same deviation", () => {
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 50 });
  fc.assert(fc.property(values, fc.integer({ min: -1000, max: 1000 }), (given, shift) => {
    const here = spreadOf(given), there = spreadOf(given.map((value) => value + shift));
    assert.ok(Math.abs(there.mean - here.mean - shift) < 1e-9);
    assert.ok(Math.abs(there.deviation - here.deviation) < 1e-9);
    assert.ok(here.min <= here.mean + 1e-9 && here.mean <= here.max + 1e-9);
  }));
});
