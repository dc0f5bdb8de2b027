import assert from "node:assert/strict";
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
import { structureOf } from "../../src/network/structure.ts";

/** A minimal description. */
const LEAST = {
  inputs: 3,
  steps: 4,
  layers: [
    { units: 2, neuron: { kind: "lif", decay: 0.9, threshold: 1 } },
    { units: 2, neuron: { kind: "integrator", decay: 0.9 } },
  ],
};

Deno.test("parseNetworkSpec() fills in the builder's constants", () => {
  const parsed = (kind: string) =>
    structureOf(parseNetworkSpec({ inputs: 1, steps: 1, layers: [{ units: 1, neuron: { kind } }] })).readout
      .neuron;
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

Deno.test("parseNetworkSpec() names the path of a fault", () => {
  const rated = { ...LEAST, loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 1 } } };
  const [hidden, top] = LEAST.layers;
  const cases: [value: unknown, message: RegExp][] = [
    [{ ...LEAST, layers: [] }, /^network: layers: 0: expected at least 1$/],
    [
      { ...LEAST, inputs: undefined, input: 3 },
      /^network: input: 3: expected an object; inputs: this version has no such name/,
    ],
    [{ ...LEAST, steps: 2.5 }, /^network: steps: 2\.5: expected a whole number$/],
    [{ ...LEAST, inputs: "3" }, /^network: inputs: "3": expected a number$/],
    [
      { ...LEAST, layers: [{ ...hidden, recurrent: 1 }] },
      /^network: layers\.0\.recurrent: 1: expected true or false$/,
    ],
    [{ ...LEAST, layers: [hidden, { ...top, neuron: {} }] }, /^network: layers\.1\.neuron\.kind: /],
    [{ ...LEAST, layers: [{ units: 1, neuron: "lif" }] }, /^network: layers\.0\.neuron: /],
    [{ ...LEAST, readout: { reduce: "median" } }, /^network: readout\.reduce: /],
    [
      { ...LEAST, readout: { begin: 4 } },
      /^network: readout\.begin: 4, but there are 4 steps: expected 0 to 3$/,
    ],
    [
      { ...LEAST, layers: [hidden, { ...top, units: 257 }] },
      /^network: readout\.node: neuron2 has 257 units, one a class: expected 1 to 256$/,
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
    [
      { ...rated, layers: [top] },
      /^network: loss\.rate: no layer below the one that is read .* such as lif$/,
    ],
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
  const names = [
    "fc1.weight",
    "fc1.bias",
    "rec1.weight",
    "neuron1.decay",
    "neuron1.threshold",
    "neuron1.scale",
    "fc2.weight",
    "fc2.bias",
    "neuron2.decay",
  ];
  assert.deepEqual(parameterShapes(spec).map(([name]) => name), names);
  const parameters = initialParameters(spec, 3);
  assert.deepEqual([...parameters.keys()], names);
  const all = (name: string, value: number) =>
    assert.ok(parameters.get(name)!.every((one) => one === Math.fround(value)), name);
  all("neuron1.decay", 0.8);
  all("neuron1.threshold", 1.5);
  all("neuron1.scale", 1.25);
  all("neuron2.decay", 0.7);
  const v = parameters.get("rec1.weight")!, limit = Math.sqrt(6 / 80);
  assert.equal(v.length, 1600);
  assert.ok(v.every((value) => Math.abs(value) <= limit) && Math.max(...v) > 0.99 * limit);
  assert.notDeepEqual(v.slice(0, 100), parameters.get("fc1.weight")!.slice(0, 100));
});

Deno.test("parseNetworkSpec() does not change a preset", () => {
  for (const name of Object.keys(PRESETS) as (keyof typeof PRESETS)[]) {
    const spec = presetOf(name).network();
    assert.deepEqual(parseNetworkSpec(spec), spec, name);
    const takes: readonly string[] = presetOf(name).takes;
    if (!takes.includes("hidden")) continue;
    assert.equal(structureOf(presetOf(name).network({ hidden: 7 })).populations[0]?.units, 7, name);
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
