import assert from "node:assert/strict";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf, startEngine } from "./batches.ts";
import { drawSamples } from "./network_cases.ts";

/** Two layers that fire below one that is read out, at odd sizes. */
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
  latency: { offset: 0 }, // mostly zeros, which are left out of the product
};

for (const [encoder, constants] of Object.entries(ENCODERS)) {
  const spec = deep({ kind: encoder, ...constants });
  const samples = drawSamples(spec, 3, 40, encoder === "direct");

  Deno.test(`a batch's unitSpikes are the spikes that traces of its samples show, ${encoder}`, async () => {
    using recording = await startEngine({ spec, record: true });
    const expected = [new Uint32Array(11), new Uint32Array(9)];
    for (let sample = 0; sample < samples.count; sample++) {
      const { outputs } = await recording.trace(batchOf(samples, [sample]));
      expected.forEach((sums, layer) =>
        outputs[layer]!.forEach((output, at) => output > 0 && sums[at % sums.length]!++)
      );
    }
    assert.ok(expected.every((sums) => sums.some((count) => count > 0)));
    for (const threads of [0, 1, 3]) {
      using engine = await startEngine({ spec, threads });
      const { unitSpikes, spikes } = await engine.evaluate(batchOf(samples));
      assert.deepEqual(unitSpikes, expected);
      assert.equal(spikes, expected.flatMap((sums) => [...sums]).reduce((sum, count) => sum + count));
      await engine.evaluate(batchOf(samples, [1])); // the other slot, and then the first one again
      assert.deepEqual((await engine.evaluate(batchOf(samples))).unitSpikes, expected);
    }
  });

  Deno.test(`a trace's currents carry the potentials from step to step, ${encoder}`, async () => {
    using engine = await startEngine({ spec, record: true });
    const parameters = initialParameters(spec, 0);
    const { potentials, outputs, currents } = await engine.trace(batchOf(samples, [5]));
    spec.layers.forEach(({ units, neuron }, layer) => {
      const reached = new Float32Array(spec.steps * units); // u' = I + d·u of the step before
      const found = new Float32Array(spec.steps * units);
      for (let at = 0; at < reached.length; at++) {
        const before = at < units ? 0 : potentials[layer]![at - units]!;
        reached[at] = currents![layer]![at]! + neuron.decay * before;
        const output = outputs[layer]![at]!;
        found[at] = neuron.kind === "graded" && output > 0
          ? neuron.threshold + output
          : potentials[layer]![at]!;
      }
      assertClose(reached, found, `layer ${layer + 1}`, { absolute: 1e-5 });
      if (layer === 0) return;
      const below = spec.layers[layer - 1]!;
      const weights = parameters.get(`w${layer + 1}`)!, bias = parameters.get(`b${layer + 1}`)!;
      const product = Float32Array.from(reached, (_, at) => {
        const step = Math.floor(at / units) - below.delay, unit = at % units;
        let sum = bias[unit]!;
        for (let i = 0; i < below.units && step >= 0; i++) {
          sum += weights[unit * below.units + i]! * outputs[layer - 1]![step * below.units + i]!;
        }
        return sum;
      });
      assertClose(currents![layer]!, product, `currents of layer ${layer + 1}`, { absolute: 1e-5 });
    });
  });
}
