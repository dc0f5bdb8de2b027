import assert from "node:assert/strict";
import type { PlanOptions } from "../../../src/engine/plan/plan.ts";
import {
  affine,
  forwardInWords as forwardOf,
  graphOfNodes,
  type GraphWords,
  type NodeWords,
  type Words,
} from "./plan_words.ts";

/** A recurrent population whose loop is the test's own. */
function recurrent(loop: readonly NodeWords[], after: readonly NodeWords[] = []): Words {
  const nodes = [{ id: "fc", kind: "affine", units: 4 }, ...loop, ...after];
  const forward = forwardOf(graphOfNodes(nodes, { readout: { node: "lif" } }));
  return forward.slice(forward.indexOf("matmul fc(input)") + 1);
}

const FUSED = ["scanRecurrent rec lif", "list lif"];
const rec = { id: "rec", kind: "affine", units: 4, bias: false, from: "lif@1" };
const lif = { id: "lif", kind: "lif", from: ["fc", "rec"] };

Deno.test("rewriteRecurrence() makes one scan of a population whose outputs return after one step", () => {
  assert.deepEqual(recurrent([rec, lif]), FUSED);
  assert.deepEqual(recurrent([rec, { ...lif, from: ["rec", "fc"] }]), FUSED);
  // What else comes is summed before, for all steps.
  assert.deepEqual(recurrent([rec, { ...lif, from: ["fc", "rec", "fc@2"] }]), ["Σlif = fc + fc@2", ...FUSED]);
  assert.deepEqual(recurrent([rec, { ...lif, from: ["input@1", "rec"] }]), ["Σlif = x@1", ...FUSED]);
  assert.deepEqual(recurrent([rec, { ...lif, current: 0.5 }]), ["Σlif = fc + 0.5", ...FUSED]);
  assert.deepEqual(
    recurrent([rec, { ...lif, perUnit: ["current"] }]),
    ["Σlif = fc + lif.current", ...FUSED],
  );
});

Deno.test("rewriteRecurrence() leaves every other loop as it is", () => {
  const loop = (
    ...body: string[]
  ) => [body, body.some((step) => step.includes("(lif@1)")) ? "list lif" : "count lif"];
  const [back, sum, scan] = ["matmul rec(lif@1)", "Σlif = fc + rec", "scan lif(Σlif)"] as const;
  assert.deepEqual(recurrent([{ ...rec, bias: true }, lif]), loop(back, sum, scan));
  assert.deepEqual(
    recurrent([{ ...rec, from: "lif@2" }, lif]),
    loop("Σrec = lif@2", "matmul rec(Σrec)", sum, scan),
  );
  assert.deepEqual(
    recurrent([rec, { ...rec, id: "other" }, { ...lif, from: ["fc", "rec", "other"] }]),
    loop(back, "matmul other(lif@1)", "Σlif = fc + rec + other", scan),
  );
  assert.deepEqual(
    recurrent([rec, { ...lif, from: ["fc", "rec", "rec"] }]),
    loop(back, "Σlif = fc + rec + rec", scan),
  );
  assert.deepEqual(
    recurrent([rec, { ...lif, from: ["fc", "rec", "rec@1"] }]),
    loop(back, "Σlif = fc + rec + rec@1", scan),
  );
  assert.deepEqual(
    recurrent([rec, { ...lif, from: ["fc", "rec", "lif@3"] }]),
    loop(back, "Σlif = fc + rec + lif@3", scan),
  );
  assert.deepEqual(recurrent([{ ...lif, from: ["fc", "lif@1"] }]), loop("Σlif = fc + lif@1", scan));
  // A scan makes the currents, not what rec gives.
  assert.deepEqual(
    recurrent([rec, lif], [{ id: "other", kind: "integrator", from: "rec" }]),
    [...loop(back, sum, scan), "scan other(rec)"],
  );
});

const graded = { id: "graded", kind: "graded" };
const out = { id: "out", kind: "integrator" };

Deno.test("rewriteInputs() has the only product of encoded inputs read them as they lie", () => {
  const chain = [affine("fc"), { id: "lif", kind: "lif" }, affine("top"), out];
  const rest = ["scan lif(fc)", "list lif", "matmul top(lif)", "scan out(top)"];
  const forward = (encoder: "constant" | "direct" | "noise" | "poisson", options = {}) =>
    forwardOf(graphOfNodes(chain, { encoder }), options);
  assert.deepEqual(forward("constant"), ["matmulRow fc(input)", ...rest]);
  assert.deepEqual(forward("direct"), ["listInputs", "matmul fc(input)", ...rest]);
  assert.deepEqual(forward("poisson"), ["listInputs", "matmul fc(input)", ...rest]);
  assert.deepEqual(forward("noise"), ["pack fc", "inputMatmul fc(input)", ...rest]);
  const external = { target: { events: true, external: true } };
  assert.deepEqual(forward("noise", external), ["inputMatmul fc(input)", ...rest]);
  assert.deepEqual(forward("direct", external), ["inputMatmul fc(input)", ...rest]);
});

Deno.test("rewriteInputs() takes weights by unit where gradients follow from spikes", () => {
  const exact = [affine("fc"), graded, affine("top"), out];
  assert.deepEqual(forwardOf(graphOfNodes(exact)), [
    ...["inputMatmul fc(input)", "scanSpikes fc graded", "matmul top(graded)", "scan out(top)"],
  ]);
  // Two products read the neurons: their gradient is needed at every step.
  const twice = [affine("fc"), graded, affine("top"), affine("other", "graded"), {
    ...out,
    from: ["top", "other"],
  }];
  assert.deepEqual(forwardOf(graphOfNodes(twice)), [
    ...["listInputs", "matmul fc(input)", "scan graded(fc)", "list graded", "matmul top(graded)"],
    ...["matmul other(graded)", "Σout = top + other", "scan out(Σout)"],
  ]);
});

Deno.test("rewriteInputs() unpacks inputs for all that is no product of them", () => {
  const nodes = [affine("fc"), affine("other", "input"), { ...out, from: ["fc", "other", "input@1"] }];
  const rest = ["Σout = fc + other + x@1", "scan out(Σout)"];
  const [fc, other] = ["matmul fc(input)", "matmul other(input)"] as const;
  assert.deepEqual(forwardOf(graphOfNodes(nodes)), ["listInputs", "unpack → x", fc, other, ...rest]);
  assert.deepEqual(forwardOf(graphOfNodes(nodes), { target: { events: false } }), [
    "unpack → x",
    fc,
    other,
    ...rest,
  ]);
  // Noise is packed for one product alone: where it has more readers, all of them read rows.
  assert.deepEqual(forwardOf(graphOfNodes(nodes, { encoder: "noise" })), [
    ...["unpack → x", "matmul fc(x)", "matmul other(x)", ...rest],
  ]);
  const delayed = [affine("fc", "input@1"), out];
  assert.deepEqual(forwardOf(graphOfNodes(delayed, { encoder: "noise" })), [
    ...["unpack → x", "Σfc = x@1", "matmul fc(Σfc)", "scan out(fc)"],
  ]);
});

Deno.test("rewriteInputs() orders a constant row whose channels come last elsewhere", () => {
  const nodes = [affine("fc"), { id: "lif", kind: "lif", from: "input" }, affine("top"), {
    ...out,
    from: ["fc", "top"],
  }];
  const forward = (shape: number[]) =>
    forwardOf(graphOfNodes(nodes, { encoder: "constant", shape })).slice(0, 3);
  assert.deepEqual(forward([1, 3, 2]), ["matmulRow fc(input)", "Σlif = input", "scan lif(Σlif)"]);
  assert.deepEqual(forward([2, 3, 1]), ["unpack → x", "matmulRow fc(input)", "Σlif = x"]);
});

Deno.test("rewriteEventsOnly() keeps no states of neurons whose spikes are enough, and none else", () => {
  const forward = (neuron: NodeWords, options = {}, encoder: "noise" | "direct" = "noise") =>
    forwardOf(graphOfNodes([affine("fc"), neuron, affine("top"), out], { encoder }), options).slice(0, -2);
  const scanned = ["pack fc", "inputMatmul fc(input)", "scan graded(fc)", "list graded"];
  assert.deepEqual(forward(graded), [
    "select fc graded",
    "pack fc",
    "inputMatmul fc(input)",
    "scanSpikes fc graded",
  ]);
  assert.deepEqual(forward(graded, { skip: false }), [
    "pack fc",
    "inputMatmul fc(input)",
    "scanSpikes fc graded",
  ]);
  assert.deepEqual(forward(graded, {}, "direct"), ["inputMatmul fc(input)", "scanSpikes fc graded"]);
  assert.deepEqual(forward(graded, { recordStates: true }), scanned);
  assert.deepEqual(forward({ ...graded, trainable: ["threshold"] }), scanned);
  assert.deepEqual(forward({ ...graded, perUnit: ["threshold"] }), scanned);
  assert.deepEqual(forward({ ...graded, perUnit: ["penalty"] }), scanned);
  assert.deepEqual(forward({ ...graded, scale: 2 }), scanned);
  assert.deepEqual(forward({ ...graded, current: 0.5 }), [
    ...["pack fc", "inputMatmul fc(input)", "Σgraded = fc + 0.5", "scan graded(Σgraded)", "list graded"],
  ]);
});

const MEAN = { readout: { reduce: "mean" } };

Deno.test("rewriteLinearReadout() weighs spikes before the product of a leaky sum that is read", () => {
  const forward = (nodes: readonly NodeWords[], graph: GraphWords = {}, options: PlanOptions = {}) =>
    forwardOf(graphOfNodes(nodes, { ...MEAN, ...graph }), options);
  const neurons = { id: "lif", kind: "lif" }, chain = [affine("fc"), neurons, affine("top"), out];
  const begin = ["listInputs", "matmul fc(input)", "scan lif(fc)"];
  const linear = ["weigh lif → weighed lif", "readProduct top"];
  for (const reduce of ["mean", "sum", "last"]) {
    assert.deepEqual(forward(chain, { readout: { reduce } }), [...begin, ...linear]);
  }
  assert.deepEqual(forward([affine("fc"), neurons, affine("top", "lif@1"), out]), [...begin, ...linear]);
  // Spikes are listed for others that read them.
  const other = [affine("fc"), neurons, affine("top"), out, { id: "other", kind: "integrator", from: "lif" }];
  assert.deepEqual(forward(other, { readout: { reduce: "mean", node: "out" } }), [
    ...[...begin, ...linear, "scan other(lif)"],
  ]);
  // A maximum, spikes, and potentials that come back are not linear, nor are neurons that fire.
  const isWhole = (nodes: readonly NodeWords[], graph: GraphWords = {}, options: PlanOptions = {}) => {
    const steps = forward(nodes, graph, options);
    assert.ok(!steps.includes("readProduct top"), steps.join(", "));
  };
  isWhole(chain, { readout: { reduce: "max" } });
  isWhole(chain, { readout: { reduce: "mean", from: "spikes" } });
  isWhole([...chain.slice(0, 3), { ...out, kind: "lif" }]);
  isWhole([...chain.slice(0, 3), { ...out, from: ["top", "out@1"] }]);
  isWhole([...chain.slice(0, 3), { ...out, from: "top@1" }]);
  isWhole([...chain.slice(0, 3), { ...out, trainable: ["decay"] }]);
  isWhole([...chain.slice(0, 3), { ...out, perUnit: ["decay"] }]);
  isWhole([...chain.slice(0, 3), { ...out, start: 0.5 }]);
  // Whoever looks at states, or has no lists, reads them as they are.
  isWhole(chain, {}, { recordStates: true });
  isWhole(chain, {}, { target: { events: false } });
  // Where a gradient follows from spikes, it goes back by them.
  const exact = forward([affine("fc"), graded, affine("top"), out], { encoder: "noise" });
  assert.deepEqual(exact.slice(-2), ["matmul top(graded)", "scan out(top)"]);
});
