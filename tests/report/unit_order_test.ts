import assert from "node:assert/strict";
import { isNoise, orderUnits } from "../../src/report/unit_order.ts";

const INPUTS = 16;
const first = Float32Array.from({ length: 4 * INPUTS }, (_, i) => Math.sin(7 * i + 1));

/** The first weights, of which each unit has learned so much, relative to their own length, at right angles to them. */
function learned(...shares: number[]): Float32Array {
  return Float32Array.from(first, (_, i) => {
    const unit = Math.floor(i / INPUTS), own = first.subarray(unit * INPUTS, (unit + 1) * INPUTS);
    // A turn by a quarter: each pair (a, b) of weights becomes (−b, a), which is as long.
    const at = i % INPUTS, turned = at % 2 === 0 ? -own[at + 1]! : own[at - 1]!;
    return own[at]! + shares[unit]! * turned;
  });
}

Deno.test("isNoise() finds weights of which less than a tenth was learned, whatever their scale", () => {
  const of = (weights: Float32Array) =>
    [0, 1, 2, 3].map((unit) => isNoise({ weights, units: 4, first }, unit));
  assert.deepEqual(of(learned(0, 0.09, 0.11, 2)), [true, true, false, false]);
  // Weights that were scaled until units fire, or have decayed, are the same picture; with the other sign they are not.
  assert.deepEqual(of(learned(0, 0.09, 0.11, 2).map((weight) => 3 * weight)), [true, true, false, false]);
  assert.deepEqual(of(first.map((weight) => -weight)), [false, false, false, false]);
  assert.deepEqual(of(new Float32Array(4 * INPUTS)), [false, false, false, false]);
});

Deno.test("isNoise() knows nothing where the first weights are not known, or too few", () => {
  assert.ok(!isNoise({ weights: first, units: 4 }, 0));
  assert.ok(!isNoise({ weights: first, units: 4, first: first.subarray(1) }, 0));
  assert.ok(!isNoise({ weights: first, units: 8, first }, 0)); // of 8 weights each
});

Deno.test("orderUnits() has the busiest first, and apart those that never fired or learned", () => {
  const weights = learned(1, 0, 1, 1), rates = Float64Array.of(0.1, 0.9, 0, 0.5);
  assert.deepEqual(orderUnits({ weights, units: 4, rates, first }, 9), { shown: [3, 0], folded: [1, 2] });
  assert.deepEqual(orderUnits({ weights, units: 4, rates, first }, 3), { shown: [3, 0], folded: [1] });
  assert.deepEqual(orderUnits({ weights, units: 4, rates, first }, 1), { shown: [3], folded: [] });
  // Of equal rates the order is that of the numbers, as it is without rates.
  assert.deepEqual(orderUnits({ weights, units: 4, rates: new Float64Array(4).fill(0.2) }, 9), {
    shown: [0, 1, 2, 3],
    folded: [],
  });
  assert.deepEqual(orderUnits({ weights, units: 4 }, 2), { shown: [0, 1], folded: [] });
});
