/**
 * What every GPU engine promises, whichever part of the work its device does.
 *
 * @module
 */
import assert from "node:assert/strict";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createHybridEngine, type HybridEngine } from "../../src/engine/hybrid/hybrid_engine.ts";
import { createWebGpuEngine, type WebGpuEngineOptions } from "../../src/engine/webgpu/webgpu_engine.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { readReferenceCase } from "../../src/verify/reference_case.ts";
import { isWithin, verifyCase } from "../../src/verify/verify.ts";
import { assertClose } from "../asm/numbers.ts";
import { referencePath } from "../cli/spikelet.ts";
import { batchesOf, batchOf, startEngine } from "./batches.ts";
import { answered } from "./deadline.ts";
import { gpuEngineTest } from "./engines.ts";
import { gpuTest, watchedGpu } from "./gpu/gpu.ts";
import { drawSamples, SMALL } from "./network_cases.ts";
import { PYTORCH_CASES } from "./pytorch_cases.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };
const SAMPLES = drawSamples(SMALL, 1, 200, false);
const BATCHES = batchesOf(SAMPLES, 50);
const kernels = await loadKernels();

/** Opens an engine that counts its device's work. */
type Open = (options?: Partial<WebGpuEngineOptions>) => Promise<HybridEngine>;

const openWebGpu: Open = (options) => createWebGpuEngine({ spec: SMALL, ...options });
const openHybrid: Open = (options) => createHybridEngine({ spec: SMALL, ...options, kernels, threads: 0 });

const ENGINES: Readonly<Record<string, Open>> = {
  webgpu: openWebGpu,
  "hybrid on 0 threads": openHybrid,
  "hybrid on 2 threads": (options) => createHybridEngine({ spec: SMALL, ...options, kernels, threads: 2 }),
};

for (const engine of ["webgpu", "hybrid"] as const) {
  for (const name of PYTORCH_CASES) {
    gpuTest(`${engine} passes the reference case ${name}`, async () => {
      const deviations = await verifyCase(await readReferenceCase(referencePath(name)), {
        engine,
        threads: 1,
      });
      assert.deepEqual(deviations.filter((deviation) => !isWithin(deviation)), []);
      assert.ok(deviations.length > 15);
    });
  }
}

gpuEngineTest(
  "train() agrees with wasm on weights, but for rounding, and on classes",
  async (start) => {
    const samples = drawSamples(SMALL, 5, 150, true);
    const ends = [];
    using found = await start({ spec: SMALL, seed: 3 });
    using expected = await startEngine({ spec: SMALL, threads: 0, seed: 3 });
    await found.setParameters(await expected.getParameters());
    for (const engine of [found, expected]) {
      for (const batch of batchesOf(samples, 40)) await engine.train(batch, STEP);
      const { spikes, unitSpikes } = await engine.train(batchOf(samples), { learningRate: 0, momentum: 0 });
      const { loss, correct, total } = await engine.evaluate(batchOf(samples));
      ends.push({
        presented: { spikes, unitSpikes, total },
        loss,
        correct,
        parameters: await engine.getParameters(),
      });
    }
    const [device, wasm] = ends;
    assert.ok(wasm!.presented.spikes > 0);
    assert.deepEqual(device!.presented, wasm!.presented);
    assert.ok(Math.abs(device!.correct - wasm!.correct) <= 1);
    assertClose([device!.loss], [wasm!.loss], "loss");
    for (const [name, tensor] of wasm!.parameters) {
      assertClose(device!.parameters.get(name)!, tensor, name, { relative: 0, absolute: 1e-5 });
    }
  },
);

gpuEngineTest("train() agrees with wasm on augmented pictures", async (start) => {
  const spec = notebookNetwork({
    inputs: 63,
    hidden: 19,
    classes: 4,
    steps: 9,
    threshold: 0.5,
    penalty: 0.75,
  });
  const samples = { ...drawSamples(spec, 5, 20, true), picture: { rows: 7, columns: 3, channels: 3 } };
  const augmentation = { shift: 2, rotate: 20, elastic: 1, scale: 0.2, flip: 0.5, crop: 1, cutout: 2 };
  const moved = { ...batchOf(samples), augmentation };
  const ends = [];
  using found = await start({ spec });
  using expected = await startEngine({ spec, threads: 0 });
  for (const engine of [found, expected]) {
    const [still, result] = [await engine.train(batchOf(samples), STEP), await engine.train(moved, STEP)];
    assert.notEqual(result.loss, still.loss);
    ends.push({ result, parameters: await engine.getParameters() });
  }
  assertClose([ends[0]!.result.loss], [ends[1]!.result.loss], "loss");
  for (const [tensor, values] of ends[1]!.parameters) {
    assertClose(ends[0]!.parameters.get(tensor)!, values, tensor);
  }
});

for (const [name, open] of Object.entries(ENGINES)) {
  gpuTest(
    `train() gives the same, but for rounding, in one micro-batch and in many, ${name}`,
    async () => {
      const ends = [];
      for (const gpuMemory of [1024, 1]) {
        using engine = await open({ gpuMemory });
        const result = await engine.train(batchOf(SAMPLES), STEP);
        ends.push({ result, parameters: await engine.getParameters(), dispatches: engine.counts.dispatches });
        const { bytes } = engine.memory;
        assert.ok(bytes <= gpuMemory * 2 ** 20, `${bytes} bytes of ${gpuMemory} MiB`);
      }
      const [whole, cut] = ends;
      assert.ok(cut!.dispatches > 2 * whole!.dispatches, `${cut!.dispatches} and ${whole!.dispatches}`);
      const { gradientNorms: norms = [], ...samples } = cut!.result;
      const { gradientNorms: expected = [], ...wholeSamples } = whole!.result;
      assert.deepEqual(samples, wholeSamples); // sums over single samples, which micro-batches do not divide
      assertClose(norms, expected, "gradient norms", { relative: 1e-5, absolute: 0 });
      for (const [tensor, expected] of whole!.parameters) {
        assertClose(cut!.parameters.get(tensor)!, expected, tensor, { absolute: 1e-6 });
      }
    },
  );

  gpuTest(
    `an epoch keeps no tensor, and takes no more memory than its first batches, ${name}`,
    async () => {
      using engine = await open();
      const trainAll = async () => {
        for (const batch of [...BATCHES, batchOf(SAMPLES, [1, 2, 3]), batchOf(SAMPLES)]) {
          await engine.train(batch, STEP);
          await engine.evaluate(batch);
        }
      };
      await trainAll();
      const first = engine.memory;
      for (let epoch = 0; epoch < 3; epoch++) await trainAll();
      const { tensors, bytes } = engine.memory;
      assert.equal(tensors, first.tensors);
      // Hybrid sends lists of spikes, which have unequal lengths.
      assert.ok(
        bytes <= (name === "webgpu" ? 1 : 1.1) * first.bytes,
        `${bytes} bytes, ${first.bytes} at first`,
      );
    },
  );

  gpuTest(
    `a lost device rejects the current batch and all later calls, but earlier answers stay valid, ${name}`,
    async () => {
      const { gpu, devices } = watchedGpu();
      const engine = await open({ gpu });
      await engine.train(BATCHES[0]!, STEP);
      const state = await engine.getState();
      const calls: Promise<unknown>[] = [
        engine.train(BATCHES[1]!, STEP),
        engine.train(BATCHES[2]!, STEP),
        engine.getParameters(),
      ];
      devices[0]!.destroy();
      const lost = { name: "EngineError", message: /out of memory or lost|the GPU device was lost/ };
      for (const call of calls) await assert.rejects(answered(call), lost);
      await assert.rejects(answered(engine.evaluate(BATCHES[0]!)), lost);
      engine.close();
      using next = await open();
      await next.setState(state);
      using whole = await open();
      await whole.train(BATCHES[0]!, STEP);
      assert.deepEqual(await next.train(BATCHES[1]!, STEP), await whole.train(BATCHES[1]!, STEP));
    },
  );

  gpuTest(
    `an engine refuses a network that is too large for the device before it computes anything, ${name}`,
    async () => {
      const refuses = (options: Partial<WebGpuEngineOptions>, message: RegExp) =>
        assert.rejects(open(options), { name: "EngineError", message });
      const inputs = 131_072;
      const steps = notebookNetwork({ inputs, hidden: 1, classes: 1, steps: 65_536 });
      await refuses({ spec: steps }, /the inputs of all steps take 32,768 MiB/);
      await refuses({ spec: notebookNetwork(), gpuMemory: 1 }, /^--gpu-memory 1: .* give at least \d, /);
      if (name !== "webgpu") return; // hybrid's optimizer is in wasm's memory
      await refuses(
        { spec: notebookNetwork({ inputs, hidden: 65_536, classes: 1, steps: 1 }) },
        /one layer's weights take/,
      );
    },
  );
}

gpuTest("webgpu sends only a batch's features and reads only its results", async () => {
  using engine = await openWebGpu();
  await engine.train(BATCHES[0]!, STEP);
  const before = engine.counts;
  await engine.train(BATCHES[1]!, STEP);
  const after = engine.counts;
  assert.equal(after.dispatches - before.dispatches, 30);
  assert.equal(after.bytesUp - before.bytesUp, 4 * 50 * (29 + 2 + 6) + 8); // features, keys, sample info; two factors of 1
  // Loss, class, spikes; spikes of each hidden unit; two numbers per tensor for the gradient's norms.
  assert.equal(after.bytesDown - before.bytesDown, 4 * (50 * 3 + 19 + 2 * 4));
});

gpuTest("hybrid sends features, weights and lists of spikes, and reads products", async () => {
  using engine = await openHybrid();
  await engine.train(BATCHES[0]!, STEP);
  const before = engine.counts;
  const { spikes } = await engine.train(BATCHES[1]!, STEP);
  const after = engine.counts;
  const width = 20, listed = 2 ** Math.ceil(Math.log2(2 * spikes));
  assert.equal(after.dispatches - before.dispatches, 8);
  assert.equal(after.bytesUp - before.bytesUp, 4 * (50 * (29 + 2) + listed + width * (29 + 1)));
  assert.equal(after.bytesDown - before.bytesDown, 4 * (50 * 22 * width + width * 29));
});

gpuTest("hybrid cuts a batch into two micro-batches of whole reduction groups", async () => {
  const spec = notebookNetwork({ inputs: 4, hidden: 3, steps: 128 });
  using engine = await openHybrid({ spec, batchSize: 1000 });
  const samples = drawSamples(spec, 1, 10, false);
  const before = engine.counts.dispatches;
  await engine.evaluate(batchOf(samples, Array.from({ length: 1000 }, (_, i) => i % 10)));
  assert.equal(engine.counts.dispatches - before, 2 * 3);
});

gpuTest("hybrid gives the same bits on 0, 1 and 3 threads, run after run", async () => {
  const adam = { kind: "adam", learningRate: 0.01, clip: 0.05 } as const;
  for (const spec of [SMALL, feedForwardNetwork({ inputs: 29, hidden: 19, classes: 4 })]) {
    for (const step of [STEP, adam]) {
      const outcomes = [];
      for (const threads of [0, 1, 3, 3]) {
        using engine = await createHybridEngine({ spec, kernels, threads, gpuMemory: 2 });
        const results = [];
        for (const batch of [...BATCHES, batchOf(SAMPLES)]) results.push(await engine.train(batch, step));
        const evaluated = await engine.evaluate(BATCHES[0]!);
        outcomes.push({ results, evaluated, state: await engine.getState() });
      }
      assert.ok(outcomes[0]!.results[0]!.spikes > 0);
      for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
    }
  }
});
