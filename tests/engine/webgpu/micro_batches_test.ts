import assert from "node:assert/strict";
import fc from "fast-check";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import { cutBatch, memoryNeedOf, partsOf } from "../../../src/engine/webgpu/micro_batches.ts";
import { notebookNetwork } from "../../../src/network/presets.ts";

const planOf = (steps: number, hidden = 20) =>
  compilePlan(notebookNetwork({ inputs: 30, hidden, classes: 4, steps }));

Deno.test("cutBatch() puts each sample into one micro-batch of whole reduction groups that fits", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 1200 }),
      fc.constantFrom(1, 2, 7, 128, 1500),
      fc.constantFrom(20, 60_000),
      (count, most, steps, hidden) => {
        const { samples, reductionGroups, microBatches } = cutBatch(count, planOf(steps, hidden), most);
        assert.ok(samples <= most);
        assert.equal(samples % reductionGroups, 0);
        let next = 0;
        for (const [from, to] of microBatches) {
          assert.equal(from, next);
          assert.ok(to > from && to - from <= samples);
          next = to;
        }
        assert.equal(next, count);
      },
    ),
    { seed: 4, numRuns: 500 },
  );
});

Deno.test("cutBatch() pads with less than one sample per reduction group", () => {
  for (const count of [1, 37, 1000, 1025]) {
    const { samples, reductionGroups, microBatches } = cutBatch(count, planOf(1), 5000);
    assert.equal(microBatches.length, 1);
    assert.ok(samples - count < reductionGroups, `${count}: ${samples} in ${reductionGroups}`);
  }
});

Deno.test("memoryNeedOf() counts the inputs of every step, the layers' arrays and the reduction groups' gradients", () => {
  const { total, buffers } = memoryNeedOf(planOf(128), 16);
  const bytes = Object.fromEntries(buffers.map((buffer) => [buffer.what, buffer.bytes / 4]));
  assert.deepEqual(bytes, {
    "one layer's weights": 3 * 30 * 20,
    "the parts of one layer's gradient": 2 * 30 * 20, // 16 · 128 rows are two reduction groups
    "the inputs of all steps": 16 * 128 * 30,
    "the states of all steps": 16 * (3 * 128 + 1) * 20,
  });
  assert.ok(total > buffers.reduce((sum, buffer) => sum + buffer.bytes, 0));
});

Deno.test("partsOf() cuts rows into equal parts, of few rows for many steps if memory allows", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.constantFrom(20, 60_000),
      (count, steps, hidden) => {
        const plan = planOf(steps, hidden), { samples, reductionGroups } = cutBatch(count, plan, 400);
        const parts = partsOf(plan, samples, reductionGroups);
        assert.equal(samples * steps % parts, 0);
        assert.equal(parts % reductionGroups, 0);
        if (steps <= 128) assert.equal(parts, reductionGroups);
        const bytes = 4 * parts * 30 * hidden;
        assert.ok(parts === reductionGroups || bytes <= 32 * 2 ** 20, `${bytes} bytes`);
      },
    ),
    { seed: 4, numRuns: 300 },
  );
  assert.equal(partsOf(planOf(4096), 1, 1), 64);
});
