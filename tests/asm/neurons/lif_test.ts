import assert from "node:assert/strict";
import { completeNeuron, type LifNeuron, RESETS, SURROGATES } from "../../../src/network/neurons.ts";
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
