import assert from "node:assert/strict";
import {
  affine,
  avgPool2d,
  batchNorm,
  conv2d,
  flatten,
  integrator,
  lif,
  maxPool2d,
  network,
  type NodeDescription,
  sumPool2d,
} from "../../src/network/builder.ts";
import { foldBatchNorm } from "../../src/network/fold.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf, startEngine } from "../engine/batches.ts";
import { drawForGraph } from "../graph/drawn_graphs.ts";

function drawnModel(...nodes: readonly NodeDescription[]) {
  const spec = network({
    steps: 3,
    input: { shape: [2, 8, 9] },
    nodes: [...nodes, flatten(), affine(5), batchNorm({ id: "last" }), integrator()],
  });
  const { parameters, samples } = drawForGraph(spec, 5, 20);
  const positive = parameters.get("norm.weight");
  positive?.forEach((value, i) => positive[i] = Math.abs(value));
  return { model: { spec, parameters, metadata: {} }, samples };
}

/** What lies between a convolution and its normalisation. */
const CHAINS: Readonly<Record<string, readonly NodeDescription[]>> = {
  "nothing": [conv2d(3, 3)],
  "no bias, groups": [conv2d(4, 3, { bias: false, groups: 2 })],
  "a maximum with padding": [conv2d(3, 3), maxPool2d(2, { padding: 1 })],
  "a mean": [conv2d(3, 3), avgPool2d(2)],
  "sums of sums": [conv2d(3, 3, { bias: false }), sumPool2d(2), sumPool2d([1, 2])],
};

for (const [name, chain] of Object.entries(CHAINS)) {
  Deno.test(`foldBatchNorm() gives a model that answers alike: ${name}`, async () => {
    const { model, samples } = drawnModel(...chain, batchNorm({ id: "norm" }), lif());
    const folded = foldBatchNorm(model), answers = [];
    assert.ok(folded.spec.nodes.every(({ kind }) => kind !== "batchNorm"));
    for (const { spec, parameters } of [model, folded]) {
      using engine = await startEngine({ spec, batchSize: 20 });
      await engine.setParameters(parameters);
      answers.push(await engine.classify(batchOf(samples)));
    }
    assert.deepEqual(answers[1]!.spikes, answers[0]!.spikes);
    assertClose(answers[1]!.logits, answers[0]!.logits, "logits");
  });
}

Deno.test("foldBatchNorm() leaves a normalisation that is not the operator's alone, or not linear in it", () => {
  const norm = batchNorm({ id: "norm" });
  const kept = (...nodes: readonly NodeDescription[]) =>
    foldBatchNorm(drawnModel(...nodes).model).spec.nodes.filter(({ kind }) => kind === "batchNorm").map((
      { id },
    ) => id);
  assert.deepEqual(kept(conv2d(3, 3, { id: "c" }), norm, lif()), []);
  assert.deepEqual(kept(lif(), norm, lif()), ["norm"]);
  assert.deepEqual(kept(conv2d(3, 3), avgPool2d(2, { padding: 1 }), norm, lif()), ["norm"]);
  assert.deepEqual(kept(conv2d(3, 3, { id: "c" }), { ...norm, from: { node: "c", delay: 1 } }, lif()), [
    "norm",
  ]);
  assert.deepEqual(kept(conv2d(3, 3, { id: "c" }), norm, lif({}, { from: ["norm", "c"] })), ["norm"]);
  const { model } = drawnModel(conv2d(3, 3), maxPool2d(2), norm, lif());
  model.parameters.get("norm.weight")![1] = -0.5;
  assert.ok(foldBatchNorm(model).spec.nodes.some(({ id }) => id === "norm"));
});
