import assert from "node:assert/strict";
import type { Step } from "../../../src/engine/engine.ts";
import { createWebGpuEngine } from "../../../src/engine/webgpu/webgpu_engine.ts";
import { initialParameters } from "../../../src/network/initialise.ts";
import { notebookNetwork } from "../../../src/network/presets.ts";
import { batchesOf } from "../batches.ts";
import { gpuTest } from "../gpu/gpu.ts";
import { drawSamples } from "../network_cases.ts";

const SPEC = notebookNetwork({
  inputs: 61,
  hidden: 43,
  classes: 4,
  steps: 10,
  threshold: 0.5,
  penalty: 0.75,
});
const BATCHES = batchesOf(drawSamples(SPEC, 1, 90, false), 30);
const SGD: Step = { learningRate: 0.1, momentum: 0.5 };
const ADAM: Step = { kind: "adamw", learningRate: 0.01, clip: 0.02 };

gpuTest(
  "training goes on in the same bits from a state with an optimizer's moments, and from no other optimizer's",
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

gpuTest("another optimizer begins with moments of 0, where none has made a step", async () => {
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
