import { DELTA_CHANNELS } from "../../../src/network/encoders.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";
import { layOutForMatmul } from "../matmul_layout.ts";

testOnBothBuilds(
  "encodeDelta() spikes where a channel changes by the threshold, at every remainder",
  ({ memory }) => {
    const { fround } = Math;
    const threshold = fround(0.4);
    for (const channels of [1, 2, 3, 4, 5, 6, 36]) {
      for (const steps of [1, 2, 3, 4, 5, 7, 9, 33]) {
        for (const [kind, name] of DELTA_CHANNELS.entries()) {
          const row = 4 * Math.ceil(channels / 4), rows = 4 * Math.ceil(steps / 4);
          const inputs = 4 * Math.ceil((name === "both" ? 2 : 1) * channels / 4);
          const s = uniformFloats(channels + steps, rows * row);
          if (steps > 1) s[row] = s[0]! + threshold; // a change of exactly the threshold spikes
          const spike = (step: number, input: number) => {
            const at = step * row + input % channels;
            const [now, before] = [s[at]!, s[step === 0 ? at : at - row]!];
            const slack = Math.min(
              threshold / 2,
              fround(Math.max(Math.abs(now), Math.abs(before)) / 2 ** 21),
            );
            const on = fround(fround(now - before) + slack) >= threshold ? 1 : 0;
            const off = fround(fround(before - now) + slack) >= threshold ? 1 : 0;
            if (input >= (name === "both" ? 2 : 1) * channels) return 0; // padding, which is 0 before
            return { on, sign: on - off, both: input < channels ? on : off }[name];
          };
          const expected = layOutForMatmul(steps, inputs, spike);
          const out = memory.updated(new Float32Array(expected.length));
          memory.kernels.encodeDelta(memory.floats(s), channels, threshold, kind, out, steps, inputs);
          const case_ = `${name}, ${steps} steps, ${channels} channels`;
          assertSameBits(memory.floatsAt(out, expected.length), expected, case_);
          memory.clear();
        }
      }
    }
  },
);
