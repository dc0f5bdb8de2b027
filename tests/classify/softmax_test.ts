import assert from "node:assert/strict";
import fc from "fast-check";
import { expOfNegative, softmax } from "../../src/classify/softmax.ts";

Deno.test("expOfNegative() is within two units in the last place of the runtime's exp()", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.double({ min: -708, max: 0, noNaN: true }), fc.double({ min: -1, max: 0, noNaN: true })),
      (x) => {
        const expected = Math.exp(x);
        assert.ok(Math.abs(expOfNegative(x) - expected) <= 2 * 2 ** -52 * expected, `${x}`);
      },
    ),
    { seed: 1, numRuns: 5000 },
  );
});

Deno.test("expOfNegative() gives 1 at 0 and 0 far below it", () => {
  assert.deepEqual([0, -0, -709, -1e9, -Infinity].map(expOfNegative), [1, 1, 0, 0, 0]);
  // e^(−k·ln 2) is 2^−k, but for the rounding of its argument.
  for (const k of [1, 10, 100, 1000]) {
    const relative = expOfNegative(-k * Math.LN2) * 2 ** k - 1;
    assert.ok(Math.abs(relative) < 2e-16 * k, `${k}: ${relative}`);
  }
});

Deno.test("softmax() keeps the order of the logits, and does not change if all are shifted", () => {
  const logits = fc.array(fc.integer({ min: -4096, max: 4096 }), { minLength: 1, maxLength: 256 });
  fc.assert(
    fc.property(logits, fc.integer({ min: -4096, max: 4096 }), (values, shift) => {
      const z = Float32Array.from(values, (value) => value / 64);
      const p = softmax(z);
      assert.ok(Math.abs(p.reduce((a, b) => a + b) - 1) < 1e-14);
      for (let n = 0; n < p.length; n++) {
        assert.ok(p[n]! >= 0 && p[n]! <= 1);
        for (let m = 0; m < n; m++) assert.equal(Math.sign(p[n]! - p[m]!), Math.sign(z[n]! - z[m]!));
      }
      assert.deepEqual(softmax(z.map((value) => value + shift / 64)), p);
    }),
    { seed: 1, numRuns: 50 },
  );
});

Deno.test("softmax() agrees with its formula in float64", () => {
  const z = Float32Array.of(-0.75, 3.5, 0.125, -12, 3.25);
  const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
  softmax(z).forEach((p, n) => assert.ok(Math.abs(p - Math.exp(z[n]!) / total) < 1e-15));
});
