import assert from "node:assert/strict";
import type { Step } from "../../../src/engine/engine.ts";
import { createHybridEngine } from "../../../src/engine/hybrid/hybrid_engine.ts";
import { loadKernels } from "../../../src/engine/wasm/load.ts";
import { parseSafetensors } from "../../../src/network/safetensors.ts";
import { assertClose } from "../../asm/numbers.ts";
import { batchOf } from "../batches.ts";
import { gpuTest } from "../gpu/gpu.ts";
import { readPytorchCase } from "../pytorch_cases.ts";

const moved = parseSafetensors(
  Deno.readFileSync(new URL("../../reference/optimisers/small.safetensors", import.meta.url)),
  "optimisers/small",
);
const cases: Record<string, Step> = JSON.parse(moved.metadata.cases!);
const { spec, samples, parameters } = readPytorchCase("small");
const open = async (threads: number) =>
  await createHybridEngine({ spec, kernels: await loadKernels(), threads, batchSize: 5 });

gpuTest("hybrid moves parameters as PyTorch does, with every optimiser", async () => {
  using engine = await open(0);
  let compared = 0;
  for (const [name, step] of Object.entries(cases)) {
    await engine.setParameters(parameters);
    for (let number = 1; number <= 6; number++) {
      await engine.train(batchOf(samples), step);
      for (const [key, found] of await engine.getParameters()) {
        const expected = moved.tensors.get(`${name}.${key}_after${number}`)?.data;
        if (!(expected instanceof Float32Array)) continue;
        assertClose(found, expected, `${name}: ${key} after step ${number}`, {
          relative: 1e-4,
          absolute: 1e-6,
        });
        compared++;
      }
    }
  }
  assert.equal(compared, 3 * 4 * Object.keys(cases).length);
});

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
