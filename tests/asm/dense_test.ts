import { testOnBothBuilds } from "./both_builds.ts";
import { matmulIndex, matmulIndexI8 } from "./matmul_layout.ts";
import { assertClose, assertSameBits, uniformFloats } from "./numbers.ts";

const STEPS = [1, 2, 3, 4, 5, 8, 9, 25, 131, 150];
const SIZES = [4, 8, 12, 16, 36];
const padded = (steps: number) => 4 * Math.ceil(steps / 4);

testOnBothBuilds(
  "packRows() packs weights by input into panels of 8 and pads the last one with 0",
  ({ memory }) => {
    for (const inputs of [1, 3, 12]) {
      for (const units of SIZES) {
        const w = uniformFloats(inputs + units, inputs * units), count = Math.ceil(units / 8);
        const panels = memory.output(count * inputs * 8);
        memory.kernels.packRows(memory.floats(w), inputs, units, panels);
        const expected = Float32Array.from({ length: count * inputs * 8 }, (_, i) => {
          const unit = 8 * Math.floor(i / (8 * inputs)) + i % 8, input = Math.floor(i / 8) % inputs;
          return unit < units ? w[input * units + unit]! : 0;
        });
        assertSameBits(memory.floatsAt(panels, expected.length), expected, `${inputs} × ${units}`);
        memory.clear();
      }
    }
  },
);

testOnBothBuilds("panelsToRows() writes the panels' steps as rows, without padding", ({ memory }) => {
  for (const steps of STEPS) {
    for (const units of SIZES) {
      const block = padded(steps), count = Math.ceil(units / 8);
      const panels = uniformFloats(steps + units, count * block * 8);
      const rows = memory.output(steps * units);
      memory.kernels.panelsToRows(memory.floats(panels), block, steps, units, rows);
      const expected = Float32Array.from({ length: steps * units }, (_, i) => {
        const step = Math.floor(i / units), unit = i % units;
        return panels[(Math.floor(unit / 8) * block + step) * 8 + unit % 8]!;
      });
      assertSameBits(memory.floatsAt(rows, expected.length), expected, `${steps} × ${units}`);
      memory.clear();
    }
  }
});

testOnBothBuilds(
  "matmulGradient() adds Σ_t x_t·δI_tᵀ with the bits of a plain loop",
  ({ memory, madd }) => {
    for (const steps of STEPS) {
      for (const inputs of [4, 12, 36]) {
        for (const units of SIZES) {
          const block = padded(steps), seed = steps + 100 * inputs + units;
          const x = uniformFloats(seed, block * inputs);
          const deltas = uniformFloats(seed + 1, block * units).fill(0, steps * units);
          const before = uniformFloats(seed + 2, inputs * units);
          const gradients = memory.updated(before);
          memory.kernels.matmulGradient(
            memory.floats(x),
            memory.floats(deltas),
            steps,
            inputs,
            units,
            gradients,
          );
          const expected = Float32Array.from(before, (g, i) => {
            const input = Math.floor(i / units), unit = i % units;
            const sumOf = (from: number, to: number, sum: number) => {
              for (let t = from; t < to; t++) { // δI is 0 past the last step
                sum = madd(x[matmulIndex(t, input, inputs)]!, deltas[t * units + unit]!, sum);
              }
              return sum;
            };
            if (steps <= 128) return sumOf(0, block, g);
            let total = 0; // parts of 16 steps in float32, added in float64
            for (let from = 0; from < block; from += 16) total += sumOf(from, Math.min(from + 16, block), 0);
            return Math.fround(g + Math.fround(total));
          });
          assertSameBits(
            memory.floatsAt(gradients, inputs * units),
            expected,
            `${steps}, ${inputs} × ${units}`,
          );
          memory.clear();
        }
      }
    }
  },
);

testOnBothBuilds(
  "inputRows() and inputRowsI8() write a sample's inputs, times its features, as rows",
  ({ memory }) => {
    for (const steps of STEPS) {
      for (const inputs of [4, 12, 36]) {
        const block = padded(steps);
        const features = uniformFloats(inputs, inputs), x = uniformFloats(steps, block * inputs);
        const v = Int8Array.from(
          uniformFloats(steps + 1, block * inputs),
          (value) => Math.floor(127 * value),
        );
        const rows = memory.output(block * inputs), rowsI8 = memory.output(block * inputs);
        const at = memory.floats(features);
        memory.kernels.inputRows(memory.floats(x), at, steps, inputs, rows);
        memory.kernels.inputRowsI8(memory.integers(new Int32Array(v.buffer)), at, steps, inputs, rowsI8);
        for (let t = 0; t < steps; t++) {
          for (let k = 0; k < inputs; k++) {
            const float = x[matmulIndex(t, k, inputs)]!, byte = v[matmulIndexI8(t, k, inputs)]!;
            const place = 4 * (t * inputs + k);
            assertClose(memory.floatsAt(rows + place, 1), [features[k]! * float], `step ${t}, input ${k}`);
            const expected = [features[k]! * (byte + 128.5)];
            assertClose(memory.floatsAt(rowsI8 + place, 1), expected, `step ${t}, input ${k}`);
          }
        }
        memory.clear();
      }
    }
  },
);
