import assert from "node:assert/strict";
import type { Samples } from "../../src/data/samples.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import type { GraphSpec } from "../../src/network/graph.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { assertClose, uniformFloats } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";

const INPUTS = 12, COUNT = 131; // two runs of the stage, and some

function samplesOf(least: number): Samples {
  const features = uniformFloats(8, COUNT * INPUTS).map((x) => x > least ? x : 0);
  const labels = Uint8Array.from({ length: COUNT }, (_, i) => i % 3);
  return { name: "rows", count: COUNT, size: INPUTS, features, labels };
}

const affine = (id: string, units: number, from?: string) => ({
  id,
  kind: "affine",
  units,
  ...(from && { from }),
});
const lif = { kind: "lif", decay: 0.8, threshold: 0.3 };
const top = [affine("top", 3), { id: "out", kind: "integrator", decay: 0.9 }];
const graphOf = (nodes: readonly object[]): GraphSpec =>
  parseNetworkSpec({
    steps: 6,
    input: { shape: [INPUTS], encoder: { kind: "constant" } },
    nodes: [...nodes, ...top],
    readout: { from: "state", reduce: "mean", begin: 0 },
    loss: { kind: "crossEntropy" },
  });

/** A product of one row, two of them with one that nothing reads before, and exact neurons. */
const GRAPHS = {
  one: graphOf([affine("fc", 45), { id: "hidden", ...lif }]),
  two: graphOf([
    affine("unread", 5),
    affine("a", 37, "input"),
    affine("b", 37, "input"),
    { id: "hidden", ...lif, from: ["a", "b"] },
  ]),
  apart: graphOf([
    affine("unread", 5),
    { id: "never", ...lif },
    affine("a", 9, "input"),
    { id: "left", ...lif },
    affine("b", 40, "input"),
    { id: "right", ...lif },
    affine("back", 9),
    { id: "hidden", ...lif, from: ["left", "back"] },
  ]),
  exact: graphOf([affine("fc", 33), {
    id: "hidden",
    kind: "graded",
    decay: 0.8,
    threshold: 0.2,
    penalty: 0.3,
  }]),
};

async function gradientOf(spec: GraphSpec, samples: Samples, threads: number, indices?: number[]) {
  using engine = createWasmEngine({ spec, kernels: await loadKernels(), threads, batchSize: COUNT });
  await engine.setParameters(initialParameters(spec, 3));
  await engine.train(batchOf(samples, indices), {
    learningRate: 0,
    momentum: 0,
    clip: threads === 3 ? 1e9 : Infinity,
  });
  return (await engine.getState()).moments.get("velocity")!;
}

for (const [name, spec] of Object.entries(GRAPHS)) {
  Deno.test(`the stage of rows gives the mean of the samples' own gradients (${name})`, async () => {
    for (const least of [0.5, -2]) { // lists, and tiles
      const samples = samplesOf(least), together = await gradientOf(spec, samples, 0);
      const sums = new Map(
        [...together].map(([tensor, values]) => [tensor, new Float64Array(values.length)]),
      );
      for (let i = 0; i < COUNT; i++) {
        for (const [tensor, values] of await gradientOf(spec, samples, 0, [i])) {
          values.forEach((value, at) => sums.get(tensor)![at]! += value / COUNT);
        }
      }
      for (const [tensor, values] of together) {
        const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        assert.equal(largest > 0, !/unread|never/.test(tensor), tensor);
        assertClose(values, sums.get(tensor)!, tensor, { relative: 1e-5, absolute: 2e-6 * largest });
      }
      for (const threads of [1, 2, 3]) assert.deepEqual(await gradientOf(spec, samples, threads), together);
    }
  });
}
