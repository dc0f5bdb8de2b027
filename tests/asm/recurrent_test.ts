import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, assertSameBits, uniformFloats } from "./numbers.ts";

const UNITS = [4, 8, 12, 32, 36, 100];

testOnBothBuilds(
  "feedBack() gives V·o with the bits of a plain loop over the outputs that are not 0",
  ({ memory, madd }) => {
    for (const units of UNITS) {
      for (const threshold of [-2, 0.3, 2]) { // all, some and none
        const outputs = uniformFloats(units, units).map((o) => o > threshold ? o : 0);
        const v = uniformFloats(units + 1, units * units);
        const to = memory.output(units), scratch = memory.updated(new Float32Array(2 * units));
        memory.kernels.feedBack(memory.floats(outputs), memory.floats(v), to, units, scratch);
        const expected = new Float32Array(units);
        outputs.forEach((o, m) => {
          if (o !== 0) expected.forEach((sum, n) => expected[n] = madd(o, v[m * units + n]!, sum));
        });
        assertSameBits(memory.floatsAt(to, units), expected, `${units} units`);
        memory.clear();
      }
    }
  },
);

testOnBothBuilds("feedBackGradient() adds Vᵀ·δI to all units, or only to those that spike", ({ memory }) => {
  for (const units of UNITS) {
    for (const hasExactGradient of [false, true]) {
      const deltas = uniformFloats(units, units), v = uniformFloats(units + 1, units * units);
      const before = uniformFloats(units + 2, units);
      const distances = uniformFloats(units + 3, units).map((value, i) => i < 4 ? -1 : value); // a vector without a spike
      const gradients = memory.updated(before);
      const [deltasAt, vAt, distancesAt] = [
        memory.floats(deltas),
        memory.floats(v),
        memory.floats(distances),
      ];
      memory.kernels.feedBackGradient(deltasAt, vAt, gradients, hasExactGradient ? distancesAt : 0, units);
      const expected = Float64Array.from(before, (g, m) => {
        if (hasExactGradient && !(distances[m]! > 0)) return g;
        return deltas.reduce((sum, delta, n) => sum + v[m * units + n]! * delta, g);
      });
      assertClose(memory.floatsAt(gradients, units), expected, `${units} units`, { absolute: 1e-6 * units });
      memory.clear();
    }
  }
});
