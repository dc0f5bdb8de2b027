import { testOnBothBuilds } from "./both_builds.ts";
import { layOutForMatmul, layOutForMatmulI8 } from "./matmul_layout.ts";
import { assertClose, assertSameBits, uniformFloats } from "./numbers.ts";
import { drawSpikes, placeSpikes, type SpikeLists } from "./spike_lists.ts";

/** Above, at and below the kernel's blocks of 48 and 16 inputs, with remainders of each. */
const INPUTS = [4, 8, 12, 16, 20, 28, 36, 44, 48, 52, 60, 64, 68, 96, 116, 784];
/** Floats of scratch memory per step. */
const SCRATCH_WIDTH = 48;

/** ∂L/∂W_n += x ⊙ Σ_spikes c_{n,t}·X̃_tᵀ with X̃_t = X_t + d·X̃_{t−1}, for features x `[inputs]` and X `[steps, inputs]`. */
function plainLoop(
  features: Float32Array,
  x: Float32Array,
  inputs: number,
  decay: number,
  { spikes }: SpikeLists,
  before: Float32Array,
): Float64Array {
  const trace = Float64Array.from(x);
  for (let i = inputs; i < trace.length; i++) trace[i]! += decay * trace[i - inputs]!;
  const gradients = Float64Array.from(before);
  for (const { unit, step, value } of spikes) {
    for (let k = 0; k < inputs; k++) {
      gradients[unit * inputs + k]! += features[k]! * value * trace[step * inputs + k]!;
    }
  }
  return gradients;
}

testOnBothBuilds(
  "traceGradient() matches a plain loop at every remainder of steps and inputs",
  ({ memory }) => {
    INPUTS.forEach((inputs, i) => {
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 128, 129, 301].forEach((steps, j) => {
        const decay = [0, 0.9, 1, 0.5][(i + j) % 4]!;
        const slots = [1, 2, 3, 7, 17][(i + j) % 5]!, units = slots + 2, capacity = steps + j % 2;
        const padded = 4 * Math.ceil(steps / 4);
        const lists = drawSpikes(i + 100 * j, slots, units, steps);
        const x = uniformFloats(i + j, padded * inputs), features = uniformFloats(j, inputs);
        const before = uniformFloats(i, units * inputs);
        const tiled = layOutForMatmul(steps, inputs, (step, input) => x[step * inputs + input]!);
        const placed = placeSpikes(memory, lists, capacity);
        const gradients = memory.updated(before);
        memory.kernels.traceGradient(
          memory.floats(features),
          memory.floats(tiled),
          inputs,
          decay,
          placed.unit,
          placed.counts,
          placed.steps,
          placed.values,
          slots,
          capacity,
          gradients,
          memory.output(SCRATCH_WIDTH * padded),
        );
        const expected = plainLoop(features, x, inputs, decay, lists, before);
        assertClose(memory.floatsAt(gradients, units * inputs), expected, `${steps} × ${inputs} × ${units}`, {
          absolute: 1e-5 * Math.max(1, steps / 4), // sums of up to `steps` traces, each of up to `steps` inputs
        });
        memory.clear();
      });
    });
  },
);

testOnBothBuilds(
  "traceGradientI8() matches a plain loop over v + 128½ at every remainder of steps and inputs",
  ({ memory }) => {
    INPUTS.forEach((inputs, i) => {
      [1, 2, 3, 4, 5, 7, 9, 128, 129, 301].forEach((steps, j) => {
        const decay = [0, 0.9, 0.5][(i + j) % 3]!;
        const slots = [1, 2, 3, 7, 17][(i + j) % 5]!, units = slots + 2, capacity = steps;
        const padded = 4 * Math.ceil(steps / 4);
        const lists = drawSpikes(i + 100 * j, slots, units, steps);
        const draws = uniformFloats(i + j, padded * inputs).map((x) => Math.floor(128 * x));
        const features = uniformFloats(j, inputs).map((x) => x / 256);
        const before = uniformFloats(i, units * inputs);
        const tiled = layOutForMatmulI8(draws, inputs);
        const sums = new Float32Array(slots); // Σ c·Σ_{s ≤ t} d^s
        for (const { slot, step, value } of lists.spikes) {
          for (let s = 0; s <= step; s++) sums[slot]! += value * decay ** s;
        }
        const placed = placeSpikes(memory, lists, capacity);
        const gradients = memory.updated(before);
        memory.kernels.traceGradientI8(
          memory.floats(features),
          memory.integers(new Int32Array(tiled.buffer)),
          inputs,
          decay,
          placed.unit,
          placed.counts,
          placed.steps,
          placed.values,
          memory.floats(sums),
          slots,
          capacity,
          gradients,
          memory.output(SCRATCH_WIDTH * padded),
        );
        const x = draws.map((v) => v + 128.5);
        const expected = plainLoop(features, x, inputs, decay, lists, before);
        assertClose(memory.floatsAt(gradients, units * inputs), expected, `${steps} × ${inputs} × ${units}`, {
          absolute: 2e-5 * Math.max(1, steps / 4),
        });
        memory.clear();
      });
    });
  },
);

testOnBothBuilds("traceGradient() changes nothing without a spike or without a slot", ({ memory }) => {
  for (const slots of [0, 3]) {
    const silent = { unit: [0, 1, 2].slice(0, slots), spikes: [] };
    const placed = placeSpikes(memory, silent, 5);
    const before = uniformFloats(1, 36);
    const gradients = memory.updated(before);
    memory.kernels.traceGradient(
      memory.floats(uniformFloats(3, 12)),
      memory.floats(uniformFloats(2, 8 * 12)),
      12,
      0.9,
      placed.unit,
      placed.counts,
      placed.steps,
      placed.values,
      slots,
      5,
      gradients,
      memory.output(SCRATCH_WIDTH * 8),
    );
    assertSameBits(memory.floatsAt(gradients, 36), before, `${slots} slots`);
    memory.clear();
  }
});

testOnBothBuilds("sumSteps() adds the rows of all steps", ({ memory }) => {
  for (const units of [4, 8, 12, 36]) {
    for (const steps of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 128, 129, 301]) {
      const deltas = uniformFloats(steps, steps * units), before = uniformFloats(units, units);
      const gradients = memory.updated(before);
      memory.kernels.sumSteps(memory.floats(deltas), steps, units, gradients);
      const expected = Float64Array.from(before);
      deltas.forEach((delta, i) => expected[i % units]! += delta);
      assertClose(memory.floatsAt(gradients, units), expected, `${steps} × ${units}`);
      memory.clear();
    }
  }
});
