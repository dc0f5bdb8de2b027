import assert from "node:assert/strict";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import { passesOf, passingOf } from "../../../src/engine/plan/passes.ts";
import { usesOf } from "../../../src/engine/plan/place.ts";
import {
  affine,
  batchNorm,
  conv2d,
  flatten,
  integrator,
  lif,
  maxPool2d,
  network,
} from "../../../src/network/builder.ts";

const spec = network({
  steps: 3,
  input: { shape: [1, 8, 8], encoder: { kind: "constant" } },
  nodes: [
    ...[conv2d(4, 3), batchNorm(), lif(), maxPool2d(2)],
    ...[conv2d(6, 2, { bias: false }), batchNorm(), lif(), flatten()],
    ...[affine(5), integrator()],
  ],
});

Deno.test("passesOf() cuts a plan behind each sum over the batch, forward and back", () => {
  const plan = compilePlan(spec), passes = passesOf(plan), steps = [...plan.forward, ...plan.backward];
  assert.deepEqual(passes.map(({ meeting }) => meeting), [
    { operator: 1, isBack: false },
    { operator: 4, isBack: false },
    { operator: 4, isBack: true },
    { operator: 1, isBack: true },
    undefined,
  ]);
  assert.deepEqual(passes.map(({ from }) => from), [0, ...passes.slice(0, -1).map(({ to }) => to)]);
  assert.equal(passes.at(-1)!.to, steps.length);
  for (const { to, meeting } of passes) {
    if (meeting) assert.match(steps[to - 1]!.kind, meeting.isBack ? /^operatorGradient$/ : /^sumBatch$/);
  }
});

Deno.test("passingOf() has what one pass alone uses, and nothing where there is one pass", () => {
  const plan = compilePlan(spec), { values, populations } = passingOf(plan);
  const steps = [...plan.forward, ...plan.backward];
  const passOf = (i: number) => passesOf(plan).findIndex(({ to }) => i < to);
  for (const { index, node, gradientOf } of plan.values) {
    const passes = new Set(steps.flatMap((step, i) => usesOf(plan, step).includes(index) ? [passOf(i)] : []));
    assert.equal(values.has(index), passes.size === 1, `${node}, value ${index}, gradient of ${gradientOf}`);
  }
  // The first layer spikes in the second pass, and goes back in the fourth.
  assert.deepEqual([...populations], [1]);
  assert.ok(!values.has(plan.populations[0]!.output) && values.has(plan.populations[1]!.output));
  assert.ok(plan.values.some(({ index, gradientOf }) => gradientOf !== undefined && values.has(index)));
  const plain = compilePlan(network({
    steps: 3,
    input: { shape: [8], encoder: { kind: "constant" } },
    nodes: [affine(5), lif(), affine(5), integrator()],
  }));
  assert.deepEqual(passingOf(plain), { values: new Set(), populations: new Set() });
});
