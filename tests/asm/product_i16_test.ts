import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import type { KernelMemory } from "./kernel_memory.ts";
import { assertClose, uniformFloats } from "./numbers.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Packs rows of W times features, in integers. */
function pack(
  memory: KernelMemory,
  inputs: number,
  w: Float32Array,
  b: Float32Array,
  features: Float32Array,
) {
  const units = b.length, panelCount = Math.ceil(units / 8);
  const chosen = upTo(8 * panelCount).map((slot) => Math.min(slot, units)); // past the last: the row of zeros
  const panels = memory.output(4 * panelCount * inputs);
  const bases = memory.output(8 * panelCount), factors = memory.output(8 * panelCount);
  memory.kernels.packPanelsI16(
    memory.floats(features),
    memory.floats([...w, ...new Float32Array(inputs)]),
    memory.floats([...b, 0]),
    memory.integers(chosen),
    panelCount,
    panels,
    bases,
    factors,
    inputs,
  );
  return { panels, bases, factors, panelCount };
}

testOnBothBuilds(
  "packPanelsI16() keeps every weight to half of its unit's step, and no sum can overflow",
  ({ memory }) => {
    for (const inputs of [4, 8, 12, 36, 784]) {
      for (const units of [1, 3, 4, 8, 9, 17]) {
        const w = uniformFloats(inputs + units, units * inputs), b = uniformFloats(units, units);
        if (units > 3) w.fill(0, 2 * inputs, 3 * inputs); // a unit without weights
        const features = uniformFloats(inputs, inputs).map((x) => x / 256);
        const { panels, bases, factors, panelCount } = pack(memory, inputs, w, b, features);
        const q = new Int16Array(memory.kernels.memory.buffer, panels, 8 * panelCount * inputs);
        const factor = memory.floatsAt(factors, 8 * panelCount),
          base = memory.floatsAt(bases, 8 * panelCount);
        for (let unit = 0; unit < units; unit++) {
          let sum = 0, size = 0;
          for (let k = 0; k < inputs; k++) {
            const p = features[k]! * w[unit * inputs + k]!;
            const found = q[(unit >> 3) * 8 * inputs + (k >> 1) * 16 + 2 * (unit & 7) + (k & 1)]!;
            assert.ok(
              Math.abs(found * factor[unit]! - p) <= 0.51 * factor[unit]!,
              `${inputs}, unit ${unit}`,
            );
            sum += p;
            size += Math.abs(found);
          }
          assert.ok(size * 128 < 2 ** 31, `Σ|q| = ${size}`);
          assertClose([base[unit]!], [b[unit]! + 128.5 * sum], `base of unit ${unit}`);
        }
        memory.clear();
      }
    }
  },
);

testOnBothBuilds("productI16() matches exact sums at every remainder of steps and units", ({ memory }) => {
  for (const [inputs, most] of [[4, 17], [12, 17], [36, 9], [784, 13]] as const) {
    for (const steps of [1, 3, 4, 5, 8, 9]) {
      for (let units = 1; units <= most; units += inputs === 784 ? 4 : 1) {
        const padded = 4 * Math.ceil(steps / 4);
        const w = uniformFloats(units, units * inputs), b = uniformFloats(units + 1, units);
        const features = uniformFloats(inputs, inputs).map((x) => x / 256);
        const { panels, bases, factors, panelCount } = pack(memory, inputs, w, b, features);
        const v = uniformFloats(steps, padded * inputs).map((x) => Math.floor(128 * x));
        const tiled = new Int16Array(padded * inputs);
        v.forEach((value, at) => {
          const step = Math.floor(at / inputs), input = at % inputs;
          tiled[(step >> 2) * 4 * inputs + (input >> 1) * 8 + 2 * (step & 3) + (input & 1)] = value;
        });
        const x = memory.integers(new Int32Array(tiled.buffer));
        const currents = memory.output(8 * panelCount * padded);
        memory.kernels.productI16(x, panels, bases, factors, currents, padded, inputs, units);
        const found = memory.floatsAt(currents, 8 * panelCount * padded);
        const q = new Int16Array(memory.kernels.memory.buffer, panels, 8 * panelCount * inputs);
        const factor = memory.floatsAt(factors, 8 * panelCount),
          base = memory.floatsAt(bases, 8 * panelCount);
        for (let unit = 0; unit < units; unit++) {
          for (let step = 0; step < steps; step++) {
            let sum = 0;
            for (let k = 0; k < inputs; k++) {
              sum += v[step * inputs + k]! *
                q[(unit >> 3) * 8 * inputs + (k >> 1) * 16 + 2 * (unit & 7) + (k & 1)]!;
            }
            const at = (unit >> 3) * 8 * padded + 8 * step + (unit & 7);
            assertClose([found[at]!], [base[unit]! + factor[unit]! * sum], `step ${step}, unit ${unit}`);
          }
        }
        memory.clear();
      }
    }
  }
});
