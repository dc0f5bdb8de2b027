import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";
import { INPUTS, layOutForMatmul } from "../matmul_layout.ts";

testOnBothBuilds(
  "encodeDirect() writes a sequence in the product's layout and changes no bit",
  ({ memory }) => {
    for (const inputs of INPUTS) {
      for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9, 128]) {
        const padded = Math.ceil(steps / 4) * 4;
        const sequence = uniformFloats(steps, padded * inputs);
        sequence[0] = -0;
        const from = memory.floats(sequence);
        const out = memory.output(padded * inputs);
        memory.kernels.encodeDirect(from, out, steps, inputs);
        const expected = layOutForMatmul(steps, inputs, (step, input) => sequence[step * inputs + input]!);
        assertSameBits(memory.floatsAt(out, expected.length), expected, `${steps} steps, ${inputs} inputs`);
        memory.clear();
      }
    }
  },
);
