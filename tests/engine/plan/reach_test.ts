import assert from "node:assert/strict";
import { lower } from "../../../src/engine/plan/lower.ts";
import { activeValues } from "../../../src/engine/plan/reach.ts";
import { readersOf } from "../../../src/engine/plan/readers.ts";
import { affine, graphOfNodes, type GraphWords, type NodeWords } from "./plan_words.ts";

const lif = { id: "lif", kind: "lif" }, out = { id: "out", kind: "integrator" };

/** Nodes whose outputs have gradients. */
function activeOf(nodes: readonly NodeWords[], graph: GraphWords = {}): string[] {
  const draft = lower(graphOfNodes(nodes, graph)), active = activeValues(draft);
  return [...draft.products, ...draft.operators, ...draft.populations]
    .flatMap(({ node, output }) => active.has(output) ? [node] : []).toSorted();
}

Deno.test("activeValues() are behind something learned and before the loss", () => {
  assert.deepEqual(activeOf([affine("a"), lif, affine("b"), out]), ["a", "b", "lif", "out"]);
  // Nothing before is learned.
  assert.deepEqual(activeOf([lif, affine("b"), out]), ["b", "out"]);
  assert.deepEqual(activeOf([{ ...lif, trainable: ["decay"] }, affine("b"), out]), ["b", "lif", "out"]);
  assert.deepEqual(activeOf([{ id: "delay", kind: "delay" }, out]), []);
  assert.deepEqual(activeOf([{ id: "scale", kind: "scale" }, out]), ["out", "scale"]);
  // No readout reads the branch.
  assert.deepEqual(
    activeOf([affine("a"), lif, affine("b"), out, affine("c", "lif")], { readout: { node: "out" } }),
    [
      ...["a", "b", "lif", "out"],
    ],
  );
});

Deno.test("activeValues() counts rates as a loss of their own", () => {
  const nodes = [affine("a"), lif, affine("b"), out, affine("c", "lif"), { ...lif, id: "held" }];
  const readout = { node: "out" };
  assert.deepEqual(activeOf(nodes, { readout, rate: { target: 0, weight: 1 } }), [
    "a",
    "b",
    "c",
    "held",
    "lif",
    "out",
  ]);
  assert.deepEqual(activeOf(nodes, { readout }), ["a", "b", "lif", "out"]);
});

Deno.test("activeValues() goes round loops", () => {
  const loop = [affine("a", ["input", "second@1"]), lif, affine("b"), { ...lif, id: "second" }];
  assert.deepEqual(activeOf(loop, { readout: { node: "lif" } }), ["a", "b", "lif", "second"]);
  // What is learned comes back to what is read.
  const late = [{ ...lif, from: ["input", "b@1"] }, affine("b", "lif")];
  assert.deepEqual(activeOf(late, { readout: { node: "lif" } }), ["b", "lif"]);
});

Deno.test("readersOf() has every reader of a value, with its delay", () => {
  const draft = lower(graphOfNodes([
    ...[affine("a"), lif, affine("b", "lif@1"), affine("c", ["lif", "lif@3"])],
    { ...out, from: ["b", "c", "lif"] },
  ]));
  const spikes = draft.populations[0]!.output;
  assert.deepEqual(
    readersOf(draft).get(spikes)!.map(({ step, delay }) => [step.kind, delay]),
    [["matmul", 1], ["sum", 0], ["sum", 3], ["sum", 0]],
  );
});
