import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import type { KernelMemory } from "./kernel_memory.ts";
import { matmulIndex } from "./matmul_layout.ts";
import { assertClose, assertSameBits, uniformFloats, upTo } from "./numbers.ts";

const STEPS = [1, 2, 3, 4, 5, 9, 25, 131, 150];
const UNITS = [4, 8, 12, 36];

/** Empty lists in memory. */
function placeLists(memory: KernelMemory, steps: number, units: number, capacity: number) {
  return {
    counts: memory.output(units),
    spikeSteps: memory.output(units * capacity),
    spikeOutputs: memory.output(units * capacity),
    stepCounts: memory.output(steps),
    stepUnits: memory.output(steps * units),
    stepOutputs: memory.output(steps * units),
  };
}

/** Compares lists with their source. @param values `[steps][units]`, 0 where there is no spike. */
function assertLists(
  memory: KernelMemory,
  lists: ReturnType<typeof placeLists>,
  values: Float32Array,
  steps: number,
  units: number,
  capacity: number,
): number {
  let total = 0;
  for (const unit of upTo(units)) {
    const spikes = upTo(steps).filter((step) => values[step * units + unit] !== 0);
    const [count] = memory.integersAt(lists.counts + 4 * unit, 1);
    const at = 4 * unit * capacity;
    assert.deepEqual([...memory.integersAt(lists.spikeSteps + at, count!)], spikes, `unit ${unit}`);
    assert.deepEqual(
      [...memory.floatsAt(lists.spikeOutputs + at, count!)],
      spikes.map((step) => values[step * units + unit]),
    );
    total += spikes.length;
  }
  for (const step of upTo(steps)) {
    const spikes = upTo(units).filter((unit) => values[step * units + unit] !== 0);
    const [count] = memory.integersAt(lists.stepCounts + 4 * step, 1);
    const at = 4 * step * units;
    assert.deepEqual([...memory.integersAt(lists.stepUnits + at, count!)], spikes, `step ${step}`);
    assert.deepEqual(
      [...memory.floatsAt(lists.stepOutputs + at, count!)],
      spikes.map((unit) => values[step * units + unit]),
    );
  }
  return total;
}

testOnBothBuilds("listSpikes() lists spikes, u' − θ > 0, by unit and by step", ({ memory }) => {
  for (const steps of STEPS) {
    for (const units of UNITS) {
      for (const shift of [-2, 0, 0.5, 2]) { // no spikes, half of them, a quarter, all
        const capacity = steps + 3;
        const distances = uniformFloats(steps + units, steps * units).map((v) => v - shift);
        distances[0] = 0; // no spike at the threshold itself
        const outputs = uniformFloats(units, steps * units).map((o, i) => distances[i]! > 0 ? o : 0);
        const lists = placeLists(memory, steps, units, capacity);
        // deno-fmt-ignore
        const total = memory.kernels.listSpikes(memory.floats(distances), memory.floats(outputs), steps, units,
          lists.counts, lists.spikeSteps, lists.spikeOutputs, capacity, lists.stepCounts, lists.stepUnits,
          lists.stepOutputs);
        assert.equal(total, assertLists(memory, lists, outputs, steps, units, capacity));
        memory.clear();
      }
    }
  }
});

testOnBothBuilds("listInputSpikes() lists inputs that are not 0, up to the last step", ({ memory }) => {
  for (const steps of STEPS) {
    for (const inputs of UNITS) {
      const capacity = steps + 1, padded = 4 * Math.ceil(steps / 4);
      const values = uniformFloats(steps + inputs, steps * inputs).map((v) => Math.abs(v) < 0.6 ? 0 : v);
      const x = new Float32Array(padded * inputs).fill(7); // 7 past the last step
      values.forEach((value, i) => {
        const step = Math.floor(i / inputs), input = i % inputs;
        x[matmulIndex(step, input, inputs)] = value;
      });
      const lists = placeLists(memory, steps, inputs, capacity);
      // deno-fmt-ignore
      const total = memory.kernels.listInputSpikes(memory.floats(x), steps, inputs, lists.counts, lists.spikeSteps,
        lists.spikeOutputs, capacity, lists.stepCounts, lists.stepUnits, lists.stepOutputs);
      assert.equal(total, assertLists(memory, lists, values, steps, inputs, capacity));
      memory.clear();
    }
  }
});

testOnBothBuilds(
  "sparseProductRows() and spikeGradient() give the bits of plain loops for every delay",
  ({ memory, madd }) => {
    const { kernels } = memory;
    for (const steps of STEPS) {
      for (const inputs of [4, 12]) {
        for (const width of [4, 12, 32, 64, 68, 100]) {
          for (const delay of [0, 1]) {
            const seed = steps + 100 * width;
            const outputs = uniformFloats(seed, steps * inputs).map((o) => o > 0.2 ? o : 0);
            const w = uniformFloats(seed + 1, inputs * width), b = uniformFloats(seed + 2, width);
            const deltas = uniformFloats(seed + 3, steps * width),
              before = uniformFloats(seed + 4, inputs * width);
            const lists = placeLists(memory, steps, inputs, steps);
            const rows = memory.floats(outputs);
            // deno-fmt-ignore
            kernels.listSpikes(rows, rows, steps, inputs, lists.counts, lists.spikeSteps, lists.spikeOutputs, steps,
              lists.stepCounts, lists.stepUnits, lists.stepOutputs);
            const currents = memory.output(steps * width), gradients = memory.updated(before);
            // deno-fmt-ignore
            kernels.sparseProductRows(lists.stepCounts, lists.stepUnits, lists.stepOutputs, inputs, delay, memory.floats(w),
              memory.floats(b), currents, steps, width);
            // deno-fmt-ignore
            kernels.spikeGradient(lists.counts, lists.spikeSteps, lists.spikeOutputs, inputs, steps, delay,
              memory.floats(deltas), steps, width, gradients);
            // The order of both sums is fixed, and so are their bits.
            const expected = new Float32Array(steps * width), gradient = Float32Array.from(before);
            for (let step = 0; step < steps; step++) {
              for (let n = 0; n < width; n++) {
                let current = b[n]!;
                for (let k = 0; k < inputs; k++) {
                  const o = outputs[(step - delay) * inputs + k] ?? 0;
                  if (o === 0) continue;
                  current = madd(o, w[k * width + n]!, current);
                  gradient[k * width + n] = madd(o, deltas[step * width + n]!, gradient[k * width + n]!);
                }
                expected[step * width + n] = current;
              }
            }
            const what = `${steps} steps, ${inputs} × ${width}, delay ${delay}`;
            assertSameBits(memory.floatsAt(currents, steps * width), expected, what);
            assertSameBits(memory.floatsAt(gradients, inputs * width), gradient, what);
            memory.clear();
          }
        }
      }
    }
  },
);

testOnBothBuilds("sparseProductRows() gives the bits of sparseProduct()", ({ memory }) => {
  const { kernels } = memory;
  const steps = 11, inputs = 8, width = 36;
  const outputs = uniformFloats(3, steps * inputs).map((o) => o > 0 ? o : 0);
  const lists = placeLists(memory, steps, inputs, steps);
  const rows = memory.floats(outputs);
  // deno-fmt-ignore
  kernels.listSpikes(rows, rows, steps, inputs, lists.counts, lists.spikeSteps, lists.spikeOutputs, steps,
    lists.stepCounts, lists.stepUnits, lists.stepOutputs);
  const w = memory.floats(uniformFloats(1, inputs * width)), b = memory.floats(uniformFloats(2, width));
  const byStep = memory.output(steps * width), byUnit = memory.output(steps * width);
  // deno-fmt-ignore
  kernels.sparseProductRows(lists.stepCounts, lists.stepUnits, lists.stepOutputs, inputs, 1, w, b, byStep, steps, width);
  // deno-fmt-ignore
  kernels.sparseProduct(memory.integers(upTo(inputs)), lists.counts, lists.spikeSteps, lists.spikeOutputs, inputs,
    steps, 1, w, b, byUnit, steps, width);
  const expected = memory.floatsAt(byUnit, steps * width);
  assertSameBits(memory.floatsAt(byStep, steps * width), expected, "currents");
  assertClose([expected[0]!], [uniformFloats(2, width)[0]!], "the first step has no input with a delay of 1");
});
