import assert from "node:assert/strict";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import { MOST_PLAIN } from "../../../src/engine/plan/differentiate.ts";
import { instantiate } from "../../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../../src/engine/wasm/load.ts";
import {
  affine,
  backwardInWords,
  graphOfNodes,
  type GraphWords,
  type NodeWords,
  planInWords,
  type Words,
} from "./plan_words.ts";

const lif = { id: "lif", kind: "lif" }, graded = { id: "graded", kind: "graded" };
const out = { id: "out", kind: "integrator" }, scale = { id: "scale", kind: "scale" };
const RATE = { rate: { target: 0.1, weight: 1 } };

function assertBackward(nodes: readonly NodeWords[], graph: GraphWords, ...expected: Words): void {
  assert.deepEqual(backwardInWords(graphOfNodes(nodes, graph)), expected);
}

Deno.test("differentiate() sums what comes back along each edge, as many steps earlier as its delay", () => {
  assertBackward(
    [affine("a"), affine("b", ["a", "input@2"]), { ...out, from: ["a", "b@1"] }],
    {},
    ...["δb = δout@-1", "weightGradient b", "matmulBack b → δΣb", "δa = δΣb + δout", "weightGradient a"],
  );
  assertBackward(
    [affine("a"), { ...out, from: ["a", "a", "a@3"] }],
    {},
    ...["δa = δout + δout + δout@-3", "weightGradient a"],
  );
  assertBackward(
    [affine("a"), lif, affine("b", "lif@1"), affine("c", "lif@2"), { ...out, from: ["b", "c"] }],
    {},
    ...["weightGradient c", "matmulBack c → δΣc", "weightGradient b", "matmulBack b → δlif"],
    ...["δlif = δlif + δΣc@-2", "scanBack lif", "weightGradient a"],
  );
});

Deno.test("differentiate() goes back through operators, to those with learned tensors and no further", () => {
  const delay = { id: "delay", kind: "delay" };
  assertBackward(
    [scale, delay, affine("a"), { ...scale, id: "after" }, { ...delay, id: "last" }, out],
    {},
    ...[
      "operateBack last",
      "operatorGradient after",
      "operateBack after",
      "weightGradient a",
      "matmulBack a → δdelay",
    ],
    ...["operateBack delay", "operatorGradient scale"],
  );
  assertBackward([{ id: "mid", kind: "integrator" }, delay, affine("a"), out], {}, "weightGradient a");
});

Deno.test("differentiate() leaves out what leads to no loss", () => {
  assertBackward(
    [affine("a"), lif, affine("unread", "lif"), { ...lif, id: "other" }, affine("b", "lif"), out],
    {},
    ...["weightGradient b", "matmulBack b → δlif", "scanBack lif", "weightGradient a"],
  );
  // All that comes behind the readout.
  assertBackward([affine("a"), out, affine("b"), lif], { readout: { node: "out" } }, "weightGradient a");
});

Deno.test("differentiate() hands back one row in shares where a readout is linear, and rows to those that add to it", () => {
  const chain = [affine("a"), lif, affine("b"), out];
  const backward = (nodes: readonly NodeWords[], graph: GraphWords = {}) =>
    planInWords(graphOfNodes(nodes, { ...graph, readout: { reduce: "mean", ...graph.readout } })).backward;
  assert.deepEqual(backward(chain), ["readProductBack b → δweighed lif", "scanBack lif", "weightGradient a"]);
  assert.deepEqual(backward(chain, RATE), [
    ...["readProductBack b → δweighed lif", "spreadRow → δlif", "rateBack lif → δlif", "scanBack lif"],
    "weightGradient a",
  ]);
});

Deno.test("differentiate() and the kernels mean the same by a plain sum over steps", async () => {
  const { module } = await loadKernels();
  assert.equal(MOST_PLAIN, instantiate(module).mostPlain());
});

Deno.test("differentiate() sums the gradient of a row over all steps", () => {
  assertBackward(
    [affine("a"), affine("b", "input"), { ...lif, from: ["a", "b"] }, { ...out, from: ["lif", "a", "b@1"] }],
    { encoder: "constant" },
    ...["scanBack lif", "δb = δlif + δout@-1", "rowGradient b", "δa = δlif + δout", "rowGradient a"],
  );
});

Deno.test("differentiate() goes back to spikes alone where one product, and only it, reads exact neurons", () => {
  const exact = ["spikesBack b graded", "coefficients a graded", "traceGradient a graded"];
  assertBackward([affine("a"), graded, affine("b"), out], {}, ...exact);
  assertBackward([affine("a"), graded, affine("b", "graded@1"), out], {}, ...exact);
  assertBackward([affine("a"), graded, affine("b"), out], { encoder: "noise" }, ...exact);
  const rest = ["scanBack graded", "weightGradient a"];
  assertBackward(
    [affine("a"), graded, affine("b", "graded@2"), out],
    {},
    ...["weightGradient b", "matmulBack b → δΣb", "δgraded = δΣb@-2", ...rest],
  );
  assertBackward(
    [affine("a"), graded, affine("b"), affine("c", "graded"), { ...out, from: ["b", "c"] }],
    {},
    ...["weightGradient c", "weightGradient b", "matmulBack b → δgraded", "matmulBack c → δgraded"],
    ...["δgraded = δgraded + δgraded", ...rest],
  );
  assertBackward(
    [affine("a"), graded, affine("b"), { ...out, from: ["b", "graded"] }],
    {},
    ...["weightGradient b", "matmulBack b → δgraded", "δgraded = δgraded + δout", ...rest],
  );
});

Deno.test("differentiate() wants the weights' gradient of a product behind exact neurons that nothing learned leads to", () => {
  const spec = graphOfNodes([graded, affine("b"), out]);
  assert.deepEqual(backwardInWords(spec), ["weightGradient b"]);
  assert.equal(compilePlan(spec).populations[0]!.backwardFrom, "steps");
});

Deno.test("differentiate() sums gradients of noise that two nodes read", () => {
  assertBackward(
    [affine("a"), affine("b", "input"), { ...out, from: ["a", "b"] }],
    { encoder: "noise" },
    ...["weightGradient b", "weightGradient a"],
  );
});

Deno.test("differentiate() goes back through loops step by step, and sums weights' gradients behind them", () => {
  const second = { ...lif, id: "second" };
  // Readers outside have handed back all steps before the loop.
  assertBackward(
    [
      affine("a"),
      { ...lif, from: ["a", "lif@1"] },
      affine("b"),
      { ...second, from: ["b", "second@2"] },
      affine("c"),
      out,
    ],
    {},
    ...["weightGradient c", "matmulBack c → δsecond", ["δsecond = δsecond + δΣsecond@-2", "scanBack second"]],
    ...[
      "weightGradient b",
      "matmulBack b → δlif",
      ["δlif = δlif + δΣlif@-1", "scanBack lif"],
      "weightGradient a",
    ],
  );
  assertBackward(
    [
      affine("a", ["input", "second@1"]),
      { ...lif, from: ["a", "lif@2"] },
      affine("b"),
      second,
      affine("c"),
      out,
    ],
    {},
    ...["weightGradient c", "matmulBack c → δsecond"],
    [
      ...["δsecond = δsecond + δΣa@-1", "scanBack second", "matmulBack b → δlif", "δlif = δΣlif@-2 + δlif"],
      ...["scanBack lif", "δa = δΣlif", "matmulBack a → δΣa"],
    ],
    ...["weightGradient b", "weightGradient a"],
  );
});

Deno.test("differentiate() leaves out a loop that leads to no loss", () => {
  const nodes = [affine("a"), lif, { ...graded, from: ["lif", "graded@1"] }];
  const { backward } = planInWords(graphOfNodes(nodes, { readout: { node: "lif", from: "spikes" } }));
  assert.deepEqual(backward, ["readBack → δlif", "scanBack lif", "weightGradient a"]);
});

Deno.test("differentiate() keeps apart what the loss and what neurons hand back to a value of a loop", () => {
  const nodes = [affine("r", "graded@2"), affine("a", "input"), { ...lif, from: ["a", "r"] }, {
    ...graded,
    from: "lif",
  }];
  const { backward, values, populations } = compilePlan(
    graphOfNodes(nodes, { readout: { node: "lif", from: "spikes" } }),
  );
  const loop = backward.find((step) => step.kind === "loopBack")!;
  const places = loop.body.flatMap((step) => step.kind === "sum" ? [step.into] : []);
  const [spiking, exact] = populations;
  // δlif = what the readout hands back + what the graded neurons do.
  assert.notEqual(spiking!.outputGradient, exact!.inputGradient);
  assert.equal(new Set(places).size, places.length);
  for (const step of loop.body) {
    if (step.kind === "sum") {
      assert.ok(step.terms.every(({ value }) => value !== step.into), values[step.into]!.node);
    }
  }
});

Deno.test("differentiate() adds the rates' part to a gradient that no other value shares", () => {
  assertBackward(
    [affine("a"), lif, affine("b"), out],
    RATE,
    ...["weightGradient b", "matmulBack b → δlif", "rateBack lif → δlif", "scanBack lif", "weightGradient a"],
  );
  assertBackward(
    [affine("a"), lif, affine("b"), affine("c", "lif"), { ...out, from: ["b", "c"] }],
    RATE,
    ...[
      "weightGradient c",
      "weightGradient b",
      "matmulBack b → δlif",
      "matmulBack c → δlif",
      "δlif = δlif + δlif",
    ],
    ...["rateBack lif → δlif", "scanBack lif", "weightGradient a"],
  );
  // What the integrator hands back is its own currents' gradient, too.
  assertBackward(
    [affine("a"), lif, out],
    RATE,
    ...["δlif = δout", "rateBack lif → δlif", "scanBack lif", "weightGradient a"],
  );
  assertBackward(
    [affine("a"), { ...lif, from: ["a", "lif@2"] }, affine("b"), out],
    RATE,
    ...["weightGradient b", "clear → δlif", "rateBack lif → δlif", "matmulBack b → δlif"],
    ...[["δlif = δlif + δlif + δΣlif@-2", "scanBack lif"], "weightGradient a"],
  );
});
