import assert from "node:assert/strict";
import { sampleFormOf } from "../../src/network/encoders.ts";
import { createEngine } from "../../src/engine/create_engine.ts";
import type { SampleTrace } from "../../src/engine/engine.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest, gpuEngineTest, type StartEngine } from "./engines.ts";
import { drawParameters, drawSamples, layersIn, SMALL, withLayers } from "./network_cases.ts";

/** Two spiking layers below a readout layer, at odd sizes. */
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
  latency: deep({ kind: "latency", offset: 0 }), // mostly zeros: takes the sparse product
  "noise, recurrent": deep({ kind: "noise", offset: -0.5 }, true),
  "constant, recurrent": deep({ kind: "constant", offset: -0.5 }, true),
};

const onWasm: StartEngine = (options) => createEngine({ ...options, engine: "wasm", threads: 0 });

/** The trace of a network's sixth sample. */
async function traceOn(spec: NetworkSpec, start: StartEngine = onWasm): Promise<SampleTrace> {
  using engine = await start({ spec, seed: 3, recordStates: true });
  await engine.setParameters(drawParameters(spec, 1));
  return await engine.trace(batchOf(drawSamples(spec, 3, 6, sampleFormOf(spec).isSequence), [5]));
}

for (const [name, spec] of Object.entries(NETWORKS)) {
  Deno.test(`a trace's currents and decay give its potentials, step by step, ${name}`, async () => {
    const parameters = drawParameters(spec, 1);
    const { potentials, outputs, currents } = await traceOn(spec);
    const layers = layersIn(spec);
    layers.forEach(({ units, neuron, recurrent }, layer) => {
      const u = potentials[layer]!, o = outputs[layer]!, I = currents[layer]!;
      // u' = I + d·u of the previous step; the output of a graded unit at a spike is u' − θ.
      const reached = I.map((current, at) => current + neuron.decay * (u[at - units] ?? 0));
      const found = u.map((potential, at) =>
        neuron.kind === "graded" && o[at]! > 0 ? neuron.threshold + o[at]! : potential
      );
      assert.ok(neuron.kind !== "graded" || o.some((output) => output > 0));
      assertClose(reached, found, `layer ${layer + 1}`, { absolute: 1e-5 });
      if (layer === 0) return;
      const below = layers[layer - 1]!;
      /** The product of a matrix's row and the outputs of a step. */
      const product = (matrix: string, row: number, rows: Float32Array, step: number, columns: number) => {
        let sum = 0;
        for (let i = 0; i < columns && step >= 0; i++) {
          sum += parameters.get(matrix)![row * columns + i]! * rows[step * columns + i]!;
        }
        return sum;
      };
      const expected = I.map((_, at) => {
        const step = Math.floor(at / units), unit = at % units;
        return parameters.get(`fc${layer + 1}.bias`)![unit]! +
          product(`fc${layer + 1}.weight`, unit, outputs[layer - 1]!, step - below.delay, below.units) +
          (recurrent ? product(`rec${layer + 1}.weight`, unit, o, step - 1, units) : 0);
      });
      assertClose(I, expected, `currents of layer ${layer + 1}`, { absolute: 1e-5 });
    });
  });
}

const ON_DEVICES = {
  ...NETWORKS,
  notebook: SMALL,
  "lif, recurrent": withLayers(SMALL, () => [
    { units: 19, recurrent: true, neuron: { kind: "lif", decay: 0.9, threshold: 0.5, adaptation: 0.3 } },
    { units: 4, neuron: { kind: "integrator", decay: 0.9 } },
  ]),
};

/** Graded units with a given or a learned scale: at 0 or below it, spikes have outputs of 0 or below. */
const scaledBy = (scale: number, isLearned: boolean) =>
  withLayers(SMALL, (layers) =>
    layers.map((layer, i) => ({
      ...layer,
      neuron: {
        ...layer.neuron,
        scale: isLearned ? 1 : scale,
        trainable: isLearned ? ["scale"] : [],
        threshold: i === 0 ? 0.2 : 0.01,
      },
    })));

engineTest(
  "trace() shows the spikes that evaluate() counts, at any scale of the outputs",
  async (start) => {
    for (const [scale, isLearned] of [[1, false], [-1, false], [0, false], [-1, true]] as const) {
      const spec = scaledBy(scale, isLearned), samples = drawSamples(spec, 3, 6, false);
      const parameters = drawParameters(spec, 1);
      if (isLearned) { for (const layer of [1, 2]) parameters.get(`neuron${layer}.scale`)!.fill(scale); }
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

Deno.test("trace() has no spikes of a layer that does not spike", async () => {
  const { spikes } = await traceOn(NETWORKS.direct!);
  assert.deepEqual(spikes.map((layer) => layer.length), [17 * 11, 17 * 9, 17 * 3]);
  assert.ok(spikes[2]!.every((spike) => spike === 0));
});

gpuEngineTest("trace() agrees with wasm on currents, potentials and outputs", async (start) => {
  for (const [network, spec] of Object.entries(ON_DEVICES)) {
    const [expected, found] = [await traceOn(spec), await traceOn(spec, start)];
    for (const what of ["currents", "potentials", "outputs", "spikes"] as const) {
      structureOf(spec).populations.forEach((_, layer) => {
        const label = `${network}: ${what} of layer ${layer + 1}`;
        assertClose(found[what][layer]!, expected[what][layer]!, label, { absolute: 1e-5 });
      });
    }
    assertClose(found.logits, expected.logits, `${network}: logits`, { absolute: 1e-5 });
  }
});
