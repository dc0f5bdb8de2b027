import assert from "node:assert/strict";
import fc from "fast-check";
import { splitSamples } from "../../src/training/split.ts";

Deno.test("splitSamples() puts each selected sample on one side, by the seed alone", () => {
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 400 }),
    fc.nat(1000),
    fc.option(fc.integer({ min: 2, max: 500 }), { nil: undefined }),
    fc.integer({ min: 1, max: 99 }),
    (count, seed, limit, percent) => {
      const taken = Math.min(limit ?? count, count), validation = percent / 100;
      const held = Math.round(validation * taken);
      fc.pre(held >= 1 && held < taken);
      const options = { seed, validation, ...(limit !== undefined && { limit }) };
      const split = splitSamples(count, options);
      assert.equal(split.validation.length, held);
      const all = [...split.training, ...split.validation];
      assert.equal(all.length, taken);
      assert.equal(new Set(all).size, taken);
      assert.ok(all.every((index) => index < count));
      assert.deepEqual(splitSamples(count, options), split);
      // It selects the same samples with and without a held-back share.
      assert.deepEqual(
        new Set(splitSamples(count, { seed, ...(limit !== undefined && { limit }) }).training),
        new Set(all),
      );
    },
  ));
});

Deno.test("splitSamples() holds back other samples with another seed", () => {
  const held = (seed: number) => String(splitSamples(100, { seed, validation: 0.2 }).validation);
  assert.notEqual(held(0), held(1));
});

Deno.test("splitSamples() refuses a share that leaves one side empty", () => {
  for (const [count, validation] of [[10, 0.01], [10, 0.99], [1, 0.5], [1, 0.4]] as const) {
    assert.throws(() => splitSamples(count, { seed: 0, validation }), {
      name: "OptionError",
      message: new RegExp(`^a validation share of ${validation}: of ${count} samples`),
    });
  }
});
