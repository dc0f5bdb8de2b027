import assert from "node:assert/strict";
import { createEngine } from "../../src/engine/create_engine.ts";
import type { SampleTrace } from "../../src/engine/engine.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest, gpuEngineTest, type StartEngine } from "./engines.ts";
import { drawParameters, drawSamples } from "./network_cases.ts";

/** Two layers that fire below one that is read out, at odd sizes. */
const deep = (encoder: Readonly<Record<string, unknown>>, recurrent = false) =>
  parseNetworkSpec({
    inputs: 13,
    steps: 17,
    encoder,
    layers: [
      {
        units: 11,
        delay: 1,
        recurrent,
        neuron: { kind: "graded", decay: 0.8, threshold: 0.3, penalty: 0.4 },
      },
      { units: 9, recurrent, neuron: { kind: "graded", decay: 0.9, threshold: 0.05, penalty: 0.1 } },
      { units: 3, recurrent, neuron: { kind: "integrator", decay: 0.7 } },
    ],
    readout: { from: "state", reduce: "mean" },
    loss: { kind: "crossEntropy" },
  });

const NETWORKS: Readonly<Record<string, NetworkSpec>> = {
  noise: deep({ kind: "noise", offset: -0.5 }),
  constant: deep({ kind: "constant", offset: -0.5 }),
  direct: deep({ kind: "direct", offset: 0 }),
  latency: deep({ kind: "latency", offset: 0 }), // mostly zeros, which are left out of the product
  "noise, recurrent": deep({ kind: "noise", offset: -0.5 }, true),
  "constant, recurrent": deep({ kind: "constant", offset: -0.5 }, true),
};

const onWasm: StartEngine = (options) => createEngine({ ...options, engine: "wasm", threads: 0 });

/** How a network's sixth sample is traced. */
async function traceOn(spec: NetworkSpec, start: StartEngine = onWasm): Promise<SampleTrace> {
  using engine = await start({ spec, seed: 3, recordStates: true });
  await engine.setParameters(drawParameters(spec, 1));
  return await engine.trace(batchOf(drawSamples(spec, 3, 6, spec.encoder.kind === "direct"), [5]));
}

for (const [name, spec] of Object.entries(NETWORKS)) {
  Deno.test(`a trace's currents are all that carries potentials from step to step, ${name}`, async () => {
    const parameters = drawParameters(spec, 1);
    const { potentials, outputs, currents } = await traceOn(spec);
    spec.layers.forEach(({ units, neuron, recurrent }, layer) => {
      const u = potentials[layer]!, o = outputs[layer]!, I = currents[layer]!;
      // u' = I + d·u of the step before; a graded unit that has fired put out u' − θ.
      const reached = I.map((current, at) => current + neuron.decay * (u[at - units] ?? 0));
      const found = u.map((potential, at) =>
        neuron.kind === "graded" && o[at]! > 0 ? neuron.threshold + o[at]! : potential
      );
      assert.ok(neuron.kind !== "graded" || o.some((output) => output > 0));
      assertClose(reached, found, `layer ${layer + 1}`, { absolute: 1e-5 });
      if (layer === 0) return;
      const below = spec.layers[layer - 1]!;
      /** Σ over a row of a matrix and the outputs of a step. */
      const product = (matrix: string, row: number, rows: Float32Array, step: number, columns: number) => {
        let sum = 0;
        for (let i = 0; i < columns && step >= 0; i++) {
          sum += parameters.get(matrix)![row * columns + i]! * rows[step * columns + i]!;
        }
        return sum;
      };
      const expected = I.map((_, at) => {
        const step = Math.floor(at / units), unit = at % units;
        return parameters.get(`b${layer + 1}`)![unit]! +
          product(`w${layer + 1}`, unit, outputs[layer - 1]!, step - below.delay, below.units) +
          (recurrent ? product(`v${layer + 1}`, unit, o, step - 1, units) : 0);
      });
      assertClose(I, expected, `currents of layer ${layer + 1}`, { absolute: 1e-5 });
    });
  });
}

const SHALLOW = notebookNetwork({
  inputs: 29,
  hidden: 19,
  classes: 4,
  steps: 22,
  threshold: 0.5,
  penalty: 0.75,
});
const ON_DEVICES = {
  ...NETWORKS,
  notebook: SHALLOW,
  "lif, recurrent": parseNetworkSpec({
    ...SHALLOW,
    layers: [
      { units: 19, recurrent: true, neuron: { kind: "lif", decay: 0.9, threshold: 0.5, adaptation: 0.3 } },
      { units: 4, neuron: { kind: "integrator", decay: 0.9 } },
    ],
  }),
};

/** Graded units whose outputs are nothing, or less than nothing, where they spike: by a scale that is given or learned. */
const scaledBy = (scale: number, isLearned: boolean) =>
  parseNetworkSpec({
    ...SHALLOW,
    layers: SHALLOW.layers.map((layer, i) => ({
      ...layer,
      neuron: {
        ...layer.neuron,
        scale: isLearned ? 1 : scale,
        trainable: isLearned ? ["scale"] : [],
        threshold: i === 0 ? 0.2 : 0.01,
      },
    })),
  });

engineTest(
  "trace() shows the spikes that the engine counts, whatever they are multiplied by",
  async (start) => {
    for (const [scale, isLearned] of [[1, false], [-1, false], [0, false], [-1, true]] as const) {
      const spec = scaledBy(scale, isLearned), samples = drawSamples(spec, 3, 6, false);
      const parameters = drawParameters(spec, 1);
      if (isLearned) { for (const layer of [1, 2]) parameters.get(`scale${layer}`)!.fill(scale); }
      using engine = await start({ spec, seed: 3, recordStates: true });
      await engine.setParameters(parameters);
      const { spikes, outputs } = await engine.trace(batchOf(samples, [5]));
      const { unitSpikes } = await engine.evaluate(batchOf(samples, [5]));
      const counted = new Uint32Array(19);
      spikes[0]!.forEach((spike, at) => counted[at % 19]! += spike);
      assert.deepEqual(counted, unitSpikes![0], `scale ${scale}`);
      assert.ok(counted.some((count) => count > 0));
      for (const layer of [0, 1]) {
        outputs[layer]!.forEach((o, at) =>
          assert.ok(Math.sign(o) === Math.sign(scale) * spikes[layer]![at]!)
        );
      }
    }
  },
);

Deno.test("a layer that fires no spikes has none in its trace", async () => {
  const { spikes } = await traceOn(NETWORKS.direct!);
  assert.deepEqual(spikes.map((layer) => layer.length), [17 * 11, 17 * 9, 17 * 3]);
  assert.ok(spikes[2]!.every((spike) => spike === 0));
});

gpuEngineTest("trace() shows the same currents, potentials and outputs as wasm", async (start) => {
  for (const [network, spec] of Object.entries(ON_DEVICES)) {
    const [expected, found] = [await traceOn(spec), await traceOn(spec, start)];
    for (const what of ["currents", "potentials", "outputs", "spikes"] as const) {
      spec.layers.forEach((_, layer) => {
        const label = `${network}: ${what} of layer ${layer + 1}`;
        assertClose(found[what][layer]!, expected[what][layer]!, label, { absolute: 1e-5 });
      });
    }
    assertClose(found.logits, expected.logits, `${network}: logits`, { absolute: 1e-5 });
  }
});
