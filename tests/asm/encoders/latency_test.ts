import { type LatencyEncoder, latencyLevels } from "../../../src/network/encoders.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";
import { INPUTS, layOutForMatmul } from "../matmul_layout.ts";

testOnBothBuilds("encodeLatency() spikes once, at the first level that the input reaches", ({ memory }) => {
  for (const timing of ["linear", "log"] as const) {
    const encoder: LatencyEncoder = { kind: "latency", timing, threshold: 0.1, offset: 0 };
    for (const inputs of INPUTS) {
      for (const steps of [1, 2, 3, 4, 5, 7, 9, 128]) {
        const levels = latencyLevels(encoder, steps);
        const padded = Array.from(
          { length: Math.ceil(steps / 4) * 4 },
          (_, t) => levels[t] ?? levels[steps - 1]!,
        );
        const x = uniformFloats(inputs + steps, inputs, 1.2);
        x[0] = levels[steps - 1]!; // an input equal to a level reaches it
        const expected = layOutForMatmul(
          steps,
          inputs,
          (step, input) => levels.findIndex((level) => x[input]! >= level) === step ? 1 : 0,
        );
        const out = memory.output(expected.length);
        const at = memory.floats([Infinity, Infinity, Infinity, Infinity, ...padded]);
        memory.kernels.encodeLatency(memory.floats(x), at, out, steps, inputs);
        const case_ = `${timing}, ${steps} steps, ${inputs} inputs`;
        assertSameBits(memory.floatsAt(out, expected.length), expected, case_);
        memory.clear();
      }
    }
  }
});
