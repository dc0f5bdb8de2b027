import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import type { KernelMemory } from "./kernel_memory.ts";
import { INPUTS, layOutForMatmul } from "./matmul_layout.ts";
import { assertSameBits, uniformFloats, upTo } from "./numbers.ts";
import type { MultiplyAdd } from "./rounding.ts";

/** A layer and a sample with inputs x ⊙ X: X `[steps, inputs]`, x `[inputs]`, W `[units, inputs]`, b `[units]`. */
interface Case {
  readonly steps: number;
  readonly inputs: number;
  readonly units: number;
  readonly x: Float32Array;
  readonly features: Float32Array;
  readonly w: Float32Array;
  readonly b: Float32Array;
}

function caseOf(steps: number, inputs: number, units: number): Case {
  const seed = steps + 1000 * inputs + 1_000_000 * units;
  return {
    steps,
    inputs,
    units,
    x: uniformFloats(seed, steps * inputs),
    features: uniformFloats(seed + 3, inputs),
    w: uniformFloats(seed + 1, units * inputs),
    b: uniformFloats(seed + 2, units),
  };
}

/** Packs `selected` rows and multiplies with both tiles. @returns The currents `[steps, selected]`. */
function multiplied(memory: KernelMemory, c: Case, selected: readonly number[]): Float32Array {
  const byShuffle = multipliedBy("matmulF32", memory, c, selected);
  const byLoad = multipliedBy("matmulF32Loads", memory, c, selected);
  assertSameBits(byLoad, byShuffle, "the tile changes no bit");
  return byShuffle;
}

function multipliedBy(
  tile: "matmulF32" | "matmulF32Loads",
  memory: KernelMemory,
  c: Case,
  selected: readonly number[],
): Float32Array {
  const { kernels } = memory;
  const { steps, inputs, units } = c;
  const padded = Math.ceil(steps / 4) * 4;
  const panelCount = Math.ceil(selected.length / 8);
  const slots = upTo(8 * panelCount).map((i) => selected[i] ?? units); // past the last unit: the row of zeros
  const features = memory.floats(c.features);
  const weights = memory.floats([...c.w, ...new Float32Array(inputs)]);
  const bias = memory.floats([...c.b, 0]);
  const panels = memory.output(8 * panelCount * inputs), packedBias = memory.output(8 * panelCount);
  kernels.packPanels(features, weights, bias, memory.integers(slots), panelCount, panels, packedBias, inputs);

  const x = layOutForMatmul(steps, inputs, (step, input) => c.x[step * inputs + input] ?? 0);
  const at = memory.output(8 * panelCount * padded);
  kernels[tile](memory.floats(x), panels, packedBias, at, padded, inputs, selected.length);
  const currents = memory.floatsAt(at, 8 * panelCount * padded);
  memory.clear();
  return Float32Array.from({ length: steps * selected.length }, (_, i) => {
    const step = Math.floor(i / selected.length), slot = i % selected.length;
    return currents[(slot >> 3) * 8 * padded + 8 * step + (slot & 7)]!;
  });
}

/** I[t, n] = b[n] + Σ_k X[t, k]·(x[k]·W[n, k]) in ascending order of k, rounded as the build rounds. */
function plainLoop(
  { steps, inputs, x, features, w, b }: Case,
  selected: readonly number[],
  madd: MultiplyAdd,
): Float32Array {
  return Float32Array.from({ length: steps * selected.length }, (_, i) => {
    const step = Math.floor(i / selected.length), unit = selected[i % selected.length]!;
    let sum = b[unit]!;
    for (let k = 0; k < inputs; k++) {
      sum = madd(x[step * inputs + k]!, Math.fround(features[k]! * w[unit * inputs + k]!), sum);
    }
    return sum;
  });
}

testOnBothBuilds(
  "packPanels() writes each selected row times the features, and its bias, into its lane",
  ({ memory }) => {
    for (const inputs of INPUTS) {
      for (const panelCount of [1, 2, 3]) {
        const units = 19;
        const w = uniformFloats(inputs, units * inputs), b = uniformFloats(inputs + 1, units);
        const features = uniformFloats(inputs + 2, inputs);
        const selected = upTo(8 * panelCount).map((i) => (7 * i + 3) % units);
        const panels = memory.output(8 * panelCount * inputs), packedBias = memory.output(8 * panelCount);
        memory.kernels.packPanels(
          memory.floats(features),
          memory.floats(w),
          memory.floats(b),
          memory.integers(selected),
          panelCount,
          panels,
          packedBias,
          inputs,
        );
        const expected = new Float32Array(8 * panelCount * inputs);
        selected.forEach((unit, slot) => {
          for (let k = 0; k < inputs; k++) {
            expected[(slot >> 3) * 8 * inputs + 8 * k + (slot & 7)] = features[k]! * w[unit * inputs + k]!;
          }
        });
        assertSameBits(memory.floatsAt(panels, expected.length), expected, `${panelCount} panels`);
        assert.deepEqual([...memory.floatsAt(packedBias, selected.length)], selected.map((unit) => b[unit]!));
        memory.clear();
      }
    }
  },
);

testOnBothBuilds(
  "matmulF32() gives the bits of a plain loop at every remainder of steps and units",
  ({ memory, madd }) => {
    for (const inputs of [4, 8, 12, 36]) {
      for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        for (let units = 1; units <= 17; units++) {
          const c = caseOf(steps, inputs, units);
          const found = multiplied(memory, c, upTo(units));
          assertSameBits(found, plainLoop(c, upTo(units), madd), `${steps} × ${inputs} × ${units}`);
        }
      }
    }
  },
);

testOnBothBuilds(
  "matmulF32() gives the bits of a plain loop at the notebook's size",
  ({ memory, madd }) => {
    for (const [steps, units] of [[128, 3], [9, 17], [5, 100]] as const) {
      const c = caseOf(steps, 784, units);
      assertSameBits(
        multiplied(memory, c, upTo(units)),
        plainLoop(c, upTo(units), madd),
        `${steps} × 784 × ${units}`,
      );
    }
  },
);

testOnBothBuilds(
  "matmulF32() gives a unit the same bits at any place in a panel, beside any neighbours",
  ({ memory }) => {
    const c = caseOf(7, 36, 17);
    const all = multiplied(memory, c, upTo(17));
    for (let unit = 0; unit < 17; unit++) {
      for (let slot = 0; slot < 11; slot++) {
        const selected = upTo(11).map((i) => i === slot ? unit : (unit + 5 * i + 1) % 17);
        const found = multiplied(memory, c, selected);
        for (let step = 0; step < 7; step++) {
          assert.ok(
            Object.is(found[step * 11 + slot], all[step * 17 + unit]),
            `unit ${unit} in slot ${slot} at step ${step}`,
          );
        }
      }
    }
  },
);

testOnBothBuilds(
  "matmulListed() leaves out inputs that are 0 at every step, with the bits of matmulF32()",
  ({ memory }) => {
    const { kernels } = memory;
    for (const steps of [1, 4, 7, 25]) {
      for (const inputs of [4, 12, 36]) {
        for (const units of [4, 8, 12, 20]) {
          for (const least of [-2, 0.2, 2]) { // all, some, none
            const padded = Math.ceil(steps / 4) * 4, panelCount = Math.ceil(units / 8);
            const inUse = uniformFloats(inputs + units, inputs).map((value) => value > least ? 1 : 0);
            const rows = new Float32Array(padded * inputs);
            rows.set(
              uniformFloats(steps, steps * inputs).map((value, i) => inUse[i % inputs] === 1 ? value : 0),
            );
            const rowsAt = memory.floats(rows),
              x = memory.output(padded * inputs),
              list = memory.output(inputs);
            kernels.encodeDirect(rowsAt, x, padded, inputs);
            const count = kernels.listColumnsInUse(rowsAt, steps, inputs, list);
            const expected = upTo(inputs).filter((k) => inUse[k] === 1).map((k) => 16 * k);
            assert.deepEqual([...memory.integersAt(list, count)], expected);
            const panels = memory.floats(uniformFloats(units, panelCount * inputs * 8));
            const bias = memory.floats(uniformFloats(units + 1, panelCount * 8));
            const [whole, listed] = [1, 2].map(() =>
              memory.updated(new Float32Array(panelCount * padded * 8))
            );
            kernels.matmulF32(x, panels, bias, whole!, padded, inputs, units);
            kernels.matmulListed(list, count, x, panels, bias, listed!, padded, inputs, units);
            const numbers = (at: number) =>
              memory.floatsAt(at, panelCount * padded * 8).filter((_, i) =>
                8 * Math.floor(i / (padded * 8)) + i % 8 < units
              );
            assertSameBits(numbers(listed!), numbers(whole!), `${steps} steps, ${inputs} × ${units}`);
            memory.clear();
          }
        }
      }
    }
  },
);
