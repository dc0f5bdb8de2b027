/** What becomes of convolution, dropout and normalisation where a batch is cut, or does not fit. */
import assert from "node:assert/strict";
import { createWebGpuEngine } from "../../../src/engine/webgpu/webgpu_engine.ts";
import {
  affine,
  avgPool2d,
  batchNorm,
  conv2d,
  dropout,
  flatten,
  integrator,
  lif,
  maxPool2d,
  network,
} from "../../../src/network/builder.ts";
import type { GraphSpec } from "../../../src/network/graph.ts";
import { assertClose } from "../../asm/numbers.ts";
import { drawForGraph } from "../../graph/drawn_graphs.ts";
import { batchOf, bitsOf, startEngine } from "../batches.ts";
import { gpuTest } from "../gpu/gpu.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };

/** Convolution, spikes, pools, dropout and a readout. */
function convolutional(...more: readonly ReturnType<typeof batchNorm>[]): GraphSpec {
  return network({
    steps: 8,
    input: { shape: [2, 9, 9], encoder: { kind: "direct" } },
    nodes: [
      conv2d(6, 3, { padding: 1 }),
      ...more,
      lif({ threshold: 0.5 }),
      maxPool2d(2),
      dropout(0.3),
      avgPool2d(2),
      flatten(),
      affine(3),
      integrator(),
    ],
  });
}

gpuTest(
  "webgpu trains a convolution with dropout in one micro-batch and in many alike, and as wasm does",
  async () => {
    const spec = convolutional(), { parameters, samples } = drawForGraph(spec, 3, 60);
    const ends = [];
    for (const gpuMemory of [1024, 2]) {
      using engine = await createWebGpuEngine({ spec, gpuMemory, batchSize: samples.count });
      await engine.setParameters(parameters);
      const { loss, spikes } = await engine.train(batchOf(samples), STEP);
      ends.push({ loss, spikes, learned: await engine.getParameters(), ...engine.counts });
      const { bytes } = engine.memory;
      assert.ok(bytes <= gpuMemory * 2 ** 20, `${bytes} bytes of ${gpuMemory} MiB`);
    }
    const [whole, cut] = ends;
    assert.ok(cut!.dispatches > 2 * whole!.dispatches, `${cut!.dispatches} and ${whole!.dispatches}`);
    assert.deepEqual([cut!.loss, cut!.spikes], [whole!.loss, whole!.spikes]);
    using wasm = await startEngine({ spec, threads: 0, batchSize: samples.count });
    await wasm.setParameters(parameters);
    const { loss, spikes } = await wasm.train(batchOf(samples), STEP);
    assertClose([whole!.loss, whole!.spikes], [loss, spikes], "loss and spikes", { relative: 1e-5 });
    for (const [name, expected] of await wasm.getParameters()) {
      for (const { learned } of ends) assertClose(learned.get(name)!, expected, name);
    }
  },
);

gpuTest(
  "webgpu normalises a batch that fits, and refuses one that does not before anything changes",
  async () => {
    const spec = convolutional(batchNorm()), { parameters, samples } = drawForGraph(spec, 3, 60);
    using engine = await createWebGpuEngine({ spec, gpuMemory: 4, batchSize: samples.count });
    await engine.setParameters(parameters);
    await engine.train(batchOf(samples, [1, 2, 3]), STEP);
    const { updates, ...before } = await engine.getState(), { dispatches } = engine.counts;
    await assert.rejects(
      engine.train(batchOf(samples), { kind: "adam", learningRate: 0.1 }),
      /^EngineError: webgpu: node batchNorm1 normalises over .* together: 60 samples, but (\d+) fit: give more memory by --gpu-memory, a smaller --batch-size, or take --engine wasm$/,
    );
    assert.equal(engine.counts.dispatches, dispatches);
    const after = await engine.getState();
    assert.equal(after.updates, updates);
    assert.deepEqual(bitsOf(after.parameters), bitsOf(before.parameters));
    assert.deepEqual(
      [...after.moments].map(([name, moment]) => [name, bitsOf(moment)]),
      [...before.moments].map(([name, moment]) => [name, bitsOf(moment)]),
    );
    // Outside training samples are independent.
    assert.equal((await engine.evaluate(batchOf(samples))).total, 60);
  },
);

gpuTest(
  "webgpu trains with normalisation in batches as large as its refusal says, and within its memory",
  async () => {
    const spec = convolutional(batchNorm()), { parameters, samples } = drawForGraph(spec, 3, 60);
    using engine = await createWebGpuEngine({ spec, gpuMemory: 4, batchSize: samples.count });
    await engine.setParameters(parameters);
    const refusal = await engine.train(batchOf(samples), STEP).then(() => "", ({ message }) => message);
    const fit = Number(/but (\d+) fit/.exec(refusal)?.[1]),
      indices = Array.from({ length: fit }, (_, i) => i);
    await assert.rejects(engine.train(batchOf(samples, [...indices, fit]), STEP), { name: "EngineError" });
    await engine.train(batchOf(samples, indices), STEP);
    assert.ok(engine.memory.bytes <= 4 * 2 ** 20, `${engine.memory.bytes} bytes`);
    using wasm = await startEngine({ spec, threads: 0, batchSize: fit });
    await wasm.setParameters(parameters);
    await wasm.train(batchOf(samples, indices), STEP);
    const found = await engine.getParameters();
    for (const [name, expected] of await wasm.getParameters()) assertClose(found.get(name)!, expected, name);
  },
);

gpuTest("webgpu refuses a pool whose loops a software adapter would end early without an error", async () => {
  const spec = network({
    steps: 2,
    input: { shape: [1, 40, 40], encoder: { kind: "direct" } },
    nodes: [maxPool2d(20, { stride: 1 }), flatten(), affine(2), integrator()],
  });
  await assert.rejects(
    createWebGpuEngine({ spec }),
    /^EngineError: llvmpipe.*: node maxPool2d1 takes 176,820 turns of a loop, .* after 65,535: take --engine wasm$/,
  );
});

gpuTest(
  "webgpu counts the spikes of more units than a software adapter's loop has turns, and holds them to a rate",
  async () => {
    const spec = network({
      steps: 2,
      input: { shape: [1, 150, 150], encoder: { kind: "direct" } },
      nodes: [conv2d(3, 1), lif({ threshold: 0.1 }), avgPool2d(75), flatten(), affine(2), integrator()],
      loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 1 } },
    });
    const { parameters, samples } = drawForGraph(spec, 5, 2), ends = [];
    for (
      const open of [
        createWebGpuEngine,
        (options: { spec: GraphSpec }) => startEngine({ ...options, threads: 0 }),
      ]
    ) {
      using engine = await open({ spec });
      await engine.setParameters(parameters);
      const { spikes, loss, unitSpikes } = await engine.train(batchOf(samples), STEP);
      ends.push({ spikes, loss, unitSpikes, learned: await engine.getParameters() });
    }
    const [found, expected] = ends;
    assert.ok(found!.spikes > 10_000);
    assert.deepEqual(found!.unitSpikes, expected!.unitSpikes);
    assert.equal(found!.spikes, expected!.spikes);
    assertClose([found!.loss], [expected!.loss], "loss");
    for (const [name, tensor] of expected!.learned) assertClose(found!.learned.get(name)!, tensor, name);
  },
);
