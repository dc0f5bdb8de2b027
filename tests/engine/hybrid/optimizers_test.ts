import assert from "node:assert/strict";
import type { Step } from "../../../src/engine/engine.ts";
import { createHybridEngine } from "../../../src/engine/hybrid/hybrid_engine.ts";
import { loadKernels } from "../../../src/engine/wasm/load.ts";
import { batchOf } from "../batches.ts";
import { gpuTest } from "../gpu/gpu.ts";
import { readPytorchCase } from "../pytorch_cases.ts";

const { spec, samples, parameters } = readPytorchCase("small");
const open = async (threads: number) =>
  await createHybridEngine({ spec, kernels: await loadKernels(), threads, batchSize: 5 });

gpuTest("a clipped gradient has the same bits on any number of threads", async () => {
  const adam: Step = { kind: "adam", learningRate: 0.01, clip: 0.05 };
  const ends = [];
  for (const threads of [0, 2]) {
    using engine = await open(threads);
    await engine.setParameters(parameters);
    for (let i = 0; i < 3; i++) await engine.train(batchOf(samples), adam);
    ends.push(await engine.getState());
  }
  assert.deepEqual(ends[1], ends[0]);
});
