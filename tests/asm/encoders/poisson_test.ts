import assert from "node:assert/strict";
import { draw, drawKey, STREAM } from "../../../src/random.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";
import { INPUTS, layOutForMatmul, matmulIndex } from "../matmul_layout.ts";

testOnBothBuilds(
  "encodePoisson() spikes where draw() is below the probability, at every remainder",
  ({ memory }) => {
    for (const inputs of INPUTS) {
      for (const steps of [1, 2, 3, 4, 5, 7, 9, 128]) {
        const key = drawKey(11, STREAM.training, 3, inputs + steps);
        const p = uniformFloats(inputs, inputs, 1.5);
        const intensities = memory.floats(p.map((value) => 65536 * value));
        const expected = layOutForMatmul(
          steps,
          inputs,
          (step, input) => draw(key, step, input) < p[input]! ? 1 : 0,
        );
        const out = memory.output(expected.length);
        memory.kernels.encodePoisson(key.key0, key.key1, intensities, out, steps, inputs);
        assertSameBits(memory.floatsAt(out, expected.length), expected, `${steps} steps, ${inputs} inputs`);
        memory.clear();
      }
    }
  },
);

testOnBothBuilds(
  "encodePoisson() spikes at the rate of its probability, never at 0 and always at 1",
  ({ memory }) => {
    const steps = 4096, p = [0, 0.01, 0.25, 0.5, 0.9, 1, -1, 2];
    const out = memory.output(steps * p.length);
    const { key0, key1 } = drawKey(5, STREAM.training, 1, 0);
    memory.kernels.encodePoisson(
      key0,
      key1,
      memory.floats(p.map((value) => 65536 * value)),
      out,
      steps,
      p.length,
    );
    const x = memory.floatsAt(out, steps * p.length);
    p.forEach((value, input) => {
      const chance = Math.min(1, Math.max(0, value));
      let spikes = 0;
      for (let step = 0; step < steps; step++) {
        spikes += x[matmulIndex(step, input, p.length)]!;
      }
      // Five standard deviations of a binomial.
      assert.ok(
        Math.abs(spikes - steps * chance) <= 5 * Math.sqrt(steps * chance * (1 - chance)),
        `${value}: ${spikes}`,
      );
    });
  },
);
