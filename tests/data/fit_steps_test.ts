import assert from "node:assert/strict";
import { fitSteps, longestOf } from "../../src/data/fit_steps.ts";

const SAMPLES = {
  name: "s",
  count: 2,
  size: 6,
  steps: 3,
  features: Float32Array.of(1, 2, 3, 4, NaN, NaN, 5, 6, NaN, NaN, NaN, NaN),
  lengths: Uint16Array.of(2, 1),
  labels: Uint8Array.of(0, 1),
};

Deno.test("fitSteps() pads sequences with lengths to the given number of steps", () => {
  const wide = fitSteps(SAMPLES, 4);
  assert.deepEqual([wide.size, wide.steps, wide.lengths], [8, 4, SAMPLES.lengths]);
  assert.deepEqual(wide.features, Float32Array.of(1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 0, 0, 0, 0, 0, 0));
  assert.ok(wide.features.buffer instanceof SharedArrayBuffer);
  assert.deepEqual(fitSteps(SAMPLES, 2).features, Float32Array.of(1, 2, 3, 4, 5, 6, 0, 0));
  const bytes = fitSteps({ ...SAMPLES, features: Uint8Array.from(SAMPLES.features) }, 2);
  assert.deepEqual(bytes.features, Uint8Array.of(1, 2, 3, 4, 5, 6, 0, 0));
});

Deno.test("fitSteps() does not change samples that have no lengths, fit, or are longer", () => {
  assert.equal(longestOf(SAMPLES), 2);
  assert.equal(fitSteps(SAMPLES, 1), SAMPLES);
  assert.equal(fitSteps(SAMPLES, 3), SAMPLES);
  const { lengths: _, ...whole } = SAMPLES;
  assert.equal(longestOf(whole), 3);
  assert.equal(fitSteps(whole, 4), whole);
});
