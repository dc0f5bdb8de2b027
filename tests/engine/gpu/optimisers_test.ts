import assert from "node:assert/strict";
import { createEngine } from "../../../src/engine/choose.ts";
import type { Step } from "../../../src/engine/engine.ts";
import { parseSafetensors } from "../../../src/network/safetensors.ts";
import { assertClose } from "../../asm/numbers.ts";
import { batchOf } from "../batches.ts";
import { readPytorchCase } from "../pytorch_cases.ts";
import { gpuTest } from "./gpu.ts";

const pytorch = readPytorchCase("small");
const moved = parseSafetensors(
  Deno.readFileSync(new URL("../../reference/optimisers/small.safetensors", import.meta.url)),
  "optimisers/small",
);
const cases: Record<string, Step> = JSON.parse(moved.metadata.cases!);

for (const engine of ["hybrid", "webgpu"] as const) {
  gpuTest(`${engine} moves parameters as PyTorch does, with each optimiser`, async () => {
    const { spec, samples, parameters } = pytorch;
    for (const [name, step] of Object.entries(cases)) {
      using opened = await createEngine({ spec, engine, threads: 1, batchSize: 5 });
      await opened.setParameters(parameters);
      let compared = 0;
      for (let number = 1; number <= 6; number++) {
        await opened.train(batchOf(samples), step);
        for (const [key, found] of await opened.getParameters()) {
          const expected = moved.tensors.get(`${name}.${key}_after${number}`);
          if (!expected) continue;
          assert.ok(expected.data instanceof Float32Array);
          assertClose(found, expected.data, `${name}: ${key} after step ${number}`, {
            relative: 1e-4,
            absolute: 2e-6,
          });
          compared++;
        }
      }
      assert.equal(compared, 3 * 4);
    }
  });

  gpuTest(`${engine} goes on from a state of adam in the same bits, and refuses sgd from there`, async () => {
    const { spec, samples, parameters } = pytorch;
    const adam: Step = { kind: "adam", learningRate: 0.01, clip: 0.05 };
    const open = () => createEngine({ spec, engine, threads: 1, batchSize: 5 });
    using whole = await open();
    using resumed = await open();
    await whole.setParameters(parameters);
    await whole.train(batchOf(samples), adam);
    await resumed.setState(await whole.getState());
    for (const each of [whole, resumed]) await each.train(batchOf(samples), adam);
    const state = await whole.getState();
    assert.deepEqual(await resumed.getState(), state);
    assert.deepEqual([...state.moments.keys(), state.steps], ["mean", "square", 2]);
    const sgd: Step = { learningRate: 0.1, momentum: 0.5 };
    await assert.rejects(resumed.train(batchOf(samples), sgd), {
      name: "RangeError",
      message: /mean and square/,
    });
    assert.deepEqual(await resumed.getState(), state);
  });
}
