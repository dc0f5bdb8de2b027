import { testOnBothBuilds } from "../both_builds.ts";
import { assertClose, assertSameBits, uniformFloats } from "../numbers.ts";

const STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 128];
const DECAYS = [0, 0.9, 1].map(Math.fround);

testOnBothBuilds("scanIntegrator() matches a plain loop bit for bit at any stride", ({ memory, madd }) => {
  for (const decay of DECAYS) {
    for (const steps of STEPS) {
      for (const stride of [0, 16, 32]) {
        const currents = uniformFloats(steps + stride, 8 * steps);
        const record = 8; // floats from step to step; only four of them are this call's
        const potentials = memory.updated(new Float32Array(record * steps));
        memory.kernels.scanIntegrator(memory.floats(currents), stride, steps, decay, potentials, 4 * record);
        const expected = new Float32Array(record * steps);
        for (let step = 0; step < steps; step++) {
          for (let lane = 0; lane < 4; lane++) {
            const before = expected[record * (step - 1) + lane] ?? 0;
            expected[record * step + lane] = madd(decay, before, currents[stride / 4 * step + lane]!);
          }
        }
        assertSameBits(
          memory.floatsAt(potentials, record * steps),
          expected,
          `${steps} steps, stride ${stride}`,
        );
        memory.clear();
      }
    }
  }
});

testOnBothBuilds(
  "scanBackIntegrator() matches a plain loop for every window of the readout",
  ({ memory }) => {
    for (const decay of DECAYS) {
      for (const steps of STEPS) {
        for (const units of [4, 8, 12, 36]) {
          for (
            const [first, last] of [[0, steps - 1], [0, steps - 2], [
              Math.floor(steps / 2),
              steps - 1,
            ]] as const
          ) {
            const readout = uniformFloats(steps + units, units);
            const written = memory.output(steps * units);
            memory.kernels.scanBackIntegrator(
              memory.floats(readout),
              first,
              last,
              written,
              steps,
              units,
              decay,
            );
            const expected = new Float64Array(steps * units);
            for (let i = steps * units - 1; i >= 0; i--) {
              const step = Math.floor(i / units);
              const read = step >= first && step <= last ? readout[i % units]! : 0;
              expected[i] = read + decay * (expected[i + units] ?? 0);
            }
            assertClose(
              memory.floatsAt(written, steps * units),
              expected,
              `${steps} × ${units}, decay ${decay}`,
            );
            memory.clear();
          }
        }
      }
    }
  },
);
