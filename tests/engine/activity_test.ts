import assert from "node:assert/strict";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { batchOf, startEngine } from "./batches.ts";
import { drawSamples } from "./network_cases.ts";

/** Two spiking layers below a readout layer, at odd sizes. */
const deep = (encoder: Readonly<Record<string, unknown>>) =>
  parseNetworkSpec({
    inputs: 13,
    steps: 17,
    encoder,
    layers: [
      { units: 11, delay: 1, neuron: { kind: "graded", decay: 0.8, threshold: 0.3, penalty: 0.4 } },
      { units: 9, neuron: { kind: "graded", decay: 0.9, threshold: 0.05, penalty: 0.1 } },
      { units: 3, neuron: { kind: "integrator", decay: 0.7 } },
    ],
    readout: { from: "state", reduce: "mean" },
    loss: { kind: "crossEntropy" },
  });

const ENCODERS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  noise: { offset: -0.5 },
  constant: { offset: -0.5 },
  direct: { offset: 0 },
  latency: { offset: 0 }, // mostly zeros: takes the sparse product
};

for (const [encoder, constants] of Object.entries(ENCODERS)) {
  const spec = deep({ kind: encoder, ...constants });
  const samples = drawSamples(spec, 3, 40, encoder === "direct");

  Deno.test(`unitSpikes of a batch are the sums of its samples' traces, ${encoder}`, async () => {
    using recording = await startEngine({ spec, recordStates: true });
    const expected = [new Uint32Array(11), new Uint32Array(9)];
    for (let sample = 0; sample < samples.count; sample++) {
      const traced = await recording.trace(batchOf(samples, [sample]));
      expected.forEach((sums, layer) =>
        traced.spikes[layer]!.forEach((spike, at) => sums[at % sums.length]! += spike)
      );
    }
    assert.ok(expected.every((sums) => sums.some((count) => count > 0)));
    for (const threads of [0, 1, 3]) {
      using engine = await startEngine({ spec, threads });
      const { unitSpikes, spikes } = await engine.evaluate(batchOf(samples));
      assert.deepEqual(unitSpikes, expected);
      assert.equal(spikes, expected.flatMap((sums) => [...sums]).reduce((sum, count) => sum + count));
      await engine.evaluate(batchOf(samples, [1])); // takes turns between the double buffers
      assert.deepEqual((await engine.evaluate(batchOf(samples))).unitSpikes, expected);
    }
  });
}
