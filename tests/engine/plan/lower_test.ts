import assert from "node:assert/strict";
import { compilePlan } from "../../../src/engine/plan/compile.ts";
import {
  affine,
  forwardInWords,
  graphOfNodes,
  type GraphWords,
  type NodeWords,
  type Words,
} from "./plan_words.ts";

const lif = { id: "lif", kind: "lif" }, flat = { id: "flat", kind: "flatten" };
const out = { id: "out", kind: "integrator" }, scale = { id: "scale", kind: "scale" };

function assertForward(nodes: readonly NodeWords[], graph: GraphWords, ...expected: Words): void {
  assert.deepEqual(forwardInWords(graphOfNodes(nodes, graph)), expected);
}

Deno.test("lower() sums edges before a node, each with its delay", () => {
  assertForward(
    [affine("a"), affine("b", ["a", "input@2"]), { ...out, from: ["a", "b@1"] }],
    {},
    ...["listInputs", "unpack → x", "matmul a(input)", "Σb = a + x@2", "matmul b(Σb)"],
    ...["Σout = a + b@1", "scan out(Σout)"],
  );
  assertForward(
    [affine("a"), { ...out, from: ["a", "a", "a@3"] }],
    {},
    ...["listInputs", "matmul a(input)", "Σout = a + a + a@3", "scan out(Σout)"],
  );
});

Deno.test("lower() has a product read the step before, a sum what came earlier", () => {
  assertForward(
    [affine("a"), lif, affine("b", "lif@1"), affine("c", "lif@2"), { ...out, from: ["b", "c"] }],
    {},
    ...["listInputs", "matmul a(input)", "scan lif(a)", "list lif", "matmul b(lif@1)"],
    ...["Σc = lif@2", "matmul c(Σc)", "Σout = b + c", "scan out(Σout)"],
  );
  // Delayed inputs are read as rows.
  assertForward([affine("a", "input@1"), out], {}, ...[
    "unpack → x",
    "Σa = x@1",
    "matmul a(Σa)",
    "scan out(a)",
  ]);
  assertForward(
    [affine("a"), { id: "mid", kind: "integrator" }, affine("b", "mid@1"), out],
    {},
    ...["listInputs", "matmul a(input)", "scan mid(a)", "matmul b(mid@1)", "scan out(b)"],
  );
});

Deno.test("lower() adds a constant current where currents are summed", () => {
  const currents = (neuron: NodeWords) => forwardInWords(graphOfNodes([affine("a"), neuron])).slice(2);
  assert.deepEqual(currents({ ...out, current: 0.5 }), ["Σout = a + 0.5", "scan out(Σout)"]);
  assert.deepEqual(currents({ ...out, perUnit: ["current"] }), ["Σout = a + out.current", "scan out(Σout)"]);
});

Deno.test("lower() orders the columns of weights, and not values, where flatten is read by products alone", () => {
  const shape = [2, 3, 2], scanned = ["unpack → x", "Σlif = x", "scan lif(Σlif)", "list lif"];
  const spec = graphOfNodes([lif, flat, affine("b"), affine("c", "flat@1"), { ...out, from: ["b", "c"] }], {
    shape,
  });
  assert.deepEqual(forwardInWords(spec), [
    ...[...scanned, "matmul b(lif)", "matmul c(lif@1)", "Σout = b + c", "scan out(Σout)"],
  ]);
  assert.deepEqual(compilePlan(spec).products.map(({ inputShape }) => inputShape), [shape, shape]);
  // A sum keeps the order of its terms.
  const delayed = graphOfNodes([lif, flat, affine("b", "flat@2"), out], { shape });
  const counted = [...scanned.slice(0, -1), "count lif"];
  assert.deepEqual(forwardInWords(delayed), [...counted, "Σb = lif@2", "matmul b(Σb)", "scan out(b)"]);
  assert.deepEqual(compilePlan(delayed).products[0]!.inputShape, shape);
  // The encoder's inputs lie in a file's order already.
  const first = graphOfNodes([flat, affine("b"), out], { shape });
  assert.deepEqual(forwardInWords(first), ["listInputs", "matmul b(input)", "scan out(b)"]);
  assert.deepEqual(compilePlan(first).products[0]!.inputShape, [12]);
});

Deno.test("lower() reorders values where others read what flatten gives, or it has other edges", () => {
  const shape = [2, 3, 2], scanned = ["unpack → x", "Σlif = x", "scan lif(Σlif)", "list lif"];
  const rest = ["matmul b(flat)", "scan out(b)"];
  assertForward(
    [flat, lif, affine("b"), out],
    { shape },
    ...[
      "unpack → x",
      "operate flat(x)",
      "scan lif(flat)",
      "list lif",
      "matmul b(lif)",
      "scan out(b)",
    ],
  );
  const counted = [...scanned.slice(0, -1), "count lif"];
  assertForward(
    [lif, flat, { ...flat, id: "again" }, affine("b"), out],
    { shape },
    ...counted,
    "operate flat(lif)",
    ...rest,
  );
  assertForward(
    [lif, { ...flat, from: "lif@1" }, affine("b"), out],
    { shape },
    ...[...counted, "Σflat = lif@1", "operate flat(Σflat)", ...rest],
  );
  const wide = { ...affine("b"), units: 12 };
  assertForward(
    [lif, flat, wide, affine("c", ["flat", "b"]), out],
    { shape },
    ...[...counted, "operate flat(lif)", "matmul b(flat)", "Σc = flat + b", "matmul c(Σc)", "scan out(c)"],
  );
  // One channel, or one position: nothing is to be done.
  assertForward([flat, lif], { shape: [1, 3, 1] }, "unpack → x", "Σlif = x", "scan lif(Σlif)", "count lif");
});

Deno.test("lower() multiplies a constant input once, and sums rows that hold for all steps", () => {
  assertForward(
    [affine("a"), affine("b", "input"), { ...lif, from: ["a", "b"] }, { ...out, from: ["lif", "a", "b@1"] }],
    { encoder: "constant" },
    ...["matmulRow a(input)", "matmulRow b(input)", "Σlif = a + b", "scan lif(Σlif)", "count lif"],
    ...["Σout = lif + a + b@1", "scan out(Σout)"],
  );
  // Before the first step it is 0: no row holds for all steps.
  assertForward(
    [affine("a", "input@1"), out],
    { encoder: "constant" },
    "Σa = input@1",
    "matmul a(Σa)",
    "scan out(a)",
  );
  assertForward(
    [scale, affine("a", ["scale", "input"]), out],
    { encoder: "constant" },
    ...["operate scale(input)", "Σa = scale + input", "matmul a(Σa)", "scan out(a)"],
  );
});

Deno.test("lower() calls kernels of operators before and after products", () => {
  const delay = { id: "delay", kind: "delay" };
  assertForward(
    [scale, delay, affine("a"), { ...scale, id: "after" }, { ...delay, id: "last" }, out],
    {},
    ...["unpack → x", "operate scale(x)", "operate delay(scale)", "matmul a(delay)"],
    ...["operate after(a)", "operate last(after)", "scan out(last)"],
  );
});

Deno.test("lower() reads a node in the middle, and computes branches that no readout reads", () => {
  assertForward(
    [affine("a"), out, affine("b"), lif],
    { readout: { node: "out" } },
    ...["listInputs", "matmul a(input)", "scan out(a)", "matmul b(out)", "scan lif(b)", "count lif"],
  );
});

Deno.test("lower() makes a loop of each cycle, in the order of its nodes, and lists spikes behind it", () => {
  const second = { id: "second", kind: "lif" };
  assertForward(
    [
      affine("a"),
      { ...lif, from: ["a", "lif@1"] },
      affine("b"),
      { ...second, from: ["b", "second@2"] },
      affine("c"),
      out,
    ],
    {},
    ...["listInputs", "matmul a(input)", ["Σlif = a + lif@1", "scan lif(Σlif)"], "list lif", "matmul b(lif)"],
    ...[["Σsecond = b + second@2", "scan second(Σsecond)"], "list second", "matmul c(second)", "scan out(c)"],
  );
  // One loop within another is one loop.
  assertForward(
    [
      affine("a", ["input", "second@1"]),
      { ...lif, from: ["a", "lif@2"] },
      affine("b"),
      second,
      affine("c"),
      out,
    ],
    {},
    "unpack → x",
    [
      ...["Σa = x + second@1", "matmul a(Σa)", "Σlif = a + lif@2", "scan lif(Σlif)"],
      ...["matmul b(lif)", "scan second(b)"],
    ],
    ...["list lif", "list second", "matmul c(second)", "scan out(c)"],
  );
  assertForward(
    [affine("r", "g@2"), affine("a"), { ...lif, from: ["a", "r"] }, { id: "g", kind: "graded", from: "lif" }],
    {},
    ["Σr = g@2", "matmul r(Σr)", "matmul a(r)", "Σlif = a + r", "scan lif(Σlif)", "scan g(lif)"],
    ...["count lif", "count g"],
  );
});
