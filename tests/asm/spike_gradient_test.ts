import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, assertSameBits, uniformFloats, upTo } from "./numbers.ts";

/** Outputs `[steps][inputs]` of which some are not 0, and δI `[steps][width]`. */
interface Sample {
  readonly steps: number;
  readonly outputs: Float32Array;
  readonly deltas: Float32Array;
}

function drawSample(seed: number, steps: number, inputs: number, width: number, least = 0.2): Sample {
  const outputs = uniformFloats(seed, steps * inputs).map((o) => o > least ? o : 0);
  return { steps, outputs, deltas: uniformFloats(seed + 1, steps * width) };
}

testOnBothBuilds(
  "listSpikeColumns() and spikeGradient() give the bits of plain loops, of several samples at once",
  ({ memory, madd }) => {
    const { kernels } = memory;
    for (const inputs of [4, 12]) {
      for (const width of [4, 12, 28, 32, 36, 64, 100]) {
        for (const delay of [0, 1]) {
          for (const lengths of [[1], [9], [131], [5, 1, 7], [6, 6, 6, 6]]) {
            const samples = lengths.map((steps, i) => drawSample(width + 10 * i, steps, inputs, width));
            const before = uniformFloats(inputs + width, inputs * width), gradients = memory.updated(before);
            const table = samples.flatMap(({ steps, outputs, deltas }) => {
              const counts = memory.output(steps), units = memory.output(steps * inputs);
              const values = memory.output(steps * inputs), rows = memory.floats(outputs);
              // deno-fmt-ignore
              kernels.listSpikes(rows, rows, steps, inputs, memory.output(inputs), memory.output(steps * inputs),
                memory.output(steps * inputs), steps, counts, units, values);
              const deltasAt = memory.floats(deltas) + 4 * width * delay;
              return [counts, units, values, inputs, Math.max(0, steps - delay), deltasAt];
            });
            const capacity = inputs * lengths.reduce((sum, steps) => sum + steps, 0);
            const starts = memory.output(inputs + 1), columns = memory.output(2 * capacity);
            const tableAt = memory.integers(table);
            kernels.listSpikeColumns(tableAt, samples.length, inputs, 4 * width, starts, columns, capacity);
            kernels.spikeGradient(starts, columns, capacity, inputs, 0, width, gradients);
            const expected = Float32Array.from(before);
            for (const { steps, outputs, deltas } of samples) {
              for (
                const [step, k, n] of upTo(steps).flatMap((step) =>
                  upTo(inputs).flatMap((k) => upTo(width).map((n) => [step, k, n] as const))
                )
              ) {
                const o = outputs[(step - delay) * inputs + k] ?? 0, at = k * width + n;
                if (o !== 0) expected[at] = madd(o, deltas[step * width + n]!, expected[at]!);
              }
            }
            const what = `${lengths} steps, ${inputs} × ${width}, delay ${delay}`;
            assertSameBits(memory.floatsAt(gradients, inputs * width), expected, what);
            memory.clear();
          }
        }
      }
    }
  },
);

testOnBothBuilds("spikeGradient() loses nothing over many spikes of one sign", ({ memory }) => {
  const steps = 20_001, width = 8, inputs = 4, { kernels } = memory;
  const outputs = new Float32Array(steps * inputs).fill(1),
    deltas = new Float32Array(steps * width).fill(0.1);
  const [rows, deltasAt] = [memory.floats(outputs), memory.floats(deltas)];
  const counts = memory.output(steps), units = memory.output(steps * inputs);
  const values = memory.output(steps * inputs);
  // deno-fmt-ignore
  kernels.listSpikes(rows, rows, steps, inputs, memory.output(inputs), memory.output(steps * inputs),
    memory.output(steps * inputs), steps, counts, units, values);
  const starts = memory.output(inputs + 1), columns = memory.output(2 * steps * inputs);
  const table = memory.integers([counts, units, values, inputs, steps, deltasAt]);
  kernels.listSpikeColumns(table, 1, inputs, 4 * width, starts, columns, steps * inputs);
  const gradients = memory.updated(new Float32Array(inputs * width));
  kernels.spikeGradient(starts, columns, steps * inputs, inputs, 1, width, gradients);
  const sum = steps * Math.fround(0.1);
  assertClose(memory.floatsAt(gradients, inputs * width), new Float64Array(inputs * width).fill(sum), "sum", {
    relative: 2e-7,
  });
  assert.deepEqual([...memory.integersAt(starts, inputs + 1)], upTo(inputs + 1).map((n) => n * steps));
  memory.clear();
});
