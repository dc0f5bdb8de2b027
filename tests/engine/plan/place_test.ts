import assert from "node:assert/strict";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import { placeValues } from "../../../src/engine/plan/place.ts";
import { integrator, layer, lif, network } from "../../../src/network/builder.ts";

const deep = network({
  inputs: 6,
  steps: 5,
  encoder: { kind: "direct" },
  layers: [...Array.from({ length: 6 }, () => layer(8, lif())), layer(3, integrator())],
  readout: { from: "state", reduce: "max" },
});

Deno.test("placeValues() gives memory of values whose use is over to later ones", () => {
  const plan = compilePlan(deep);
  const sizes = plan.values.map(({ index, units }) => index === plan.input ? 0 : 16 * units);
  const { offsets, size } = placeValues(plan, sizes);
  const all = sizes.reduce((sum, value) => sum + value, 0);
  assert.ok(size < all / 2, `${size} of ${all}`);
  // Outputs are read by the weights' gradients: they are all there at the end of the forward pass, in places of their own.
  const kept = plan.populations.map(({ output }) => output).toSorted((a, b) => offsets[a]! - offsets[b]!);
  kept.slice(1).forEach((value, i) => {
    const before = kept[i]!;
    assert.ok(offsets[before]! + sizes[before]! <= offsets[value]!, `${before} and ${value}`);
  });
});

Deno.test("placeValues() keeps every value of the forward pass apart where states are recorded", () => {
  const plan = compilePlan(deep, { recordStates: true });
  const sizes = plan.values.map(({ index, units }) => index === plan.input ? 0 : 16 * units);
  const { offsets } = placeValues(plan, sizes);
  const forward = plan.values.filter(({ index, gradientOf }) => sizes[index]! > 0 && gradientOf === undefined)
    .toSorted((a, b) => offsets[a.index]! - offsets[b.index]!);
  forward.slice(1).forEach(({ index }, i) => {
    const before = forward[i]!.index;
    assert.ok(offsets[before]! + sizes[before]! <= offsets[index]!, `${before} and ${index}`);
  });
});

Deno.test("placeValues() has every placed value begin once, and none of no size", () => {
  const plan = compilePlan(deep);
  const sizes = plan.values.map(({ index, units }) => index === plan.input || index === 3 ? 0 : units);
  const { offsets, begins } = placeValues(plan, sizes);
  const begun = begins.flat();
  assert.equal(new Set(begun).size, begun.length);
  assert.deepEqual(
    begun.toSorted((a, b) => a - b),
    [...offsets.keys()].filter((value) => offsets[value] !== undefined),
  );
  assert.equal(offsets[3], undefined);
});

Deno.test("placeValues() gives each value memory of its own where all of them are small together", () => {
  const plan = compilePlan(deep);
  const sizes = plan.values.map(({ index, units }) => index === plan.input ? 0 : 16 * units);
  const all = sizes.reduce((sum, value) => sum + value, 0);
  const apart = placeValues(plan, sizes, all);
  assert.equal(apart.isShared, false);
  const placed = [...apart.offsets.keys()].filter((value) => apart.offsets[value] !== undefined);
  assert.equal(apart.size, placed.reduce((sum, value) => sum + sizes[value]!, 0));
  assert.equal(placeValues(plan, sizes, all - 1).isShared, true);
});
