import assert from "node:assert/strict";
import { explain } from "../../src/cli/explanation.ts";
import type { Samples } from "../../src/data/samples.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { feedForwardNetwork } from "../../src/network/presets.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { observeLayers } from "../../src/training/activity.ts";
import { diagnose } from "../../src/training/diagnosis.ts";

/** Equal samples: only the biases decide. */
const SAMPLES: Samples = {
  name: "blank",
  count: 4,
  size: 3,
  features: new Uint8Array(12),
  labels: new Uint8Array(4),
};
const ALL = Uint8Array.from([0, 1, 2, 3]);

const layered = (decay: number) =>
  parseNetworkSpec({
    inputs: 3,
    steps: 10,
    encoder: { kind: "constant" },
    layers: [
      { units: 5, neuron: { kind: "graded", decay, threshold: 2, penalty: 1 } },
      { units: 2, neuron: { kind: "integrator", decay: 0.9 } },
    ],
    readout: { from: "state", reduce: "mean" },
    loss: { kind: "crossEntropy" },
  });

/** The activity of a hidden layer whose units have these constant currents. */
async function seen(spec: NetworkSpec, currents: readonly number[]) {
  const parameters = new Map(initialParameters(spec, 0));
  parameters.get("fc1.weight")!.fill(0);
  parameters.set("fc1.bias", Float32Array.from(currents));
  const layers = await observeLayers({
    spec,
    parameters,
    seed: 0,
    samples: SAMPLES,
    indices: Uint32Array.from(ALL),
  });
  return layers[0]!;
}

Deno.test("observeLayers() gives the constant current that reaches the threshold at the last step", async () => {
  for (const decay of [0, 0.5, 0.9, 1]) {
    const spec = layered(decay);
    const { steadyCurrent } = await seen(spec, [0, 0, 0, 0, 0]);
    // By hand: 2 = I·(1 + d + … + d⁹).
    const reach = Array.from({ length: 10 }, (_, i) => decay ** i).reduce((a, b) => a + b);
    assert.ok(Math.abs(steadyCurrent! - 2 / reach) < 1e-12);
    const above = 1.001 * steadyCurrent!, below = 0.999 * steadyCurrent!;
    const { silent, saturated, firingRate } = await seen(spec, [above, above, below, below, below]);
    assert.equal(silent, 3);
    // Without memory it spikes at every step; else once, at the last one, unless it has stopped rising before that.
    if (decay === 0) assert.deepEqual([saturated, firingRate], [2, 0.4]);
    else if (decay > 0.8) assert.deepEqual([saturated, firingRate], [0, 2 / 50]);
  }
});

Deno.test("observeLayers() gives the size of currents and weights, and the saturated units", async () => {
  const layer = await seen(layered(0.5), [100, -1, 0, 0.5, 0.25]);
  assert.deepEqual([layer.layer, layer.samples, layer.units, layer.neuron], [1, 4, 5, "graded"]);
  assert.deepEqual([layer.saturated, layer.silent, layer.threshold], [1, 4, 2]);
  assert.equal(layer.firingRate, 1 / 5);
  const mean = 99.75 / 5;
  assert.ok(Math.abs(layer.current.mean - mean) < 1e-5);
  const deviation = Math.sqrt((1e4 + 1 + 0.25 + 0.0625) / 5 - mean ** 2);
  assert.ok(Math.abs(layer.current.deviation - deviation) < 1e-4);
  assert.equal(layer.current.largest, 100);
  assert.equal(layer.largestWeight, 0);
});

Deno.test("explain() says what helps silent, saturated and exploded units, and nothing else", async () => {
  const spec = layered(0.5);
  const textOf = async (currents: readonly number[]) => {
    const layers = await observeLayers({
      spec,
      parameters: new Map([...initialParameters(spec, 0), ["fc1.weight", new Float32Array(15)], [
        "fc1.bias",
        Float32Array.from(currents),
      ]]),
      seed: 0,
      samples: SAMPLES,
      indices: Uint32Array.from(ALL),
    });
    const findings = diagnose({
      layers,
      spec,
      history: [],
      test: { loss: 0.3, accuracy: 0.9, correct: 90, total: 100 },
      chance: { loss: Math.log(2), accuracy: 0.5 },
    });
    const options = { model: "graded", spec, epochs: 1, step: { learningRate: 0.1, momentum: 0 } };
    return explain({ layers: layers.map((layer) => ({ ...layer, gradientNorm: 0.5 })), findings }, options)
      .join("\n");
  };
  const silent = await textOf([0, 0, 0, 0, 1.5]);
  assert.match(silent, /^Layers, over 4 training samples:$/m);
  assert.match(silent, /Layer 1: 4 of 5 units never fired\. (.|\n)*lower --threshold/);
  const saturated = await textOf([100, 100, 100, 100, 1.5]);
  assert.match(saturated, /4 of 5 at every one(.|\n)*a higher --threshold, a higher --penalty/);
  assert.doesNotMatch(saturated, /never fired/);
  const exploded = await textOf([1e6, -1e6, 1e6, -1e6, 1.5]);
  assert.match(exploded, /currents of up to 1\.0e\+6 (.|\n)*--learning-rate 0\.01, or\s+--clip 1/);
  const well = await textOf([1.2, 1.3, 1.4, 1.3, 1.2]);
  assert.match(well, /Nothing stands out: most units fire, and not at every step, and no gradient/);
  for (const line of [silent, saturated, exploded, well].join("\n").split("\n")) {
    assert.ok(line.length <= 120, line);
  }
});

Deno.test("observeLayers() observes the feed-forward network", async () => {
  const spec = feedForwardNetwork({ inputs: 3, hidden: 4, classes: 2 });
  const layers = await observeLayers({
    spec,
    parameters: initialParameters(spec, 0),
    seed: 0,
    samples: SAMPLES,
    indices: Uint32Array.from(ALL),
  });
  assert.deepEqual(layers.map(({ firingRate }) => firingRate === null), [false, true]);
});
