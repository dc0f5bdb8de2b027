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
          const y = memory.output(units), scratch = memory.updated(new Float32Array(2 * inputs));
          const biasAt = bias ? memory.floats(bias) : 0;
          memory.kernels.productStep(
            memory.floats(x),
            memory.floats(weights),
            biasAt,
            y,
            inputs,
            units,
            scratch,
          );
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

testOnBothBuilds("productStepBack() adds Wᵀ·δy to all inputs, or only to those that spike", ({ memory }) => {
  for (const [inputs, units] of SIZES) {
    for (const atSpikes of [false, true]) {
      const deltas = uniformFloats(units, units), weights = uniformFloats(units + 1, inputs * units);
      const before = uniformFloats(units + 2, inputs);
      const distances = uniformFloats(units + 3, inputs).map((value, i) => i < 4 ? -1 : value); // a vector without a spike
      const gradients = memory.updated(before);
      const [deltasAt, weightsAt, distancesAt] = [
        memory.floats(deltas),
        memory.floats(weights),
        memory.floats(distances),
      ];
      memory.kernels.productStepBack(
        deltasAt,
        weightsAt,
        gradients,
        atSpikes ? distancesAt : 0,
        inputs,
        units,
      );
      const expected = Float64Array.from(before, (g, m) => {
        if (atSpikes && !(distances[m]! > 0)) return g;
        return deltas.reduce((sum, delta, n) => sum + weights[m * units + n]! * delta, g);
      });
      assertClose(memory.floatsAt(gradients, inputs), expected, `${inputs} inputs, ${units} units`, {
        absolute: 1e-6 * units,
      });
      memory.clear();
    }
  }
});
