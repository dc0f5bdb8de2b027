/**
 * Holds every engine to the float64 reference, on graphs that are drawn.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { EngineName } from "../../src/engine/create_engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { createWebGpuEngine } from "../../src/engine/webgpu/webgpu_engine.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { assertClose } from "../asm/numbers.ts";
import { compareWithReference, runReference, runTraining } from "../graph/compare_with_reference.ts";
import {
  differsInTraining,
  drawForGraph,
  type DrawnGraph,
  drawnGraphs,
  isTelling,
} from "../graph/drawn_graphs.ts";
import type { GraphRun } from "../graph/reference_graph.ts";
import { batchesOf, batchOf, bitsOf, startEngine } from "./batches.ts";
import { engineTest, type StartEngine } from "./engines.ts";
import { gpuTest } from "./gpu/gpu.ts";
import { refusalOf } from "./hybrid/refusal.ts";
import { withLengths } from "./network_cases.ts";

const SEED = 3;
const STEP = { learningRate: 0.1, momentum: 0.5 };
/** Graphs that each engine meets: a device compiles shaders for each. */
const RUNS: Readonly<Record<EngineName, number>> = { auto: 0, wasm: 60, webgpu: 15, hybrid: 10 };

engineTest("an engine agrees with the reference, on drawn graphs", async (start, engine) => {
  await fc.assert(
    fc.asyncProperty(drawnGraphs({ samples: 3 }), fc.boolean(), async (drawn, recordsStates) => {
      const { spec, samples } = drawn;
      fc.pre(engine !== "hybrid" || refusalOf(spec) === undefined);
      const run = runReference(drawn, SEED);
      const training = differsInTraining(spec) ? runTraining(drawn, SEED) : run;
      fc.pre(isTelling(spec, run) && (training === run || isTelling(spec, training)));
      using opened = await start({
        ...{ spec, seed: SEED, batchSize: samples.count },
        recordStates: recordsStates,
      });
      await compareWithReference(opened, drawn, run, { recordsStates, training });
    }),
    { seed: 5, numRuns: RUNS[engine] },
  );
});

/** A population that two others read at once and late, and one that nothing reads. */
const BRANCHES = describe([
  { id: "fc", kind: "affine", units: 13 },
  { id: "lif", kind: "lif", perUnit: ["decay", "threshold"], decay: 0.7, threshold: 0.5 },
  { id: "scale", kind: "scale" },
  { id: "graded", kind: "graded", from: ["fc", "scale"], threshold: 0.25, penalty: 0.5 },
  { id: "late", kind: "delay", from: "lif" },
  { id: "unread", kind: "lif", from: "late", threshold: 0.5 },
  { id: "classes", kind: "affine", units: 4, from: ["graded", { node: "late", delay: 2 }] },
  { id: "out", kind: "integrator", trainable: ["decay"] },
]);

/** Two populations in a loop, one of which reads itself, too. */
function loopOf(units: number, others: number, above: readonly unknown[] = []): NetworkSpec {
  return describe([
    { id: "fc", kind: "affine", units },
    { id: "back", kind: "affine", units, from: { node: "lif2", delay: 2 } },
    { id: "lif1", kind: "lif", from: ["fc", "back"], decay: 0.8, threshold: 0.5, trainable: ["threshold"] },
    { id: "forth", kind: "affine", units: others },
    {
      id: "lif2",
      kind: "lif",
      from: ["forth", { node: "lif2", delay: 1 }],
      threshold: 0.75,
      adaptation: 0.2,
    },
    ...above,
    { id: "classes", kind: "affine", units: 4 },
    { id: "out", kind: "integrator", decay: 0.8 },
  ]);
}

function describe(nodes: readonly unknown[]): NetworkSpec {
  return parseNetworkSpec({
    steps: 9,
    input: { shape: [3, 5, 7], encoder: { kind: "direct" } },
    nodes,
    loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 1 } },
  });
}

/** Two draws for a graph that tell engines from wrong ones. */
function tellingDraws(spec: NetworkSpec): { drawn: DrawnGraph; run: GraphRun }[] {
  const found = [];
  for (let seed = 1; seed < 60 && found.length < 2; seed++) {
    const drawn = drawForGraph(spec, seed), run = runReference(drawn, SEED);
    if (isTelling(spec, run)) found.push({ drawn, run });
  }
  assert.equal(found.length, 2);
  return found;
}

engineTest("an engine agrees with the reference, on a graph that has no tensors", async (start, engine) => {
  const spec = describe([
    { id: "lif", kind: "lif", threshold: 0.5 },
    { id: "flat", kind: "flatten" },
    { id: "out", kind: "integrator", decay: 0.5, from: ["flat", { node: "out", delay: 2 }] },
  ]);
  const options = { spec, seed: SEED, batchSize: 2, recordStates: true };
  if (engine === "hybrid") return await assert.rejects(start(options), { message: refusalOf(spec)! });
  using opened = await start(options);
  for (const { drawn, run } of tellingDraws(spec)) await compareWithReference(opened, drawn, run);
});

engineTest("an engine agrees with the reference, on a loop of more units than a workgroup", async (start) => {
  const spec = loopOf(70, 130, [{ id: "late", kind: "delay" }, { id: "scale", kind: "scale" }]);
  using engine = await start({ spec, seed: SEED, batchSize: 2, recordStates: true });
  for (const { drawn, run } of tellingDraws(spec)) await compareWithReference(engine, drawn, run);
});

engineTest(
  "an engine agrees with the reference where one row holds for all steps",
  (start, engine) =>
    agrees(start, engine, {
      steps: 5,
      input: { shape: [2, 7, 6], encoder: { kind: "constant" } },
      nodes: [
        { id: "conv", kind: "conv2d", channels: 5, kernel: [3, 3] },
        { id: "norm", kind: "batchNorm" },
        { id: "pool", kind: "avgPool2d", kernel: [2, 2] },
        { id: "lif", kind: "lif", threshold: 0.25 },
        // The row before the normalisation also comes later, so that it has gradients of both kinds.
        { id: "late", kind: "affine", units: 20, from: ["conv", { node: "conv", delay: 2 }] },
        { id: "other", kind: "lif", threshold: 0.5 },
        { id: "classes", kind: "affine", units: 4, from: "lif" },
        { id: "more", kind: "affine", units: 4, from: "other" },
        { id: "out", kind: "integrator", decay: 0.8, from: ["classes", "more"] },
      ],
    }),
);

engineTest(
  "an engine normalises each unit of what flatten hands on, of one channel too",
  (start, engine) =>
    agrees(start, engine, {
      steps: 4,
      input: { shape: [1, 2, 3], encoder: { kind: "direct" } },
      nodes: [
        { id: "flat", kind: "flatten" },
        { id: "norm", kind: "batchNorm" },
        { id: "hidden", kind: "affine", units: 8 },
        { id: "lif", kind: "lif", threshold: 0.25 },
        { id: "classes", kind: "affine", units: 3 },
        { id: "out", kind: "integrator", decay: 0.8 },
      ],
    }),
);

/** Compares two drawn batches, and the training with them. */
async function agrees(start: StartEngine, engine: EngineName, description: unknown): Promise<void> {
  const spec = parseNetworkSpec(description);
  const options = { spec, seed: SEED, batchSize: 3, recordStates: true };
  if (engine === "hybrid") return await assert.rejects(start(options), { message: refusalOf(spec)! });
  using opened = await start(options);
  let compared = 0;
  for (let seed = 1; seed < 60 && compared < 2; seed++) {
    const drawn = drawForGraph(spec, seed, 3),
      run = runReference(drawn, SEED),
      training = runTraining(drawn, SEED);
    if (!isTelling(spec, run) || !isTelling(spec, training)) continue;
    await compareWithReference(opened, drawn, run, { training });
    compared++;
  }
  assert.equal(compared, 2);
}

gpuTest(
  "webgpu trains a loop in one micro-batch and in many alike, on sequences of unequal lengths",
  async () => {
    const spec = loopOf(70, 130), { parameters, samples } = drawForGraph(spec, 7, 150);
    const unequal = withLengths(samples, spec, 4), ends = [];
    for (const gpuMemory of [1024, 4]) {
      using engine = await createWebGpuEngine({ spec, gpuMemory, batchSize: samples.count });
      await engine.setParameters(parameters);
      const { loss, spikes } = await engine.train(batchOf(unequal), STEP);
      ends.push({ loss, spikes, learned: await engine.getParameters(), ...engine.counts });
    }
    const [whole, cut] = ends;
    assert.ok(cut!.dispatches > 2 * whole!.dispatches, `${cut!.dispatches} and ${whole!.dispatches}`);
    assert.deepEqual([cut!.loss, cut!.spikes], [whole!.loss, whole!.spikes]);
    for (const [name, tensor] of whole!.learned) assertClose(cut!.learned.get(name)!, tensor, name);
  },
);

/** Every kind over rows and columns; samples meet twice in the midst of training, once within a branch. */
const MAPS = describe([
  { id: "conv1", kind: "conv2d", channels: 6, kernel: [3, 3], padding: [1, 1] },
  { id: "norm1", kind: "batchNorm" },
  { id: "lif1", kind: "lif", threshold: 0.5, decay: 0.7 },
  { id: "conv2", kind: "conv2d", channels: 6, kernel: [1, 3], padding: [0, 1], groups: 3, bias: false },
  { id: "norm2", kind: "batchNorm", from: "conv2" },
  { id: "lif2", kind: "lif", threshold: 0.5, from: ["norm2", { node: "lif1", delay: 1 }] },
  { id: "pool", kind: "maxPool2d", kernel: [2, 2] },
  { id: "drop", kind: "dropout", rate: 0.25 },
  { id: "mean", kind: "avgPool2d", kernel: [2, 1] },
  { id: "classes", kind: "affine", units: 4 },
  { id: "out", kind: "integrator" },
]);

Deno.test("train() refuses more samples than it was made to normalise over, and evaluates them", async () => {
  const { parameters, samples } = drawForGraph(MAPS, 7, 40);
  using engine = createWasmEngine({
    spec: MAPS,
    kernels: await loadKernels(),
    threads: 2,
    batchSize: 40,
    trainingBatch: 10,
  });
  await engine.setParameters(parameters);
  const message =
    /^40 samples of a batch to train on: the network normalises over them, .* made for 10 at a time/;
  await assert.rejects(engine.train(batchOf(samples), STEP), { name: "RangeError", message });
  assert.equal((await engine.evaluate(batchOf(samples))).total, 40);
  assert.equal((await engine.train(batchOf(samples, [0, 3, 5]), STEP)).total, 3);
});

const THREADED = { branches: BRANCHES, "a loop": loopOf(13, 9), maps: MAPS };
for (const [name, spec] of Object.entries(THREADED)) {
  Deno.test(`train() gives the same bits of a graph with ${name} on 0, 1, 2, 3 and 4 threads`, async () => {
    const { parameters, samples } = drawForGraph(spec, 7, 40);
    const unequal = withLengths(samples, spec, 4), outcomes = [];
    for (const threads of [0, 1, 2, 3, 4]) {
      using engine = await startEngine({ spec, threads, batchSize: 32 });
      await engine.setParameters(parameters);
      const results = [];
      for (const epoch of [1, 2]) {
        for (const batch of batchesOf(unequal, 32, epoch)) results.push(await engine.train(batch, STEP));
      }
      const { parameters: learned, moments } = await engine.getState();
      outcomes.push({ results, learned: bitsOf(learned), velocity: bitsOf(moments.get("velocity")!) });
    }
    assert.ok(outcomes[0]!.results.every(({ loss, spikes }) => Number.isFinite(loss) && spikes > 0));
    for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  });
}
