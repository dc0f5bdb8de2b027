import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, assertSameBits, uniformFloats } from "./numbers.ts";

/** Inputs and units, padding included. */
const SIZES: readonly (readonly [inputs: number, units: number])[] = [
  ...[4, 8, 12, 32, 36, 100].map((units) => [units, units] as const),
  [4, 36],
  [100, 8],
  [12, 132],
];

testOnBothBuilds(
  "productStep() gives W·x + b with the bits of a plain loop over the inputs that are not 0",
  ({ memory, madd }) => {
    for (const [inputs, units] of SIZES) {
      for (const threshold of [-2, 0.3, 2]) { // all, some and none
        for (const bias of [undefined, uniformFloats(units + 2, units)]) {
          const x = uniformFloats(units, inputs).map((value) => value > threshold ? value : 0);
          const weights = uniformFloats(units + 1, inputs * units);
          const y = memory.output(units), list = memory.updated(new Float32Array(2 * inputs));
          const biasAt = bias ? memory.floats(bias) : 0;
          const [from, weightsAt] = [memory.floats(x), memory.floats(weights)];
          const count = memory.kernels.productStep(
            from,
            weightsAt,
            biasAt,
            y,
            inputs,
            units,
            list,
            4 * inputs,
          );
          const there = [...x.keys()].filter((m) => x[m] !== 0);
          assert.deepEqual([...memory.integersAt(list, count)], there);
          assert.deepEqual([...memory.floatsAt(list + 4 * inputs, count)], there.map((m) => x[m]));
          const expected = bias?.slice() ?? new Float32Array(units);
          x.forEach((value, m) => {
            if (value !== 0) {
              expected.forEach((sum, n) => expected[n] = madd(value, weights[m * units + n]!, sum));
            }
          });
          assertSameBits(memory.floatsAt(y, units), expected, `${inputs} inputs, ${units} units`);
          memory.clear();
        }
      }
    }
  },
);

testOnBothBuilds("productStepBack() gives Wᵀ·δy", ({ memory }) => {
  for (const [inputs, units] of SIZES) {
    const deltas = uniformFloats(units, units), weights = uniformFloats(units + 1, inputs * units);
    const gradients = memory.output(inputs);
    memory.kernels.productStepBack(memory.floats(deltas), memory.floats(weights), gradients, inputs, units);
    const expected = Float64Array.from(
      { length: inputs },
      (_, m) => deltas.reduce((sum, delta, n) => sum + weights[m * units + n]! * delta, 0),
    );
    assertClose(memory.floatsAt(gradients, inputs), expected, `${inputs} inputs, ${units} units`, {
      absolute: 1e-6 * units,
    });
    memory.clear();
  }
});

testOnBothBuilds("packFour() puts a row of each of four samples side by side", ({ memory }) => {
  for (const units of [4, 8, 36]) {
    const rows = [1, 2, 3, 4].map((seed) => uniformFloats(seed, units)), x = memory.output(4 * units);
    const [a, b, c, d] = rows.map((row) => memory.floats(row));
    memory.kernels.packFour(a!, b!, c!, d!, units, x);
    const expected = Float32Array.from({ length: 4 * units }, (_, i) => rows[i % 4]![i >> 2]!);
    assertSameBits(memory.floatsAt(x, 4 * units), expected, `${units} units`);
    memory.clear();
  }
});

testOnBothBuilds(
  "addRowOfFour() adds one sample's row to all units, or to those that spike",
  ({ memory }) => {
    for (const units of [4, 8, 12, 36]) {
      for (const sample of [0, 3]) {
        for (const atSpikes of [false, true]) {
          const panels = uniformFloats(units, 32 * Math.ceil(units / 8)),
            before = uniformFloats(units + 1, units);
          const distances = uniformFloats(units + 2, units), to = memory.updated(before);
          const [from, at] = [memory.floats(panels) + 32 * sample, memory.floats(distances)];
          memory.kernels.addRowOfFour(from, atSpikes ? at : 0, units, to);
          const expected = before.map((value, n) =>
            value + (atSpikes && !(distances[n]! > 0) ? 0 : panels[32 * (n >> 3) + 8 * sample + n % 8]!)
          );
          assertSameBits(memory.floatsAt(to, units), expected, `${units} units, sample ${sample}`);
          memory.clear();
        }
      }
    }
  },
);
