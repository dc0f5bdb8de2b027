import assert from "node:assert/strict";
import fc from "fast-check";
import { compilePlan, readStepsOf } from "../../../src/engine/plan/compile.ts";
import type { PlanOptions, Step } from "../../../src/engine/plan/plan.ts";
import { fromLayout, layOut, toLayout } from "../../../src/engine/wasm/layout.ts";
import { feedForwardNetwork, notebookNetwork } from "../../../src/network/presets.ts";
import { lif } from "../../../src/network/builder.ts";
import type { GradedNeuron, Neuron } from "../../../src/network/neurons.ts";
import { type NetworkSpec, parseNetworkSpec, type Readout } from "../../../src/network/spec.ts";
import { drawParameters, networkSpecs, withLayers } from "../network_cases.ts";

/** A step as words: its kind, then its product, its population, and what else it says but for values. */
const inWords = (steps: readonly Step[]) =>
  steps.map((step) =>
    Object.entries(step).flatMap(([key, value]) =>
      ["into", "terms", "from"].includes(key) && typeof value !== "string" ? [] : [value]
    ).join(" ")
  );

function planOf(spec: NetworkSpec, options?: PlanOptions) {
  const { forward, backward } = compilePlan(spec, options);
  return { forward: inWords(forward), backward: inWords(backward) };
}

const graded: GradedNeuron = { kind: "graded", decay: 0.8, threshold: 1, penalty: 1 };
const LOSS = { kind: "crossEntropy" } as const;
const integrator: Neuron = { kind: "integrator", decay: 0.7 };

function networkOf(encoder: "noise" | "constant" | "direct", ...neurons: Neuron[]): NetworkSpec {
  return parseNetworkSpec({
    inputs: 5,
    steps: 6,
    encoder: { kind: encoder, offset: 0 },
    layers: neurons.map((neuron, i) => ({ units: 4 - i, delay: i === 1 ? 1 : 0, neuron })),
    readout: { from: "state", reduce: "mean", begin: 2 },
    loss: { kind: "crossEntropy" },
  });
}

Deno.test("compilePlan() selects active units and needs only spikes in the backward pass of the notebook's network", () => {
  assert.deepEqual(planOf(notebookNetwork()), {
    forward: [
      "encode",
      "select 0 0",
      "pack 0",
      "inputMatmul 0",
      "scanSpikes 0 0",
      "matmul 1",
      "scan 1",
      "count 1",
      "read",
      "loss",
    ],
    backward: [
      ...["readBack", "clear", "scanBack 1"],
      ...["spikesBack 1 0", "coefficients 0 0 spikes", "traceGradient 0 0 0.9"],
    ],
  });
});

Deno.test("compilePlan() leaves no unit out without skip, with recordStates, or with other inputs than noise", () => {
  const top = ["matmul 1", "scan 1", "count 1", "read", "loss"];
  const rest = ["inputMatmul 0", "scanSpikes 0 0", ...top];
  assert.deepEqual(planOf(notebookNetwork(), { skip: false }).forward, ["encode", "pack 0", ...rest]);
  assert.deepEqual(planOf(notebookNetwork(), { recordStates: true }).forward, [
    ...["encode", "pack 0", "inputMatmul 0", "scan 0", "list 0", ...top],
  ]);
  assert.deepEqual(planOf(networkOf("direct", graded, integrator)).forward, [
    ...["encode", ...rest.filter((step) => step !== "count 1")],
  ]);
});

Deno.test("compilePlan() needs one row and one outer product for feedForwardNetwork()", () => {
  assert.deepEqual(planOf(feedForwardNetwork()), {
    forward: ["encode", "matmulRow 0", "scanSpikes 0 0", "matmul 1", "scan 1", "read", "loss"],
    backward: [
      ...["readBack", "clear", "scanBack 1"],
      ...["spikesBack 1 0", "coefficients 0 0 spikes", "outerGradient 0"],
    ],
  });
});

Deno.test("compilePlan() runs the backward pass through every step of a single layer", () => {
  for (
    const [encoder, product] of [["noise", ["pack 0", "inputMatmul 0"]], ["direct", [
      "listInputs",
      "matmul 0",
    ]]] as const
  ) {
    assert.deepEqual(planOf(networkOf(encoder, graded)), {
      forward: ["encode", ...product, "scan 0", "count 0", "read", "loss"],
      backward: ["readBack", "clear", "scanBack 0", "weightGradient 0"],
    });
  }
  assert.deepEqual(planOf(networkOf("constant", integrator)), {
    forward: ["encode", "matmulRow 0", "scan 0", "read", "loss"],
    backward: ["readBack", "clear", "scanBack 0", "rowGradient 0"],
  });
});

Deno.test("compilePlan() spreads the gradient over the steps of a layer between two others", () => {
  assert.deepEqual(planOf(networkOf("noise", graded, graded, integrator)), {
    forward: [
      ...["encode", "select 0 0", "pack 0", "inputMatmul 0", "scanSpikes 0 0"],
      ...["matmul 1", "scan 1", "list 1", "matmul 2", "scan 2", "read", "loss"],
    ],
    backward: [
      ...["readBack", "clear", "scanBack 2", "spikesBack 2 1", "spread 1", "scanBack 1", "spikesBack 1 0"],
      ...["coefficients 0 0 spikes", "traceGradient 0 0 0.8"],
    ],
  });
});

Deno.test("compilePlan() shifts a product's input by the delay of the layer below", () => {
  const { products } = compilePlan(networkOf("noise", graded, graded, graded));
  assert.deepEqual(products.map(({ input: { delay } }) => delay), [0, 0, 1]);
  assert.deepEqual(products.map(({ inputs, units }) => [inputs, units]), [[5, 4], [4, 3], [3, 2]]);
});

Deno.test("compilePlan() runs the backward pass through every step of neurons with a surrogate gradient", () => {
  assert.deepEqual(planOf(networkOf("direct", lif(), lif(), integrator)), {
    forward: [
      ...["encode", "listInputs", "matmul 0", "scan 0", "list 0", "matmul 1", "scan 1", "weigh 1"],
      ...["readProduct 2", "loss"],
    ],
    backward: [
      ...["readProductBack 2", "scanBack 1"],
      ...["weightGradient 1", "matmulBack 1", "scanBack 0", "weightGradient 0"],
    ],
  });
  const rated = {
    ...networkOf("constant", lif(), integrator),
    loss: { ...LOSS, rate: { target: 0, weight: 1 } },
  };
  assert.deepEqual(planOf(rated).backward, [
    ...["readProductBack 1", "spreadRow", "rateBack 0", "scanBack 0", "rowGradient 0"],
  ]);
});

Deno.test("compilePlan() takes the exact backward pass of a neuron that has one", () => {
  const lowest = (neuron: Neuron, recurrent = false) => {
    const spec = networkOf("noise", neuron, integrator);
    const turned = withLayers(
      spec,
      (layers) => layers.map((layer, i) => ({ ...layer, recurrent: recurrent && i === 0 })),
    );
    const { backward } = planOf(turned);
    return backward[0] === "readBack" ? backward.slice(3) : backward;
  };
  const trace = ["coefficients 0 0 steps", "traceGradient 0 0 0.8"];
  assert.deepEqual(lowest(graded), ["spikesBack 1 0", "coefficients 0 0 spikes", "traceGradient 0 0 0.8"]);
  assert.deepEqual(lowest(graded, true), ["spikesBack 2 0", "spread 0", "scanRecurrentBack 0 1", ...trace]);
  assert.deepEqual(lowest({ ...graded, trainable: ["scale", "threshold"] }), [
    ...["spikesBack 1 0", "spread 0", "scanBack 0", ...trace],
  ]);
  // Units with different decays have different traces of the inputs.
  assert.deepEqual(lowest({ ...graded, trainable: ["decay"] }), [
    ...["readProductBack 1", "scanBack 0", "weightGradient 0"],
  ]);
  assert.deepEqual(lowest(lif(), true), [
    ...["readProductBack 2", "spreadRow", "scanRecurrentBack 0 1", "weightGradient 0"],
  ]);
});

Deno.test("compilePlan() without events uses only operations on whole arrays", () => {
  const sparse = [
    ...["listInputs", "select", "pack", "inputMatmul", "scanSpikes", "list"],
    ...["spread", "spikesBack", "coefficients", "traceGradient", "outerGradient"],
    ...["weigh", "readProduct", "readProductBack", "spreadRow"],
  ];
  fc.assert(
    fc.property(networkSpecs, (spec) => {
      const { forward, backward } = compilePlan(spec, { target: { events: false } });
      assert.deepEqual([...forward, ...backward].filter(({ kind }) => sparse.includes(kind)), []);
    }),
    { seed: 5, numRuns: 200 },
  );
});

Deno.test("compilePlan() reads the last layer from step begin on", () => {
  const readout = (spec: NetworkSpec) => compilePlan(spec).readout;
  const notebook = (steps: number, beginEval: number) => readout(notebookNetwork({ steps, beginEval }));
  const sum = { from: "state", reduce: "sum", zero: false };
  // With a delay, step 0 outputs a zero, which counts in a mean.
  assert.deepEqual(notebook(128, 0), { ...sum, first: 0, last: 126, scale: 1 / 128, zero: true });
  assert.deepEqual(notebook(12, 4), { ...sum, first: 3, last: 10, scale: 1 / 8 });
  assert.deepEqual(notebook(1, 0), { ...sum, first: 0, last: -1, scale: 1, zero: true });
  assert.deepEqual(readout(networkOf("noise", graded)), { ...sum, first: 2, last: 5, scale: 1 / 4 });
  const plain = notebookNetwork();
  const read = (from: Readout["from"], reduce: Readout["reduce"], begin: number, steps = 128) =>
    readStepsOf({ ...plain, readout: { ...plain.readout, from, reduce, begin } }, steps);
  assert.deepEqual(read("state", "sum", 8), { ...sum, first: 7, last: 126, scale: 1 });
  assert.deepEqual(read("spikes", "max", 0), {
    ...{ from: "spikes", reduce: "max", first: 0, last: 126, scale: 1, zero: true },
  });
  assert.deepEqual(read("state", "max", 3, 5), { ...sum, reduce: "max", first: 2, last: 3, scale: 1 });
  assert.deepEqual(read("state", "last", 3, 5), { ...sum, first: 3, last: 3, scale: 1 });
  assert.deepEqual(read("state", "last", 0, 1), { ...sum, first: 0, last: -1, scale: 1, zero: true });
});

Deno.test("fromLayout() inverts toLayout(), and padding stays 0", () => {
  fc.assert(
    fc.property(networkSpecs, fc.nat(), (spec, seed) => {
      const layout = layOut(compilePlan(spec));
      const parameters = drawParameters(spec, seed);
      const flat = toLayout(layout, parameters);
      assert.deepEqual(fromLayout(layout, flat), parameters);
      const places = [...parameters.values()].reduce((sum, { length }) => sum + length, 0);
      assert.ok(flat.filter((value) => value !== 0).length <= places);
      assert.equal(flat.length % 16, 0);
      // Values in the padding do not reach a file.
      const full = new Float32Array(layout.size).fill(7);
      assert.ok(
        [...fromLayout(layout, full).values()].every((tensor) => tensor.every((value) => value === 7)),
      );
    }),
    { seed: 3, numRuns: 300 },
  );
});

Deno.test("toLayout() puts each weight at a place of its own", () => {
  fc.assert(
    fc.property(networkSpecs, (spec) => {
      const layout = layOut(compilePlan(spec));
      let next = 0;
      const numbered = new Map(
        [...drawParameters(spec, 0)].map(([name, tensor]) => [name, tensor.map(() => ++next)]),
      );
      const found = toLayout(layout, numbered).filter((value) => value !== 0).sort();
      assert.deepEqual(found, Float32Array.from({ length: next }, (_, i) => i + 1));
    }),
    { seed: 4, numRuns: 300 },
  );
});

Deno.test("toLayout() throws on a tensor that is missing or has another size, and names it", () => {
  const spec = notebookNetwork({ inputs: 3, hidden: 2, classes: 2, steps: 4 });
  const layout = layOut(compilePlan(spec));
  const parameters = drawParameters(spec, 0);
  assert.throws(() => toLayout(layout, new Map()), /fc1\.weight.*expected 6/);
  assert.throws(
    () => toLayout(layout, new Map([...parameters, ["fc2.bias", new Float32Array(3)]])),
    /fc2\.bias: 3 .*expected 2/,
  );
});
