import assert from "node:assert/strict";
import { completeNeuron } from "../../../src/network/neurons.ts";
import { testOnBothBuilds } from "../both_builds.ts";
import { compareWithReference } from "./layer_case.ts";

testOnBothBuilds("stepIntegrator() and stepBackIntegrator() match the equations", ({ memory }) => {
  for (const decay of [0, 0.8, 1]) {
    for (const synapticDecay of [0, 0.6]) {
      const neuron = completeNeuron({ kind: "integrator", decay, synapticDecay });
      const steps = [1, 2, 3, 7, 25, 131]; // over 128 steps the kernel keeps the rounding errors of its sums
      assert.equal(compareWithReference(memory, neuron, "Integrator", steps), 108);
    }
  }
});
