import assert from "node:assert/strict";
import type { Measurement } from "../../../src/engine/auto.ts";
import { createEngine } from "../../../src/engine/create_engine.ts";
import { type Gpu, runtimeGpu } from "../../../src/engine/gpu/adapter.ts";
import { tuneEngines } from "../../../src/engine/tune.ts";
import type { GraphSpec } from "../../../src/network/graph.ts";
import { drawForGraph } from "../../graph/drawn_graphs.ts";
import { assertClose } from "../../asm/numbers.ts";
import { inTemporaryFolder } from "../../temporary_folder.ts";
import { batchOf, startEngine } from "../batches.ts";
import { gpuTest } from "../gpu/gpu.ts";
import { affine, graphOfNodes } from "../plan/plan_words.ts";
import { refusalOf } from "./refusal.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };

/** The first node's currents go into a loop of two populations. */
function loopOver(shape: readonly number[], encoder: "constant" | "direct" | "noise"): GraphSpec {
  return graphOfNodes([
    affine("fc"),
    affine("back", "lif2@2"),
    { id: "lif1", kind: "lif", threshold: 0.25, from: ["fc", "back"] },
    { ...affine("forth"), units: 5 },
    { id: "lif2", kind: "lif", threshold: 0.25, trainable: ["decay"] },
    affine("classes", ["lif2", "lif2@1"]),
    { id: "out", kind: "integrator" },
  ], { shape, encoder });
}

/** The input is read twice. */
const REFUSED = graphOfNodes([
  affine("fc"),
  { id: "lif", kind: "lif" },
  affine("beside", "input"),
  { id: "out", kind: "integrator", from: ["lif", "beside"] },
]);

for (const shape of [[1, 5, 7], [3, 4, 5]]) {
  for (const encoder of ["constant", "direct", "noise"] as const) {
    for (const threads of [0, 2]) {
      gpuTest(
        `hybrid agrees with wasm on a loop behind an input [${shape}], ${encoder}, on ${threads} threads`,
        async () => {
          const spec = loopOver(shape, encoder), { parameters, samples } = drawForGraph(spec, 3, 24);
          using hybrid = await createEngine({ spec, engine: "hybrid", threads, batchSize: 24 });
          using wasm = await startEngine({ spec, threads: 0, batchSize: 24 });
          const ends = [];
          for (const engine of [wasm, hybrid]) {
            await engine.setParameters(parameters);
            const { loss, spikes } = await engine.train(batchOf(samples), STEP);
            const { moments } = await engine.getState(), gradient = moments.get("velocity")!;
            await engine.train(batchOf(samples, undefined, 2), STEP);
            ends.push({ loss, spikes, gradient, after: await engine.getParameters() });
          }
          const [expected, found] = ends;
          assert.ok(expected!.spikes > 0);
          assert.equal(found!.spikes, expected!.spikes);
          assertClose([found!.loss], [expected!.loss], "loss");
          for (const part of ["gradient", "after"] as const) {
            for (const [name, tensor] of expected![part]) {
              assertClose(found![part].get(name)!, tensor, `${part} ${name}`);
            }
          }
        },
      );
    }
  }
}

gpuTest(
  "createEngine() rejects hybrid for a graph that reads the input twice, and says what to take",
  async () => {
    await assert.rejects(createEngine({ spec: REFUSED, engine: "hybrid", threads: 1 }), {
      name: "EngineError",
      message:
        "hybrid: node beside reads the input, too, but the device computes one product of the input, without " +
        "delay, whose weights are the first tensor: take --engine wasm, or webgpu",
    });
  },
);

/** The runtime's adapters, under a name of which nothing is known to be software. */
const renamed: Gpu = {
  async requestAdapter(options) {
    const found = await runtimeGpu()!.requestAdapter(options);
    if (found) Object.defineProperty(found, "info", { value: { description: "a card", vendor: "" } });
    return found;
  },
};

gpuTest("tuneEngines() leaves hybrid out for a graph that it refuses, and says why", async () => {
  await inTemporaryFolder(async (folder) => {
    const measurements: Measurement[] = [];
    const options = { spec: REFUSED, threads: 1, batchSize: 20, gpu: renamed };
    const choice = await tuneEngines(options, {
      file: `${folder}/engines.json`,
      onMeasurement: (measurement) => measurements.push(measurement),
    });
    const refusal = refusalOf(REFUSED)!;
    assert.deepEqual(measurements.map(({ engine }) => engine), ["wasm", "hybrid", "webgpu"]);
    assert.deepEqual(measurements.map(({ seconds }) => typeof seconds), ["number", "string", "number"]);
    assert.equal(measurements[1]!.seconds, refusal);
    assert.notEqual(choice.engine, "hybrid");
    assert.ok(choice.reason.includes(`hybrid failed (${refusal})`), choice.reason);
  });
});
