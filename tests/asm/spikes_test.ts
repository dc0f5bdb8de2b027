import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, assertSameBits, uniformFloats } from "./numbers.ts";
import { drawSpikes, placeSpikes, type SpikeLists } from "./spike_lists.ts";

/** Steps, slots and units of the layer below, units of the layer above (a multiple of 4), and a slot's capacity. */
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 128, 301].flatMap((steps, i) =>
  [1, 2, 7, 17].map((slots, j) => ({
    steps,
    slots,
    below: slots + (j % 2) * 3,
    units: [4, 8, 12, 36][(i + j) % 4]!,
    capacity: steps + (i % 2),
  }))
);

type Size = typeof SIZES[number];

/** Runs a check at every size, with other spikes at each. */
function atEverySize(run: (size: Size, lists: SpikeLists, seed: number) => void): void {
  SIZES.forEach((size, seed) => run(size, drawSpikes(seed, size.slots, size.below, size.steps), seed));
}

testOnBothBuilds("sparseProduct() matches a plain loop with and without a delay", ({ memory }) => {
  atEverySize(({ steps, slots, below, units, capacity }, lists, seed) => {
    for (const delay of [0, 1]) {
      const weights = uniformFloats(seed, below * units), bias = uniformFloats(seed + 1, units);
      const placed = placeSpikes(memory, lists, capacity);
      const written = memory.output(steps * units);
      memory.kernels.sparseProduct(
        placed.unit,
        placed.counts,
        placed.steps,
        placed.values,
        slots,
        capacity,
        delay,
        memory.floats(weights),
        memory.floats(bias),
        written,
        steps,
        units,
      );
      const expected = Float64Array.from({ length: steps * units }, (_, i) => bias[i % units]!);
      for (const { unit, step, value } of lists.spikes) {
        if (step + delay >= steps) continue;
        for (let n = 0; n < units; n++) {
          expected[(step + delay) * units + n]! += value * weights[unit * units + n]!;
        }
      }
      assertClose(memory.floatsAt(written, steps * units), expected, `${steps} × ${slots} × ${units}`);
      memory.clear();
    }
  });
});

testOnBothBuilds("backThroughSpikes() matches a plain loop with and without a delay", ({ memory }) => {
  atEverySize(({ steps, slots, below, units, capacity }, lists, seed) => {
    for (const delay of [0, 1]) {
      const weights = uniformFloats(seed, below * units), before = uniformFloats(seed + 1, below * units);
      const currentGradients = uniformFloats(seed + 2, steps * units);
      const placed = placeSpikes(memory, lists, capacity);
      const spikeGradients = memory.output(slots * capacity), weightGradients = memory.updated(before);
      memory.kernels.backThroughSpikes(
        placed.unit,
        placed.counts,
        placed.steps,
        placed.values,
        spikeGradients,
        slots,
        capacity,
        delay,
        memory.floats(weights),
        weightGradients,
        memory.floats(currentGradients),
        steps,
        units,
      );
      const expected = Float64Array.from(before);
      const found = memory.floatsAt(spikeGradients, slots * capacity);
      for (const { unit, slot, entry, step, value } of lists.spikes) {
        let gradient = 0;
        for (let n = 0; n < units && step + delay < steps; n++) {
          const delta = currentGradients[(step + delay) * units + n]!;
          gradient += weights[unit * units + n]! * delta;
          expected[unit * units + n]! += value * delta;
        }
        assertClose([found[slot * capacity + entry]!], [gradient], `δo of unit ${unit} at step ${step}`);
      }
      assertClose(
        memory.floatsAt(weightGradients, below * units),
        expected,
        `${steps} × ${slots} × ${units}`,
      );
      memory.clear();
    }
  });
});

testOnBothBuilds(
  "spreadSpikes() writes each spike at its step and unit, and 0 elsewhere",
  ({ memory }) => {
    atEverySize(({ steps, slots, below, capacity }, lists) => {
      const units = Math.ceil(below / 4) * 4;
      const placed = placeSpikes(memory, lists, capacity);
      const dense = memory.output(steps * units);
      memory.kernels.spreadSpikes(
        placed.unit,
        placed.counts,
        placed.steps,
        placed.values,
        slots,
        capacity,
        dense,
        steps,
        units,
      );
      const expected = new Float32Array(steps * units);
      for (const { unit, step, value } of lists.spikes) expected[step * units + unit] = value;
      assertSameBits(memory.floatsAt(dense, steps * units), expected, `${steps} × ${slots}`);
      memory.clear();
    });
  },
);

testOnBothBuilds(
  "spikeCoefficients() matches the formula of the exact gradient from spikes",
  ({ memory }) => {
    for (const decay of [0, 0.9, 1]) {
      atEverySize(({ steps, slots, below, capacity }, lists, seed) => {
        const powers = Float32Array.from({ length: steps }, (_, s) => decay ** s);
        const sums = powers.map((_, s) => powers.subarray(0, s + 1).reduce((a, b) => a + b));
        const before = uniformFloats(seed, below);
        const placed = placeSpikes(memory, lists, capacity);
        const biasGradients = memory.updated(before), sampleSums = memory.output(slots);
        memory.kernels.spikeCoefficients(
          placed.unit,
          placed.counts,
          placed.steps,
          placed.values,
          slots,
          capacity,
          memory.floats(powers),
          memory.floats(sums),
          sampleSums,
          biasGradients,
        );
        const expected = Float64Array.from(before);
        const found = memory.floatsAt(placed.values, slots * capacity);
        lists.spikes.forEach(({ slot, unit, entry, step, value }, i) => {
          const next = lists.spikes[i + 1];
          const later = next?.slot === slot ? decay ** (next.step - step) * next.value : 0;
          assertClose(
            [found[slot * capacity + entry]!],
            [value - later],
            `c of unit ${unit} at step ${step}`,
          );
          for (let s = 0; s <= step; s++) expected[unit]! += (value - later) * decay ** s;
        });
        assertClose(memory.floatsAt(biasGradients, below), expected, `${steps} × ${slots}, decay ${decay}`, {
          absolute: 1e-4, // sums of up to 128 × 128 terms
        });
        const added = memory.floatsAt(sampleSums, slots);
        lists.unit.forEach((unit, slot) => {
          assertClose([added[slot]!], [expected[unit]! - before[unit]!], `the sample's sum, slot ${slot}`, {
            absolute: 1e-4,
          });
        });
        memory.clear();
      });
    }
  },
);

testOnBothBuilds("stepCoefficients() gives from δI what spikeCoefficients() gives from δo", ({ memory }) => {
  for (const decay of [0, 0.9, 1].map(Math.fround)) {
    atEverySize(({ steps, slots, capacity }, { spikes }, seed) => {
      const units = 4 * Math.ceil(slots / 4);
      const unit = Array.from({ length: slots }, (_, slot) => slot);
      const lists = { unit, spikes: spikes.map((spike) => ({ ...spike, unit: spike.slot })) };
      const deltas = new Float64Array((steps + 1) * units); // δI: δo at a spike, d times the next step's elsewhere
      const at = new Map(lists.spikes.map(({ slot, step, value }) => [step * units + slot, value]));
      for (let i = steps * units - 1; i >= 0; i--) deltas[i] = at.get(i) ?? decay * deltas[i + units]!;
      const powers = Float32Array.from({ length: steps }, (_, s) => decay ** s);
      const powerSums = powers.map((_, s) => powers.subarray(0, s + 1).reduce((a, b) => a + b));
      const before = uniformFloats(seed, slots);
      const placed = placeSpikes(memory, lists, capacity), other = placeSpikes(memory, lists, capacity);
      const bias = memory.updated(before), otherBias = memory.updated(before);
      const sums = memory.output(slots), otherSums = memory.output(slots);
      const powersAt = memory.floats(powers), powerSumsAt = memory.floats(powerSums);
      // deno-fmt-ignore
      memory.kernels.spikeCoefficients(placed.unit, placed.counts, placed.steps, placed.values, slots, capacity,
        powersAt, powerSumsAt, sums, bias);
      // deno-fmt-ignore
      memory.kernels.stepCoefficients(other.counts, other.steps, other.values, slots, capacity, memory.floats(deltas),
        steps, units, decay, powerSumsAt, otherSums, otherBias);
      const found = memory.floatsAt(other.values, slots * capacity);
      const expected = memory.floatsAt(placed.values, slots * capacity);
      for (const { slot, entry } of lists.spikes) {
        const i = slot * capacity + entry;
        assertClose([found[i]!], [expected[i]!], `c of slot ${slot}`);
      }
      const close = { absolute: 1e-3 }; // sums of up to 128 × 128 terms
      assertClose(memory.floatsAt(otherSums, slots), memory.floatsAt(sums, slots), "sums", close);
      assertClose(memory.floatsAt(otherBias, slots), memory.floatsAt(bias, slots), "bias gradients", close);
      memory.clear();
    });
  }
});
