import assert from "node:assert/strict";
import { LAYER_FIELDS, type LayerDescriptor } from "../../../src/engine/wasm/layer_descriptor.ts";
import { completeNeuron, kindOf, type LifNeuron, RESETS, SURROGATES } from "../../../src/network/neurons.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { compareWithReference } from "./layer_case.ts";

const PLAIN: LifNeuron = { kind: "lif", decay: 0.9, threshold: 0.5 };

for (const reset of RESETS) {
  for (const kind of SURROGATES) {
    testOnBothBuilds(
      `stepLif() and stepBackLif() match the equations: reset ${reset}, surrogate ${kind}`,
      ({ memory }) => {
        let compared = 0;
        for (
          const constants of [
            {},
            { decay: 1 },
            { decay: 0, threshold: 0 },
            { synapticDecay: 0.7, resetTo: 0.2 },
            { adaptation: 0.4, adaptationDecay: 0.85 },
            { synapticDecay: 0.5, adaptation: -0.2, adaptationDecay: 0.5, decay: 0.8, resetTo: -0.4 },
          ]
        ) {
          const neuron = completeNeuron({ ...PLAIN, ...constants, reset, surrogate: { kind, slope: 1.5 } });
          compared += compareWithReference(memory, neuron, "Lif");
        }
        assert.ok(compared > 200, `${compared} layers were compared`);
      },
    );
  }
}

for (const reset of RESETS) {
  testOnBothBuilds(
    `stepLif() and stepBackLif() match the equations: several spikes a step, reset ${reset}`,
    ({ memory }) => {
      let compared = 0;
      for (
        const constants of [
          { threshold: 0.25 },
          { threshold: 0.4, decay: 1, surrogate: { kind: "triangle", slope: 1.5 } },
          { threshold: 0.3, synapticDecay: 0.7, resetTo: 0.2, start: 0.8 },
          { threshold: 0.3, adaptation: 0.2, adaptationDecay: 0.6, synapticDecay: 0.4, resetTo: -0.4 },
        ] as const
      ) {
        const neuron = completeNeuron({ ...PLAIN, ...constants, reset, spikes: "many" });
        compared += compareWithReference(memory, neuron, "Lif");
      }
      assert.ok(compared > 120, `${compared} layers were compared`);
    },
  );
}

testOnBothBuilds(
  "stepLif() fires whole numbers of thresholds, and none where the threshold is not above 0",
  ({ memory }) => {
    const neuron = completeNeuron({ kind: "lif", decay: 1, threshold: 0.5, spikes: "many" });
    const thresholds = [0.5, 0.25, 0, -1], units = 4;
    const at = {
      state: memory.output(4 * units),
      outputs: memory.output(units),
      distances: memory.output(units),
    };
    const zeros = () => memory.floats(new Float32Array(units));
    const fields: Partial<LayerDescriptor> = {
      ...at,
      units,
      steps: 1,
      currents: memory.floats(Float32Array.of(1.5, 0.65, 1, -3)),
      decays: memory.floats(new Float32Array(units).fill(1)),
      thresholds: memory.floats(Float32Array.from(thresholds)),
      starts: zeros(),
      constants: memory.integers(kindOf(neuron).constants.map(zeros)),
      settings: memory.floats(kindOf(neuron).settings(neuron)),
    };
    const descriptor = memory.integers(LAYER_FIELDS.map((field) => fields[field] ?? 0));
    memory.kernels.stepLif(descriptor, 0, 1);
    assert.deepEqual([...memory.floatsAt(at.outputs, units)], [3, 2, 0, 0]); // 3 thresholds exactly are 3 spikes
    const [exact, above, ...never] = memory.floatsAt(at.distances, units);
    assert.deepEqual([exact, ...never], [0, -Infinity, -Infinity]);
    assert.ok(Math.abs(above! - -0.1) < 1e-6); // 3 thresholds are nearer than the 2 that were reached
    assert.deepEqual([...memory.floatsAt(at.state, 1)], [0]);
  },
);
