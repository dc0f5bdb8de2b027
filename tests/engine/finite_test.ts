/**
 * Every engine refuses numbers that are not finite before it computes anything, and names their place.
 *
 * @module
 */
import assert from "node:assert/strict";
import { initialParameters, loadKernels, notebookNetwork } from "../../mod.ts";
import { Classifier } from "../../src/classify/classifier.ts";
import type { Samples } from "../../src/data/samples.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { evaluate, train } from "../../src/training/trainer.ts";
import { engineTest } from "./engines.ts";

const COUNT = 4, T = 3, CHANNELS = 2, SIZE = T * CHANNELS;
const layers = [{ units: 3, neuron: { kind: "graded" } }, { units: 2, neuron: { kind: "graded" } }];
const direct = parseNetworkSpec({ inputs: CHANNELS, steps: T, encoder: { kind: "direct" }, layers });
const noise = notebookNetwork({ inputs: SIZE, hidden: 3, classes: 2, steps: T });

const samplesOf = (at: number, value: number, more: Partial<Samples> = {}): Samples => ({
  name: "mine",
  count: COUNT,
  size: SIZE,
  features: new Float32Array(COUNT * SIZE).fill(0.5).fill(value, at, at + 1),
  labels: new Uint8Array(COUNT),
  ...more,
});

engineTest("an engine refuses features that are not finite", async (start) => {
  for (const spec of [noise, direct]) {
    using engine = await start({ spec, batchSize: COUNT });
    for (const value of [NaN, Infinity, -Infinity]) {
      const message = `mine: feature 5 of sample 2 is ${value}, expected a finite number`;
      const samples = samplesOf(2 * SIZE + 5, value), step = { learningRate: 0.1, momentum: 0 };
      await assert.rejects(evaluate(engine, samples, COUNT), { name: "RangeError", message });
      const trained = train(engine, { samples, epochs: 1, batchSize: COUNT, step, seed: 0 });
      await assert.rejects(trained, { name: "RangeError", message });
    }
    assert.equal((await evaluate(engine, samplesOf(0, 0), COUNT)).total, COUNT);
  }
  using engine = await start({ spec: direct, batchSize: COUNT });
  const lengths = Uint16Array.of(T, T, 2, T);
  assert.equal((await evaluate(engine, samplesOf(2 * SIZE + 5, NaN, { lengths }), COUNT)).total, COUNT);
  await assert.rejects(evaluate(engine, samplesOf(2 * SIZE + 3, NaN, { lengths }), COUNT), {
    message: "mine: feature 3 of sample 2 is NaN, expected a finite number",
  });
});

engineTest("an engine refuses parameters that are not finite, and keeps its own", async (start) => {
  using engine = await start({ spec: noise, batchSize: COUNT });
  const before = await engine.getParameters();
  const parameters = initialParameters(noise, 1);
  parameters.get("fc1.bias")![2] = NaN;
  await assert.rejects(engine.setParameters(parameters), {
    name: "RangeError",
    message: "parameter fc1.bias: value 2 is NaN, expected a finite number",
  });
  assert.deepEqual(await engine.getParameters(), before);
});

Deno.test("Classifier refuses parameters that are not finite", async () => {
  const parameters = initialParameters(noise, 1), kernels = await loadKernels();
  parameters.get("fc2.weight")![4] = Infinity;
  assert.throws(() => new Classifier({ spec: noise, parameters, metadata: {} }, { kernels }), {
    name: "RangeError",
    message: "parameter fc2.weight: value 4 is Infinity, expected a finite number",
  });
});
