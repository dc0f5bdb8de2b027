import assert from "node:assert/strict";
import { VARIANTS } from "../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { engineTest } from "../engine/engines.ts";
import { compareCore } from "./compare_core.ts";
import { compareWithReference, runReference } from "./compare_with_reference.ts";
import { drawForGraph, isTelling } from "./drawn_graphs.ts";

const SEED = 3;

const LIF = {
  kind: "lif",
  threshold: 0.4,
  reset: "zero",
  resetTo: 0.15,
  adaptation: 0.3,
  adaptationDecay: 0.8,
};

const builds = await Promise.all(VARIANTS.map((variant) => loadKernels(variant)));

/** Populations of odd sizes, every constant of every kind with a value a unit, where the fast paths read them and where they do not. */
const CASES = {
  "a chain of all kinds": [
    { id: "fc1", kind: "affine", units: 13 },
    {
      ...{ id: "n1", kind: "graded", threshold: 0.4, penalty: 0.75, current: 0.1 },
      perUnit: ["decay", "threshold", "scale", "penalty", "current"],
    },
    { id: "fc2", kind: "affine", units: 9 },
    {
      ...{ id: "n2", kind: "lif", threshold: 0.4, reset: "zero", resetTo: 0.15, adaptation: 0.3 },
      ...{ adaptationDecay: 0.8, synapticDecay: 0.5, current: -0.1, trainable: ["decay"] },
      perUnit: ["threshold", "synapticDecay", "adaptation", "adaptationDecay", "current", "resetTo"],
    },
    { id: "fc3", kind: "affine", units: 3 },
    { id: "out", kind: "integrator", synapticDecay: 0.4, perUnit: ["decay", "synapticDecay", "current"] },
  ],
  "exact gradients with penalties of their own": [
    { id: "fc1", kind: "affine", units: 13 },
    { id: "n1", kind: "graded", threshold: 0.4, penalty: 0.75, perUnit: ["penalty"] },
    { id: "fc2", kind: "affine", units: 3 },
    { id: "out", kind: "integrator" },
  ],
  "exact gradients and a current": [
    { id: "fc1", kind: "affine", units: 13 },
    { id: "n1", kind: "graded", threshold: 0.4, penalty: 0.75, current: 0.2 },
    { id: "fc2", kind: "affine", units: 3 },
    { id: "out", kind: "integrator" },
  ],
  "a reset to one value, recurrent": [
    { id: "fc1", kind: "affine", units: 7 },
    { id: "back", kind: "affine", units: 7, bias: false, from: [{ node: "n1", delay: 1 }] },
    {
      ...{ id: "n1", kind: "lif", threshold: 0.4, reset: "zero", resetTo: -0.2 },
      ...{ from: ["fc1", "back"], perUnit: ["adaptation"] },
    },
    { id: "fc2", kind: "affine", units: 3 },
    { id: "out", kind: "lif", threshold: 0.4, reset: "zero", resetTo: 0.1 },
  ],
};

for (const [name, nodes] of Object.entries(CASES)) {
  Deno.test(`kernels take each unit's constants: ${name}`, () => {
    let compared = 0;
    for (const encoder of ["constant", "direct", "noise"] as const) {
      for (let seed = 1; seed <= 12; seed++) {
        const spec = parseNetworkSpec({
          steps: 11,
          input: { shape: [5], encoder: { kind: encoder } },
          nodes,
        });
        const drawn = drawForGraph(spec, seed), run = runReference(drawn, SEED);
        if (!isTelling(spec, run)) continue;
        for (const kernels of builds) {
          for (const recordStates of [false, true]) compareCore(kernels, drawn, run, SEED, { recordStates });
        }
        compared++;
      }
    }
    assert.ok(compared > 12, `${compared} were compared`);
  });
}

engineTest("an engine takes each unit's constants, and a reset to a potential", async (start) => {
  const spec = parseNetworkSpec({
    inputs: 5,
    steps: 9,
    encoder: { kind: "constant" },
    layers: [
      { units: 13, neuron: { kind: "graded", threshold: 0.4, penalty: 0.75, perUnit: ["scale", "penalty"] } },
      {
        units: 7,
        recurrent: true,
        neuron: { ...LIF, trainable: ["decay"], perUnit: ["current", "resetTo"] },
      },
      { units: 6, neuron: { ...LIF, perUnit: ["synapticDecay", "adaptation", "adaptationDecay"] } },
      { units: 3, neuron: { kind: "integrator", current: 0.1, perUnit: ["synapticDecay"] } },
    ],
  });
  let compared = 0;
  for (let seed = 1; compared < 3; seed++) {
    const drawn = drawForGraph(spec, seed), run = runReference(drawn, SEED);
    if (!isTelling(spec, run)) continue;
    using engine = await start({ spec, seed: SEED, batchSize: 2, recordStates: true });
    await compareWithReference(engine, drawn, run);
    compared++;
  }
});
