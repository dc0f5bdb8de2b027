import assert from "node:assert/strict";
import { draw, drawKey, STREAM } from "../../src/random.ts";
import { testOnBothBuilds } from "./both_builds.ts";
import type { KernelMemory } from "./kernel_memory.ts";
import { uniformFloats } from "./numbers.ts";

/** The scale of features, as for the noise encoder. */
const SCALE = 2 ** -16;

/** A layer with noise-coded inputs: x `[inputs]`, W `[units, inputs]`, b `[units]`. */
interface Case {
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly b: Float32Array;
  readonly units: number;
  readonly inputs: number;
  readonly steps: number;
  readonly decay: number;
  readonly threshold: number;
  readonly bound: number;
}

/** g_t and q_t for every step. */
function gainsOf({ steps, decay }: Case): { gain: number; deviation: number }[] {
  let gain = 0, squares = 0;
  return Array.from({ length: steps }, (_, step) => {
    gain += decay ** step;
    squares += decay ** (2 * step);
    return { gain, deviation: Math.sqrt(squares) };
  });
}

/** The maximum of mean·g_t + bound·σ·q_t over the steps, for each unit. The kernel lists units where it is above θ. */
function highestOf(layer: Case): number[] {
  const { x, w, b, units, inputs, bound } = layer;
  return Array.from({ length: units }, (_, n) => {
    let mean = b[n]!, variance = 0;
    for (let k = 0; k < inputs; k++) {
      mean += w[n * inputs + k]! * x[k]! / 2;
      variance += (w[n * inputs + k]! * x[k]!) ** 2 / 12;
    }
    const at = gainsOf(layer).map(({ gain, deviation }) =>
      mean * gain + bound * Math.sqrt(variance) * deviation
    );
    return Math.max(...at);
  });
}

/** The units that the kernel lists, padded to a multiple of 8. */
function chosenUnits(memory: KernelMemory, layer: Case): { count: number; listed: number[] } {
  const { x, w, b, units, inputs, steps, threshold, bound } = layer;
  const rows = 4 * Math.ceil(units / 4), padded = 4 * Math.ceil(steps / 4);
  const weights = new Float32Array(rows * inputs).fill(NaN), bias = new Float32Array(rows).fill(NaN);
  weights.set(w);
  bias.set(b);
  const gains = gainsOf(layer);
  const repeated = Array.from({ length: padded }, (_, step) => gains[Math.min(step, steps - 1)]!);
  const selected = memory.output(8 * Math.ceil(units / 8));
  const count = memory.kernels.selectUnits(
    memory.floats(x.map((value) => value * SCALE)),
    SCALE,
    memory.floats(weights),
    memory.floats(bias),
    units,
    inputs,
    memory.floats(repeated.map(({ gain }) => gain)),
    memory.floats(repeated.map(({ deviation }) => deviation)),
    steps,
    threshold,
    bound,
    selected,
  );
  const listed = [...memory.integersAt(selected, 8 * Math.ceil(count / 8))];
  memory.clear();
  return { count, listed };
}

testOnBothBuilds("selectUnits() lists the units whose Z is below the bound at some step", ({ memory }) => {
  let listed = 0, leftOut = 0;
  for (const inputs of [4, 8, 12, 36, 784]) {
    for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9, 128]) {
      for (const units of [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17]) {
        const seed = inputs + 1000 * steps + 1_000_000 * units;
        const layer = {
          ...{ units, inputs, steps, decay: 0.9, bound: 1.5, threshold: units % 2 === 0 ? 2 : -0.3 },
          x: uniformFloats(seed, inputs),
          w: uniformFloats(seed + 1, units * inputs, 2 / Math.sqrt(inputs)),
          b: uniformFloats(seed + 2, units, 0.3),
        };
        const highest = highestOf(layer);
        // Within 1e-4 of the threshold, rounding would decide.
        if (highest.some((value) => Math.abs(value - layer.threshold) < 1e-4)) continue;
        const expected = highest.flatMap((value, n) => value > layer.threshold ? [n] : []);
        const padding = new Array((8 - expected.length % 8) % 8).fill(units); // a row of zeros
        const found = chosenUnits(memory, layer);
        assert.deepEqual(
          found,
          { count: expected.length, listed: [...expected, ...padding] },
          `${steps} × ${inputs} × ${units}`,
        );
        listed += expected.length;
        leftOut += units - expected.length;
      }
    }
  }
  assert.ok(listed > 1000 && leftOut > 1000, `${listed} were listed, ${leftOut} left out`);
});

testOnBothBuilds(
  "selectUnits() leaves out units that spike at a rate of at most exp(−Z²/2)",
  ({ memory }) => {
    // The bound is far below the engine's, so that some spikes are missed: Z = 1.5 allows 32 % at each step.
    const layer = {
      ...{ inputs: 8, steps: 6, units: 16, decay: 0.9, threshold: 1, bound: 1.5 },
      w: uniformFloats(1, 16 * 8),
      b: uniformFloats(2, 16, 0.2),
      x: uniformFloats(3, 8),
    };
    const { inputs, steps, units, decay, threshold, w, b, x } = layer;
    const { count, listed } = chosenUnits(memory, layer);
    assert.ok(count > 0 && count < units, "some are listed, some are not");

    let spikes = 0, chances = 0;
    for (let sample = 0; sample < 400; sample++) {
      const key = drawKey(9, STREAM.training, 1, sample);
      for (let n = 0; n < units; n++) {
        if (listed.includes(n)) continue;
        let u = 0;
        for (let step = 0; step < steps; step++) { // to the first spike: no reset before it
          u = decay * u + b[n]!;
          for (let k = 0; k < inputs; k++) u += w[n * inputs + k]! * x[k]! * draw(key, step, k);
          chances++;
          if (u > threshold) {
            spikes++;
            break;
          }
        }
      }
    }
    assert.ok(spikes > 0, "the bound is too high to miss a spike");
    assert.ok(spikes / chances <= Math.exp(-(layer.bound ** 2) / 2), `${spikes} of ${chances}`);
  },
);

testOnBothBuilds(
  "selectUnits() keeps units without noise whose mean is above the threshold",
  ({ memory }) => {
    const layer = {
      ...{ inputs: 4, steps: 9, units: 9, decay: 0.5, threshold: 1, bound: 8 },
      w: uniformFloats(1, 36),
      b: Float32Array.from({ length: 9 }, (_, n) => 0.1 * (n + 1)), // u' climbs to 2b
      x: new Float32Array(4),
    };
    assert.deepEqual(chosenUnits(memory, layer).listed, [5, 6, 7, 8, 9, 9, 9, 9]);
  },
);
