import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import type { KernelMemory } from "./kernel_memory.ts";
import { layOutForMatmulI8 } from "./matmul_layout.ts";
import { assertClose, uniformFloats, upTo } from "./numbers.ts";

/** A layer's packed rows, in the layouts of both tiles. */
interface Packed {
  readonly panelCount: number;
  readonly pairs: number;
  readonly halves: number;
  readonly bases: number;
  readonly factors: number;
  /** q of a unit and an input, read from the 16-bit panels. */
  q(unit: number, input: number): number;
}

/** Packs rows of W times features. */
function pack(
  memory: KernelMemory,
  inputs: number,
  w: Float32Array,
  b: Float32Array,
  features: Float32Array,
): Packed {
  const { kernels } = memory;
  const units = b.length, panelCount = Math.ceil(units / 8);
  const slots = upTo(8 * panelCount).map((slot) => Math.min(slot, units)); // past the last unit: the row of zeros
  const x = memory.floats(features), selected = memory.integers(slots);
  const weights = memory.floats([...w, ...new Float32Array(inputs)]);
  const [bases, scales, factors] = [0, 0, 0].map(() => memory.output(8 * panelCount));
  const bias = memory.floats([...b, 0]);
  kernels.scaleRows(x, weights, bias, selected, 8 * panelCount, bases!, scales!, factors!, inputs);
  const pairs = memory.output(4 * panelCount * inputs), halves = memory.output(4 * panelCount * inputs);
  kernels.packI16(x, weights, selected, 2 * panelCount, scales!, pairs, inputs);
  kernels.packI8(x, weights, selected, 2 * panelCount, scales!, halves, inputs);
  const q = new Int16Array(kernels.memory.buffer, pairs, 8 * panelCount * inputs);
  return {
    panelCount,
    pairs,
    halves,
    bases: bases!,
    factors: factors!,
    q: (unit, k) => q[(unit >> 3) * 8 * inputs + (k >> 1) * 16 + 2 * (unit & 7) + (k & 1)]!,
  };
}

testOnBothBuilds(
  "scaleRows() and packI16() round weights to the nearest step of their unit, and no sum can overflow",
  ({ memory }) => {
    for (const inputs of [4, 8, 12, 36, 784, 8000]) {
      for (const units of inputs > 1000 ? [3] : [1, 3, 4, 8, 9, 17]) {
        const w = uniformFloats(inputs + units, units * inputs), b = uniformFloats(units, units);
        if (units > 3) w.fill(0, 2 * inputs, 3 * inputs); // a unit without weights
        const features = uniformFloats(inputs, inputs).map((x) => x / 256);
        const { bases, factors, q } = pack(memory, inputs, w, b, features);
        const factor = memory.floatsAt(factors, units), base = memory.floatsAt(bases, units);
        for (let unit = 0; unit < units; unit++) {
          let sum = 0, size = 0;
          for (let k = 0; k < inputs; k++) {
            const p = features[k]! * w[unit * inputs + k]!, found = q(unit, k);
            assert.ok(Math.abs(found * factor[unit]! - p) <= 0.51 * factor[unit]!, `${inputs}, unit ${unit}`);
            assert.ok(Math.abs(found) <= 8191);
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

testOnBothBuilds("packI8() holds q + 2¹³ in two halves of 7 bits", ({ memory }) => {
  for (const inputs of [4, 12, 784]) {
    const units = 9;
    const packed = pack(
      memory,
      inputs,
      uniformFloats(1, units * inputs),
      uniformFloats(2, units),
      uniformFloats(3, inputs),
    );
    const bytes = new Int8Array(memory.kernels.memory.buffer, packed.halves, 16 * packed.panelCount * inputs);
    for (let unit = 0; unit < units; unit++) {
      for (let k = 0; k < inputs; k++) {
        const at = (unit >> 2) * 8 * inputs + (k >> 2) * 32 + 4 * (unit & 3) + (k & 3);
        assert.ok(bytes[at]! >= 0 && bytes[at + 16]! >= 0);
        assert.equal(128 * bytes[at]! + bytes[at + 16]! - 8192, packed.q(unit, k));
      }
    }
    memory.clear();
  }
});

testOnBothBuilds(
  "matmulI16() and matmulI8() give the bits of exact sums at every remainder",
  ({ memory }) => {
    for (const [inputs, most] of [[4, 17], [12, 17], [36, 9], [784, 13]] as const) {
      for (const steps of [1, 3, 4, 5, 8, 9]) {
        for (let units = 1; units <= most; units += inputs === 784 ? 4 : 1) {
          const padded = 4 * Math.ceil(steps / 4);
          const features = uniformFloats(inputs, inputs).map((x) => x / 256);
          const w = uniformFloats(units, units * inputs), b = uniformFloats(units + 1, units);
          const { panelCount, pairs, halves, bases, factors, q } = pack(memory, inputs, w, b, features);
          // 8 steps take the extremes of ±128, where sums are largest.
          const v = uniformFloats(steps, padded * inputs).map((x) =>
            steps === 8 ? Math.sign(x) * 128 : 128 * x
          );
          v.forEach((value, at) => v[at] = Math.min(127, Math.floor(value)));
          const x = memory.integers(new Int32Array(layOutForMatmulI8(v, inputs).buffer));
          const [byPairs, byHalves] = [0, 0].map(() => memory.output(8 * panelCount * padded));
          const { kernels } = memory;
          kernels.matmulI16(x, pairs, bases, factors, byPairs!, padded, inputs, units);
          const stepSums = memory.output(padded);
          kernels.matmulI8(x, halves, bases, factors, byHalves!, stepSums, padded, inputs, units);
          const found = memory.floatsAt(byPairs!, 8 * panelCount * padded);
          const other = memory.floatsAt(byHalves!, 8 * panelCount * padded);
          const factor = memory.floatsAt(factors, units), base = memory.floatsAt(bases, units);
          for (let unit = 0; unit < units; unit++) {
            for (let step = 0; step < steps; step++) {
              let sum = 0;
              for (let k = 0; k < inputs; k++) sum += v[step * inputs + k]! * q(unit, k);
              const at = (unit >> 3) * 8 * padded + 8 * step + (unit & 7);
              assert.equal(other[at], found[at], `step ${step}, unit ${unit} of ${units}`);
              assertClose([found[at]!], [base[unit]! + factor[unit]! * sum], `step ${step}, unit ${unit}`);
            }
          }
          memory.clear();
        }
      }
    }
  },
);
