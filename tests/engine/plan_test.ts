import assert from "node:assert/strict";
import fc from "fast-check";
import { compilePlan, type Operation, type PlanOptions, readStepsOf } from "../../src/engine/plan.ts";
import { fromLayout, layOut, toLayout } from "../../src/engine/wasm/layout.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { lif } from "../../src/network/builder.ts";
import type { GradedNeuron, Neuron } from "../../src/network/neurons.ts";
import type { NetworkSpec, Readout } from "../../src/network/spec.ts";
import { drawParameters, networkSpecs } from "./network_cases.ts";

/** An operation as words: its kind, its layer, its decay. */
const inWords = (operations: readonly Operation[]) =>
  operations.map((operation) => Object.values(operation).join(" "));

function planOf(spec: NetworkSpec, options?: PlanOptions) {
  const { forward, backward } = compilePlan(spec, options);
  return { forward: inWords(forward), backward: inWords(backward) };
}

const graded: GradedNeuron = { kind: "graded", decay: 0.8, threshold: 1, penalty: 1 };
const LOSS = { kind: "crossEntropy" } as const;
const integrator: Neuron = { kind: "integrator", decay: 0.7 };

function networkOf(encoder: "noise" | "constant" | "direct", ...neurons: Neuron[]): NetworkSpec {
  return {
    inputs: 5,
    steps: 6,
    encoder: { kind: encoder, offset: 0 },
    layers: neurons.map((neuron, i) => ({ units: 4 - i, delay: i === 1 ? 1 : 0, neuron })),
    readout: { from: "state", reduce: "mean", begin: 2 },
    loss: { kind: "crossEntropy" },
  };
}

Deno.test("compilePlan() selects active units and needs only spikes in the backward pass of the notebook's network", () => {
  assert.deepEqual(planOf(notebookNetwork()), {
    forward: [
      "encode",
      "select 0",
      "pack 0",
      "matmul 0",
      "scan 0",
      "sparseProduct 1",
      "scan 1",
      "read",
      "loss",
    ],
    backward: ["readBack", "scanBack 1", "spikesBack 1", "coefficients 0 spikes", "traceGradient 0 0.9"],
  });
});

Deno.test("compilePlan() leaves no unit out without skip, with recordStates, or with other inputs than noise", () => {
  const rest = ["matmul 0", "scan 0", "sparseProduct 1", "scan 1", "read", "loss"];
  assert.deepEqual(planOf(notebookNetwork(), { skip: false }).forward, ["encode", "pack 0", ...rest]);
  assert.deepEqual(planOf(notebookNetwork(), { recordStates: true }).forward, ["encode", "pack 0", ...rest]);
  assert.deepEqual(planOf(networkOf("direct", graded, integrator)).forward, ["encode", ...rest]);
});

Deno.test("compilePlan() needs one row and one outer product for feedForwardNetwork()", () => {
  assert.deepEqual(planOf(feedForwardNetwork()), {
    forward: ["encode", "matmulRow 0", "scan 0", "sparseProduct 1", "scan 1", "read", "loss"],
    backward: ["readBack", "scanBack 1", "spikesBack 1", "coefficients 0 spikes", "outerGradient 0"],
  });
});

Deno.test("compilePlan() runs the backward pass through every step of a single layer", () => {
  for (const [encoder, pack] of [["noise", ["pack 0"]], ["direct", []]] as const) {
    assert.deepEqual(planOf(networkOf(encoder, graded)), {
      forward: ["encode", ...pack, "matmul 0", "scan 0", "read", "loss"],
      backward: ["readBack", "scanBack 0", "inputsBack 0"],
    });
  }
  assert.deepEqual(planOf(networkOf("constant", integrator)), {
    forward: ["encode", "matmulRow 0", "scan 0", "read", "loss"],
    backward: ["readBack", "scanBack 0", "inputsBack 0"],
  });
});

Deno.test("compilePlan() spreads the gradient over the steps of a layer between two others", () => {
  assert.deepEqual(planOf(networkOf("noise", graded, graded, integrator)), {
    forward: [
      ...["encode", "select 0", "pack 0", "matmul 0", "scan 0"],
      ...["sparseProduct 1", "scan 1", "sparseProduct 2", "scan 2", "read", "loss"],
    ],
    backward: [
      ...["readBack", "scanBack 2", "spikesBack 2", "spread 1", "scanBack 1", "spikesBack 1"],
      ...["coefficients 0 spikes", "traceGradient 0 0.8"],
    ],
  });
});

Deno.test("compilePlan() shifts a layer's input by the delay of the layer below", () => {
  const { layers } = compilePlan(networkOf("noise", graded, graded, graded));
  assert.deepEqual(layers.map(({ inputDelay }) => inputDelay), [0, 0, 1]);
  assert.deepEqual(layers.map(({ inputs, units }) => [inputs, units]), [[5, 4], [4, 3], [3, 2]]);
});

Deno.test("compilePlan() runs the backward pass through every step of neurons with a surrogate gradient", () => {
  assert.deepEqual(planOf(networkOf("direct", lif(), lif(), integrator)), {
    forward: [
      ...[
        "encode",
        "matmul 0",
        "scan 0",
        "sparseProduct 1",
        "scan 1",
        "sparseProduct 2",
        "scan 2",
        "read",
        "loss",
      ],
    ],
    backward: [
      ...["readBack", "scanBack 2", "stepsBack 2", "scanBack 1", "stepsBack 1", "scanBack 0", "inputsBack 0"],
    ],
  });
  const rated = {
    ...networkOf("constant", lif(), integrator),
    loss: { ...LOSS, rate: { target: 0, weight: 1 } },
  };
  assert.deepEqual(planOf(rated).backward, [
    ...["readBack", "scanBack 1", "stepsBack 1", "rateBack 0", "scanBack 0", "inputsBack 0"],
  ]);
});

Deno.test("compilePlan() takes the exact backward pass of a neuron that has one", () => {
  const lowest = (neuron: Neuron, recurrent = false) => {
    const spec = networkOf("noise", neuron, integrator);
    const layers = spec.layers.map((layer, i) => ({ ...layer, recurrent: recurrent && i === 0 }));
    return planOf({ ...spec, layers }).backward.slice(2);
  };
  const trace = ["coefficients 0 steps", "traceGradient 0 0.8"];
  assert.deepEqual(lowest(graded), ["spikesBack 1", "coefficients 0 spikes", "traceGradient 0 0.8"]);
  assert.deepEqual(lowest(graded, true), [
    "spikesBack 1",
    "spread 0",
    "scanBack 0",
    "recurrentGradient 0",
    ...trace,
  ]);
  assert.deepEqual(lowest({ ...graded, trainable: ["scale", "threshold"] }), [
    ...["spikesBack 1", "spread 0", "scanBack 0", ...trace],
  ]);
  // Units with different decays have different traces of the inputs.
  assert.deepEqual(lowest({ ...graded, trainable: ["decay"] }), [
    "stepsBack 1",
    "scanBack 0",
    "inputsBack 0",
  ]);
  assert.deepEqual(lowest(lif(), true), ["stepsBack 1", "scanBack 0", "recurrentGradient 0", "inputsBack 0"]);
});

Deno.test("compilePlan() without events uses only operations on whole arrays", () => {
  const sparse = ["select", "pack", "spread", "spikesBack", "coefficients", "traceGradient", "outerGradient"];
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
  const read = (from: Readout["from"], reduce: Readout["reduce"], begin: number, steps = 128) =>
    readStepsOf({ ...notebookNetwork(), readout: { from, reduce, begin } }, steps);
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
  assert.throws(() => toLayout(layout, new Map()), /w1.*expected 6/);
  assert.throws(
    () => toLayout(layout, new Map([...parameters, ["b2", new Float32Array(3)]])),
    /b2: 3 .*expected 2/,
  );
});
