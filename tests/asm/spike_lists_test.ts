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

/** Compares lists by step with their source. @param values `[steps][units]`, 0 where there is no spike. */
function assertStepLists(
  memory: KernelMemory,
  lists: Pick<ReturnType<typeof placeLists>, "stepCounts" | "stepUnits" | "stepOutputs">,
  values: Float32Array,
  steps: number,
  units: number,
): number {
  let total = 0;
  for (const step of upTo(steps)) {
    const spikes = upTo(units).filter((unit) => values[step * units + unit] !== 0);
    const [count] = memory.integersAt(lists.stepCounts + 4 * step, 1);
    const at = 4 * step * units;
    assert.deepEqual([...memory.integersAt(lists.stepUnits + at, count!)], spikes, `step ${step}`);
    assert.deepEqual(
      [...memory.floatsAt(lists.stepOutputs + at, count!)],
      spikes.map((unit) => values[step * units + unit]),
    );
    total += spikes.length;
  }
  return total;
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
  assertStepLists(memory, lists, values, steps, units);
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

testOnBothBuilds("countManySpikes() adds up outputs, unit by unit", ({ memory }) => {
  for (const steps of STEPS) {
    for (const units of UNITS) {
      const outputs = uniformFloats(units, steps * units, 5).map((o) => Math.max(0, Math.floor(o)));
      const counts = memory.output(units);
      const total = memory.kernels.countManySpikes(memory.floats(outputs), steps, units, counts);
      const expected = new Array<number>(units).fill(0);
      outputs.forEach((o, i) => expected[i % units]! += o);
      assert.deepEqual([...memory.integersAt(counts, units)], expected);
      assert.equal(total, expected.reduce((sum, count) => sum + count, 0));
      memory.clear();
    }
  }
});

/** Room for lists by step. */
const placeStepLists = (memory: KernelMemory, steps: number, units: number) => ({
  stepCounts: memory.output(steps),
  stepUnits: memory.output(steps * units),
  stepOutputs: memory.output(steps * units),
});

testOnBothBuilds("listInputSpikes() lists inputs that are not 0, up to the last step", ({ memory }) => {
  for (const steps of STEPS) {
    for (const inputs of UNITS) {
      const values = uniformFloats(steps * inputs, steps * inputs).map((value) => value > 0.3 ? value : 0);
      const x = new Float32Array(Math.ceil(steps / 4) * 4 * inputs).fill(9); // steps past the last one are not zeros
      values.forEach((value, i) => x[matmulIndex(Math.floor(i / inputs), i % inputs, inputs)] = value);
      const { stepCounts, stepUnits, stepOutputs } = placeStepLists(memory, steps, inputs);
      const at = memory.floats(x), lists = { stepCounts, stepUnits, stepOutputs };
      const total = memory.kernels.listInputSpikes(at, steps, inputs, stepCounts, stepUnits, stepOutputs);
      assert.equal(total, assertStepLists(memory, lists, values, steps, inputs));
      memory.clear();
    }
  }
});

testOnBothBuilds(
  "listEvents() lists a sequence's events among others, with numbers or ones",
  ({ memory }) => {
    for (const steps of STEPS) {
      for (const inputs of UNITS) {
        for (const areOnes of [false, true]) {
          const values = uniformFloats(steps + inputs, steps * inputs).map((value) =>
            value > 0.3 ? areOnes ? 1 : value : 0
          );
          const first = 7, there = upTo(steps * inputs).filter((i) => values[i] !== 0);
          const ends = upTo(steps).map((step) => first + there.filter((i) => i < (step + 1) * inputs).length);
          const channels = new Uint16Array(there.length + there.length % 2);
          there.forEach((i, event) => channels[event] = i % inputs);
          const { stepCounts, stepUnits, stepOutputs } = placeStepLists(memory, steps, inputs);
          const [endsAt, channelsAt] = [
            memory.integers(ends),
            memory.integers(new Int32Array(channels.buffer)),
          ];
          const valuesAt = memory.floats(there.map((i) => values[i]!));
          // deno-fmt-ignore
          const total = memory.kernels.listEvents(endsAt, first, channelsAt, areOnes ? 0 : valuesAt, steps, inputs,
          stepCounts, stepUnits, stepOutputs);
          assert.equal(total, there.length);
          assertStepLists(memory, { stepCounts, stepUnits, stepOutputs }, values, steps, inputs);
          memory.clear();
        }
      }
    }
  },
);

testOnBothBuilds("addCounts() adds spikes unit by unit", ({ memory }) => {
  const sums = memory.updated(new Float32Array(5));
  memory.kernels.addCounts(memory.integers([4, 0, 2]), memory.integers([7, 1, 0]), 3, sums);
  memory.kernels.addCounts(memory.integers([0, 1]), memory.integers([2, 3]), 2, sums);
  assert.deepEqual([...memory.integersAt(sums, 5)], [3, 3, 0, 0, 7]);
  memory.clear();
});

testOnBothBuilds(
  "sparseProductRows() gives the bits of plain loops for every delay",
  ({ memory, madd }) => {
    const { kernels } = memory;
    for (const steps of STEPS) {
      for (const inputs of [4, 12]) {
        for (const width of [4, 12, 32, 64, 68, 100]) {
          for (const delay of [0, 1]) {
            const seed = steps + 100 * width;
            const outputs = uniformFloats(seed, steps * inputs).map((o) => o > 0.2 ? o : 0);
            const w = uniformFloats(seed + 1, inputs * width), b = uniformFloats(seed + 2, width);
            const lists = placeLists(memory, steps, inputs, steps);
            const rows = memory.floats(outputs);
            // deno-fmt-ignore
            kernels.listSpikes(rows, rows, steps, inputs, lists.counts, lists.spikeSteps, lists.spikeOutputs, steps,
              lists.stepCounts, lists.stepUnits, lists.stepOutputs);
            const currents = memory.output(steps * width);
            // deno-fmt-ignore
            kernels.sparseProductRows(lists.stepCounts, lists.stepUnits, lists.stepOutputs, inputs, delay, memory.floats(w),
              memory.floats(b), currents, steps, width);
            // The order of the sums is fixed, and so are their bits.
            const expected = new Float32Array(steps * width);
            for (let step = 0; step < steps; step++) {
              for (let n = 0; n < width; n++) {
                let current = b[n]!;
                for (let k = 0; k < inputs; k++) {
                  const o = outputs[(step - delay) * inputs + k] ?? 0;
                  if (o === 0) continue;
                  current = madd(o, w[k * width + n]!, current);
                }
                expected[step * width + n] = current;
              }
            }
            const what = `${steps} steps, ${inputs} × ${width}, delay ${delay}`;
            assertSameBits(memory.floatsAt(currents, steps * width), expected, what);
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
