import assert from "node:assert/strict";
import type { Step } from "../../../src/engine/engine.ts";
import { createWebGpuEngine } from "../../../src/engine/webgpu/webgpu_engine.ts";
import { initialParameters } from "../../../src/network/initialise.ts";
import { seedNetwork } from "../../../src/network/presets.ts";
import { parseSafetensors } from "../../../src/network/safetensors.ts";
import { assertClose } from "../../asm/numbers.ts";
import { batchesOf, batchOf } from "../batches.ts";
import { gpuTest } from "../gpu/gpu.ts";
import { drawSamples } from "../network_cases.ts";
import { readPytorchCase } from "../pytorch_cases.ts";

const moved = parseSafetensors(
  Deno.readFileSync(new URL("../../reference/optimisers/small.safetensors", import.meta.url)),
  "optimisers/small",
);
const cases: Record<string, Step> = JSON.parse(moved.metadata.cases!);

gpuTest("webgpu moves parameters as PyTorch does, with every optimiser", async () => {
  const { spec, samples, parameters } = readPytorchCase("small");
  using engine = await createWebGpuEngine({ spec, batchSize: 5 });
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

const SPEC = seedNetwork({ inputs: 61, hidden: 43, classes: 4, steps: 10, threshold: 0.5, penalty: 0.75 });
const BATCHES = batchesOf(drawSamples(SPEC, 1, 90, false), 30);
const SGD: Step = { learningRate: 0.1, momentum: 0.5 };
const ADAM: Step = { kind: "adamw", learningRate: 0.01, clip: 0.02 };

gpuTest(
  "training goes on in the same bits from a state with an optimiser's moments, and from no other optimiser's",
  async () => {
    using whole = await createWebGpuEngine({ spec: SPEC });
    using resumed = await createWebGpuEngine({ spec: SPEC });
    await whole.setParameters(initialParameters(SPEC, 0));
    await whole.train(BATCHES[0]!, ADAM);
    const state = await whole.getState();
    assert.deepEqual([[...state.moments.keys()], state.steps], [["mean", "square"], 1]);
    await resumed.setParameters(initialParameters(SPEC, 1));
    await resumed.train(BATCHES[2]!, SGD); // to be forgotten
    await assert.rejects(resumed.train(BATCHES[1]!, ADAM), {
      name: "RangeError",
      message: /adamw goes on from mean and square/,
    });
    await resumed.setState(state);
    for (const engine of [whole, resumed]) {
      for (const batch of BATCHES.slice(1)) await engine.train(batch, ADAM);
    }
    assert.deepEqual(await resumed.getState(), await whole.getState());
  },
);

gpuTest("another optimiser begins with moments of 0, where none has made a step", async () => {
  using fresh = await createWebGpuEngine({ spec: SPEC });
  using other = await createWebGpuEngine({ spec: SPEC });
  const parameters = initialParameters(SPEC, 0);
  for (const engine of [fresh, other]) await engine.setParameters(parameters);
  const { moments } = await fresh.getState();
  // A state of 0 steps may hold what it likes.
  const strange = new Map(
    [...parameters].map(([name, { length }]) => [name, new Float32Array(length).fill(9)]),
  );
  await other.setState({ parameters, moments: new Map([["velocity", strange]]), steps: 0 });
  assert.deepEqual([...moments.keys()], ["velocity"]);
  for (const engine of [fresh, other]) await engine.train(BATCHES[0]!, ADAM);
  assert.deepEqual(await other.getState(), await fresh.getState());
});
