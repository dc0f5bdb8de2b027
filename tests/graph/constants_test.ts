import assert from "node:assert/strict";
import { VARIANTS } from "../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { batchOf } from "../engine/batches.ts";
import { assertClose } from "../asm/numbers.ts";
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
      perUnit: ["threshold", "synapticDecay", "adaptation", "adaptationDecay", "current", "resetTo", "start"],
    },
    { id: "fc3", kind: "affine", units: 3 },
    {
      ...{ id: "out", kind: "integrator", synapticDecay: 0.4, start: 0.3 },
      perUnit: ["decay", "synapticDecay", "current", "start"],
    },
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
  "resets that act late, recurrent": [
    { id: "fc1", kind: "affine", units: 13 },
    { id: "n1", kind: "lif", threshold: 0.4, reset: "subtractLate", perUnit: ["threshold"] },
    { id: "fc2", kind: "affine", units: 9 },
    { id: "back", kind: "affine", units: 9, bias: false, from: [{ node: "n2", delay: 1 }] },
    {
      ...{ id: "n2", kind: "lif", threshold: 0.4, reset: "zeroLate", resetTo: -0.2, synapticDecay: 0.5 },
      ...{
        from: ["fc2", "back"],
        start: 0.3,
        trainable: ["decay", "threshold", "start"],
        perUnit: ["resetTo"],
      },
    },
    { id: "fc3", kind: "affine", units: 3 },
    { id: "out", kind: "lif", threshold: 0.4, reset: "zeroLate", resetTo: 0.1 },
  ],
  "several spikes a step, recurrent": [
    { id: "fc1", kind: "affine", units: 7 },
    { id: "n1", kind: "lif", threshold: 0.4, spikes: "many", trainable: ["threshold", "decay"] },
    { id: "fc2", kind: "affine", units: 5 },
    { id: "back", kind: "affine", units: 5, bias: false, from: [{ node: "n2", delay: 1 }] },
    {
      ...{ id: "n2", kind: "lif", threshold: 0.5, spikes: "many", reset: "zero", adaptation: 0.1 },
      ...{ from: ["fc2", "back"], synapticDecay: 0.3, perUnit: ["threshold", "resetTo"] },
    },
    { id: "fc3", kind: "affine", units: 3 },
    { id: "out", kind: "lif", threshold: 0.5, spikes: "many", reset: "subtractLate" },
  ],
  "several spikes a step, weighed": [
    { id: "fc1", kind: "affine", units: 13 },
    { id: "n1", kind: "lif", threshold: 0.2, spikes: "many", reset: "zeroLate" },
    { id: "fc2", kind: "affine", units: 3 },
    { id: "out", kind: "integrator" },
  ],
  "potentials before the first step": [
    { id: "fc1", kind: "affine", units: 13 },
    { id: "n1", kind: "lif", threshold: 0.4, start: -0.3, trainable: ["start"] },
    { id: "fc2", kind: "affine", units: 3 },
    { id: "out", kind: "integrator", start: 0.2 },
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
      { units: 5, neuron: { ...LIF, reset: "subtractLate", trainable: ["threshold", "start"] } },
      { units: 4, neuron: { ...LIF, threshold: 0.2, spikes: "many", trainable: ["threshold"] } },
      { units: 6, recurrent: true, neuron: { ...LIF, reset: "zeroLate", start: 0.3, perUnit: ["resetTo"] } },
      {
        units: 3,
        neuron: { kind: "integrator", current: 0.1, perUnit: ["synapticDecay"], trainable: ["start"] },
      },
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

engineTest("an engine resets potentials at once or a step late", async (start) => {
  const x = Float32Array.of(1.5, 0.5, 0.5, 2, 0.75);
  const samples = { name: "currents", count: 1, size: 5, features: x, labels: Uint8Array.of(0) };
  const neuron = { kind: "lif", decay: 0.5, threshold: 1, resetTo: 0.25 };
  for (
    const [reset, potentials, spikes] of [
      ["subtract", [0.5, 0.75, 0.875, 1.4375, 0.46875], [1, 0, 0, 1, 1]],
      ["zero", [0.25, 0.625, 0.8125, 0.25, 0.875], [1, 0, 0, 1, 0]],
      ["none", [1.5, 1.25, 1.125, 2.5625, 2.03125], [1, 1, 1, 1, 1]],
      ["subtractLate", [1.5, 0.25, 0.625, 2.3125, 0.90625], [1, 0, 0, 1, 0]],
      ["zeroLate", [1.5, 0.25, 0.625, 2.3125, 0.25], [1, 0, 0, 1, 0]],
    ] as const
  ) {
    const nodes = [{ id: "fc", kind: "affine", units: 1, bias: false }, { id: "n", ...neuron, reset }];
    const spec = parseNetworkSpec({ steps: 5, input: { shape: [1] }, nodes });
    using engine = await start({ spec, batchSize: 1, recordStates: true });
    await engine.setParameters(new Map([["fc.weight", Float32Array.of(1)]]));
    const trace = await engine.trace(batchOf(samples));
    assert.deepEqual([...trace.potentials[0]!], potentials, `potentials of reset ${reset}`);
    assert.deepEqual([...trace.spikes[0]!], spikes, `spikes of reset ${reset}`);
  }
});

engineTest(
  "an engine fires as many spikes a step as the potential has thresholds, and counts all of them",
  async (start) => {
    const x = Float32Array.of(3.5, -0.5, 1.25, 6, 0.75);
    const samples = { name: "currents", count: 1, size: 5, features: x, labels: Uint8Array.of(0) };
    for (
      const [reset, potentials, outputs] of [
        ["subtract", [0.5, -0.25, 0.125, 0.0625, 0.78125], [3, 0, 1, 6, 0]],
        ["zero", [0.25, -0.375, 0.25, 0.25, 0.875], [3, 0, 1, 6, 0]],
        ["none", [3.5, 1.25, 1.875, 6.9375, 4.21875], [3, 1, 1, 6, 4]],
        ["subtractLate", [3.5, -1.75, 0.375, 6.1875, -2.15625], [3, 0, 0, 6, 0]],
        ["zeroLate", [3.5, 0.25, 1.375, 0.25, 0.875], [3, 0, 1, 0, 0]],
      ] as const
    ) {
      const neuron = { kind: "lif", decay: 0.5, threshold: 1, resetTo: 0.25, spikes: "many", reset };
      const nodes = [
        { id: "fc", kind: "affine", units: 1, bias: false },
        { id: "n", ...neuron },
        { id: "read", kind: "affine", units: 2, bias: false },
        { id: "out", kind: "integrator", decay: 1 },
      ];
      const spec = parseNetworkSpec({
        ...{ steps: 5, input: { shape: [1] }, nodes, readout: { reduce: "last" } },
        loss: { kind: "crossEntropy", rate: { target: 0, weight: 1 } },
      });
      const all = outputs.reduce<number>((sum, o) => sum + o, 0);
      for (const recordStates of [false, true]) {
        using engine = await start({ spec, batchSize: 1, recordStates });
        await engine.setParameters(
          new Map([["fc.weight", Float32Array.of(1)], ["read.weight", Float32Array.of(1, -1)]]),
        );
        const { logits, spikes } = await engine.classify(batchOf(samples));
        assert.deepEqual([[...logits], [...spikes]], [[all, -all], [all]], `answers of reset ${reset}`);
        if (recordStates) {
          const trace = await engine.trace(batchOf(samples));
          assert.deepEqual([...trace.potentials[0]!], potentials, `potentials of reset ${reset}`);
          assert.deepEqual([...trace.outputs[0]!], outputs, `outputs of reset ${reset}`);
          assert.deepEqual([...trace.spikes[0]!], outputs, `spikes of reset ${reset}`);
        }
        const result = await engine.train(batchOf(samples), { learningRate: 0.01, momentum: 0.5 });
        assert.deepEqual([result.spikes, result.unitSpikes?.map((counts) => [...counts])], [all, [[all]]]);
        const ofLogits = Math.log(1 + Math.exp(-2 * all)); // −log softmax
        assertClose([result.loss], [ofLogits + (all / 5) ** 2], `loss of reset ${reset}`);
      }
    }
  },
);
