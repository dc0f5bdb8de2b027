import assert from "node:assert/strict";
import fc from "fast-check";
import { compilePlan, type Operation, type PlanOptions } from "../../src/engine/plan.ts";
import { fromLayout, layOut, toLayout } from "../../src/engine/wasm/layout.ts";
import { denseNetwork, seedNetwork } from "../../src/network/presets.ts";
import type { NetworkSpec, Neuron } from "../../src/network/spec.ts";
import { drawParameters, networkSpecs } from "./network_cases.ts";

/** An operation as words: its kind, its layer, its decay. */
const inWords = (operations: readonly Operation[]) =>
  operations.map((operation) => Object.values(operation).join(" "));

function planOf(spec: NetworkSpec, options?: PlanOptions) {
  const { forward, backward } = compilePlan(spec, options);
  return { forward: inWords(forward), backward: inWords(backward) };
}

const graded: Neuron = { kind: "graded", decay: 0.8, threshold: 1, penalty: 1 };
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

Deno.test("compilePlan() chooses units and goes back from spikes alone for the seed's network", () => {
  assert.deepEqual(planOf(seedNetwork()), {
    forward: ["encode", "choose 0", "pack 0", "product 0", "scan 0", "gather 1", "scan 1", "read", "loss"],
    backward: ["scanBack 1", "spikesBack 1", "coefficients 0", "traceGradient 0 0.9"],
  });
});

Deno.test("compilePlan() leaves no unit out without skip, with record, or where the input is not noise", () => {
  const rest = ["product 0", "scan 0", "gather 1", "scan 1", "read", "loss"];
  assert.deepEqual(planOf(seedNetwork(), { skip: false }).forward, ["encode", "pack 0", ...rest]);
  assert.deepEqual(planOf(seedNetwork(), { record: true }).forward, ["encode", "pack 0", ...rest]);
  assert.deepEqual(planOf(networkOf("direct", graded, integrator)).forward, ["encode", ...rest]);
});

Deno.test("compilePlan() needs one row and one outer product for the dense peer", () => {
  assert.deepEqual(planOf(denseNetwork()), {
    forward: ["encode", "productRow 0", "scan 0", "gather 1", "scan 1", "read", "loss"],
    backward: ["scanBack 1", "spikesBack 1", "coefficients 0", "outerGradient 0"],
  });
});

Deno.test("compilePlan() goes back through every step of a layer that is fed directly and read out", () => {
  for (const [encoder, pack] of [["noise", ["pack 0"]], ["direct", []]] as const) {
    assert.deepEqual(planOf(networkOf(encoder, graded)), {
      forward: ["encode", ...pack, "product 0", "scan 0", "read", "loss"],
      backward: ["scanBack 0", "everyStep 0", "traceGradient 0 0"],
    });
  }
  assert.deepEqual(planOf(networkOf("constant", integrator)), {
    forward: ["encode", "productRow 0", "scan 0", "read", "loss"],
    backward: ["scanBack 0", "everyStep 0", "outerGradient 0"],
  });
});

Deno.test("compilePlan() spreads the gradient over the steps of a layer between two others", () => {
  assert.deepEqual(planOf(networkOf("noise", graded, graded, integrator)), {
    forward: [
      ...["encode", "choose 0", "pack 0", "product 0", "scan 0"],
      ...["gather 1", "scan 1", "gather 2", "scan 2", "read", "loss"],
    ],
    backward: [
      ...["scanBack 2", "spikesBack 2", "spread 1", "scanBack 1", "spikesBack 1"],
      ...["coefficients 0", "traceGradient 0 0.8"],
    ],
  });
});

Deno.test("compilePlan() shifts a layer's input by the delay of the layer below", () => {
  const { layers } = compilePlan(networkOf("noise", graded, graded, graded));
  assert.deepEqual(layers.map(({ inputDelay }) => inputDelay), [0, 0, 1]);
  assert.deepEqual(layers.map(({ inputs, units }) => [inputs, units]), [[5, 4], [4, 3], [3, 2]]);
});

Deno.test("compilePlan() reads the states that the last layer hands on from step begin on", () => {
  const readout = (spec: NetworkSpec) => compilePlan(spec).readout;
  const seed = (steps: number, beginEval: number) => readout(seedNetwork({ steps, beginEval }));
  assert.deepEqual(seed(128, 0), { first: 0, last: 126, scale: 1 / 128 }); // step 0 hands on a zero, which counts
  assert.deepEqual(seed(12, 4), { first: 3, last: 10, scale: 1 / 8 });
  assert.deepEqual(seed(1, 0), { first: 0, last: -1, scale: 1 });
  assert.deepEqual(readout(networkOf("noise", graded)), { first: 2, last: 5, scale: 1 / 4 });
  const sum = { ...seedNetwork(), readout: { from: "state", reduce: "sum", begin: 8 } } as const;
  assert.deepEqual(readout(sum), { first: 7, last: 126, scale: 1 });
});

Deno.test("fromLayout() gives back what toLayout() took, and padding stays 0", () => {
  fc.assert(
    fc.property(networkSpecs, fc.nat(), (spec, seed) => {
      const layout = layOut(compilePlan(spec));
      const parameters = drawParameters(spec, seed);
      const flat = toLayout(layout, parameters);
      assert.deepEqual(fromLayout(layout, flat), parameters);
      const places = [...parameters.values()].reduce((sum, { length }) => sum + length, 0);
      assert.ok(flat.filter((value) => value !== 0).length <= places);
      assert.equal(flat.length % 16, 0);
      // What lies in the padding does not reach a file.
      const full = new Float32Array(layout.size).fill(7);
      assert.ok(
        [...fromLayout(layout, full).values()].every((tensor) => tensor.every((value) => value === 7)),
      );
    }),
    { seed: 3, numRuns: 300 },
  );
});

Deno.test("toLayout() gives every weight a place of its own", () => {
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

Deno.test("toLayout() throws on a tensor that is missing or of another size, and names it", () => {
  const spec = seedNetwork({ inputs: 3, hidden: 2, classes: 2, steps: 4 });
  const layout = layOut(compilePlan(spec));
  const parameters = drawParameters(spec, 0);
  assert.throws(() => toLayout(layout, new Map()), /w1.*expected 6/);
  assert.throws(
    () => toLayout(layout, new Map([...parameters, ["b2", new Float32Array(3)]])),
    /b2: 3 .*expected 2/,
  );
});
