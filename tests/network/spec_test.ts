import assert from "node:assert/strict";
import fc from "fast-check";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { parameterShapes } from "../../src/network/model_file.ts";
import {
  completeNeuron,
  kernelConstantsOf,
  kindOf,
  NEURONS,
  trainableOf,
} from "../../src/network/neurons.ts";
import { presetOf, PRESETS } from "../../src/training/presets.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { networkSpecs } from "../engine/network_cases.ts";

/** A minimal description. */
const LEAST = {
  inputs: 3,
  steps: 4,
  layers: [
    { units: 2, neuron: { kind: "lif", decay: 0.9, threshold: 1 } },
    { units: 2, neuron: { kind: "integrator", decay: 0.9 } },
  ],
};

Deno.test("parseNetworkSpec() fills in every default", () => {
  assert.deepEqual(parseNetworkSpec(LEAST), {
    inputs: 3,
    steps: 4,
    encoder: { kind: "direct", offset: 0 },
    layers: [
      {
        units: 2,
        delay: 0,
        recurrent: false,
        neuron: {
          kind: "lif",
          decay: 0.9,
          threshold: 1,
          reset: "subtract",
          surrogate: { kind: "atan", slope: 2 },
          synapticDecay: 0,
          adaptation: 0,
          adaptationDecay: 0,
          current: 0,
          resetTo: 0,
          perUnit: [],
          trainable: [],
        },
      },
      {
        units: 2,
        delay: 0,
        recurrent: false,
        neuron: { kind: "integrator", decay: 0.9, synapticDecay: 0, current: 0, perUnit: [], trainable: [] },
      },
    ],
    readout: { from: "state", reduce: "mean", begin: 0 },
    loss: { kind: "crossEntropy" },
  });
});

Deno.test("parseNetworkSpec() fills in the builder's constants", () => {
  const parsed = (kind: string) =>
    parseNetworkSpec({ inputs: 1, steps: 1, layers: [{ units: 1, neuron: { kind } }] }).layers[0]?.neuron;
  assert.deepEqual(parsed("lif"), lif());
  assert.deepEqual(parsed("graded"), graded());
  assert.deepEqual(parsed("integrator"), integrator());
});

Deno.test("parseNetworkSpec() lists several faults at once", () => {
  const wrong = (layers: number) => ({
    inputs: 0,
    step: 4,
    layers: Array.from({ length: layers }, () => ({ units: 0, neuron: { kind: "lif", decay: 2 } })),
  });
  assert.throws(() => parseNetworkSpec(wrong(1)), {
    name: "InputError",
    message:
      'network: inputs: 0: expected at least 1; steps: it is missing, and "step" beside it is not known; ' +
      "docs/networks.md says what it is; layers.0.units: 0: expected at least 1; " +
      "layers.0.neuron.decay: 2: expected at most 1",
  });
  assert.throws(() => parseNetworkSpec(wrong(4)), /layers\.1\.units: 0: expected at least 1; and 5 more$/);
});

Deno.test("parseNetworkSpec() gives the same for its own result, through JSON", () => {
  fc.assert(
    fc.property(networkSpecs, (spec) => {
      const parsed = parseNetworkSpec(spec);
      assert.deepEqual(parseNetworkSpec(JSON.parse(JSON.stringify(parsed))), parsed);
    }),
    { seed: 6, numRuns: 200 },
  );
});

Deno.test("parseNetworkSpec() names the path of a fault", () => {
  const rated = { ...LEAST, loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 1 } } };
  const [hidden, top] = LEAST.layers;
  const cases: [value: unknown, message: RegExp][] = [
    [{ ...LEAST, layers: [] }, /^network: layers: 0: expected at least 1$/],
    [
      { ...LEAST, inputs: undefined, input: 3 },
      /^network: inputs: it is missing, and "input" beside it is not known; docs\/networks\.md/,
    ],
    [{ ...LEAST, steps: 2.5 }, /^network: steps: 2\.5: expected a whole number$/],
    [{ ...LEAST, inputs: "3" }, /^network: inputs: "3": expected a number$/],
    [
      { ...LEAST, layers: [{ ...hidden, recurrent: 1 }] },
      /^network: layers\.0\.recurrent: 1: expected true or false$/,
    ],
    [{ ...LEAST, layers: [hidden, { ...top, neuron: {} }] }, /^network: layers\.1\.neuron\.kind: /],
    [{ ...LEAST, layers: [{ units: 1, neuron: "lif" }] }, /^network: layers\.0\.neuron: /],
    [{ ...LEAST, layers: [top, top] }, /^network: layers\.0\.neuron: .*integrator fires no spikes/],
    [{ ...LEAST, readout: { reduce: "median" } }, /^network: readout\.reduce: /],
    [
      { ...LEAST, readout: { begin: 4 } },
      /^network: readout\.begin: 4, but there are 4 steps: expected 0 to 3$/,
    ],
    [
      { ...LEAST, layers: [hidden, { ...top, units: 257 }] },
      /^network: layers\.1\.units: 257 classes: expected 1 to 256$/,
    ],
    [{ ...LEAST, loss: { kind: "hinge" } }, /^network: loss\.kind: /],
    [
      { ...LEAST, loss: { kind: "crossEntropy", correct: 1 } },
      /^network: loss\.correct: this version has no such name/,
    ],
    [
      { ...rated, loss: { ...rated.loss, rate: { target: 1.5, weight: 1 } } },
      /^network: loss\.rate\.target: /,
    ],
    [{ ...rated, layers: [top] }, /^network: loss\.rate: no layer below the top .* such as lif$/],
  ];
  for (const [value, message] of cases) {
    assert.throws(() => parseNetworkSpec(value), { name: "InputError", message });
  }
  assert.deepEqual(parseNetworkSpec(rated).loss, rated.loss);
});

Deno.test("every kind of neuron has defaults, and its constants are numbers", () => {
  for (const [name, { defaults, schema }] of Object.entries(NEURONS)) {
    assert.equal(schema.type.length > 0 && defaults.kind, name);
    assert.deepEqual(completeNeuron(defaults), defaults);
    const kind = kindOf(defaults), complete = completeNeuron(defaults);
    assert.ok(kind.settings(complete).every(Number.isFinite));
    assert.ok(kernelConstantsOf(complete).every(({ value }) => Number.isFinite(value)));
  }
  assert.throws(() => completeNeuron(lif({ decay: 2 })), {
    name: "InputError",
    message: /^lif neuron: decay: /,
  });
  assert.deepEqual(
    trainableOf(graded({ trainable: ["scale", "decay"] })),
    ["decay", "scale"],
    "in the order of the file",
  );
});

Deno.test("network() fills in defaults and refuses what parseNetworkSpec() refuses", () => {
  const spec = network({ inputs: 3, steps: 4, layers: [layer(2, lif()), layer(2, integrator())] });
  assert.deepEqual(spec, parseNetworkSpec(LEAST));
  assert.throws(() => network({ inputs: 3, steps: 0, layers: [layer(2, lif())] }), {
    name: "InputError",
    message: /steps/,
  });
});

Deno.test("initialParameters() draws V like W, and takes the given values of learned constants", () => {
  const spec = network({
    inputs: 50,
    steps: 4,
    layers: [
      layer(
        40,
        graded({ decay: 0.8, threshold: 1.5, scale: 1.25, trainable: ["scale", "decay", "threshold"] }),
        {
          recurrent: true,
        },
      ),
      layer(3, integrator({ decay: 0.7, trainable: ["decay"] })),
    ],
  });
  const names = ["w1", "b1", "v1", "decay1", "threshold1", "scale1", "w2", "b2", "decay2"];
  assert.deepEqual(parameterShapes(spec).map(([name]) => name), names);
  const parameters = initialParameters(spec, 3);
  assert.deepEqual([...parameters.keys()], names);
  const all = (name: string, value: number) =>
    assert.ok(parameters.get(name)!.every((one) => one === Math.fround(value)), name);
  all("decay1", 0.8);
  all("threshold1", 1.5);
  all("scale1", 1.25);
  all("decay2", 0.7);
  const v = parameters.get("v1")!, limit = Math.sqrt(6 / 80);
  assert.equal(v.length, 1600);
  assert.ok(v.every((value) => Math.abs(value) <= limit) && Math.max(...v) > 0.99 * limit);
  assert.notDeepEqual(v.slice(0, 100), parameters.get("w1")!.slice(0, 100));
});

Deno.test("parseNetworkSpec() does not change a preset", () => {
  for (const name of Object.keys(PRESETS) as (keyof typeof PRESETS)[]) {
    const spec = presetOf(name).network();
    assert.deepEqual(parseNetworkSpec(spec), spec, name);
    assert.equal(presetOf(name).network({ hidden: 7 }).layers[0]?.units, 7, name);
  }
});

Deno.test("parseNetworkSpec() reads `learn`, the name of `trainable` in files of earlier versions", () => {
  const spec = network({
    inputs: 3,
    steps: 2,
    layers: [layer(2, lif({ trainable: ["decay"] })), layer(2, integrator())],
  });
  const old = JSON.parse(JSON.stringify(spec).replaceAll(`"trainable"`, `"learn"`));
  assert.deepEqual(parseNetworkSpec(old, "old"), spec);
});
