import assert from "node:assert/strict";
import fc from "fast-check";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { structureOf } from "../../src/network/structure.ts";
import { networkSpecs } from "../engine/network_cases.ts";
import { drawnGraphs } from "../graph/drawn_graphs.ts";

/** The least that a graph says. */
const LEAST = {
  steps: 4,
  input: { shape: [3] },
  nodes: [
    { id: "fc1", kind: "affine", units: 2 },
    { id: "lif1", kind: "lif" },
    { id: "fc2", kind: "affine", units: 2 },
    { id: "out", kind: "integrator" },
  ],
};

/** A graph of these nodes behind an input of this shape. */
function graphOf(nodes: readonly object[], shape: readonly number[] = [3]): object {
  return { steps: 4, input: { shape }, nodes };
}

const out = { id: "out", kind: "integrator" };
const fc1 = { id: "fc1", kind: "affine", units: 2 };

Deno.test("parseNetworkSpec() fills in every default", () => {
  const trainable: string[] = [], perUnit: string[] = [];
  assert.deepEqual(parseNetworkSpec({ $schema: "../schema/network.json", ...LEAST }), {
    steps: 4,
    input: { shape: [3], encoder: { kind: "direct", offset: 0 } },
    nodes: [
      { id: "fc1", kind: "affine", units: 2, bias: true, from: [{ node: "input", delay: 0 }] },
      {
        id: "lif1",
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
        start: 0,
        spikes: "one",
        perUnit,
        trainable,
        from: [{ node: "fc1", delay: 0 }],
      },
      { id: "fc2", kind: "affine", units: 2, bias: true, from: [{ node: "lif1", delay: 0 }] },
      {
        id: "out",
        kind: "integrator",
        decay: 0.9,
        synapticDecay: 0,
        current: 0,
        start: 0,
        perUnit,
        trainable,
        from: [{ node: "fc2", delay: 0 }],
      },
    ],
    readout: { node: "out", delay: 0, from: "state", reduce: "mean", begin: 0 },
    loss: { kind: "crossEntropy" },
  });
});

Deno.test("parseNetworkSpec() takes edges as an id, as an object, and as a list of both", () => {
  const { nodes } = parseNetworkSpec(graphOf([
    { ...fc1, from: "input" },
    { id: "lif1", kind: "lif", from: { node: "fc1" } },
    { ...out, from: ["lif1", { node: "lif1", delay: 2 }, "lif1"] },
  ]));
  const [affine, lif, integrator] = nodes.map(({ from }) => from);
  assert.deepEqual(affine, [{ node: "input", delay: 0 }]);
  assert.deepEqual(lif, [{ node: "fc1", delay: 0 }]);
  assert.deepEqual(integrator, [0, 2, 0].map((delay) => ({ node: "lif1", delay })));
});

Deno.test("parseNetworkSpec() infers shapes in loops, whichever node of them stands first", () => {
  const spec = parseNetworkSpec(graphOf([
    { id: "scaled", kind: "scale", from: { node: "lif2", delay: 1 } },
    { id: "back", kind: "affine", units: 30, from: "scaled" },
    { id: "lif1", kind: "lif", from: ["back", { node: "flat", delay: 1 }] },
    { id: "forth", kind: "affine", units: 5 },
    { id: "lif2", kind: "lif" },
    { id: "flat", kind: "flatten", from: "input" },
    { ...out, from: "lif2" },
  ], [2, 3, 5]));
  const shapes = structureOf(spec).nodes.map(({ inputShape, shape }) => [inputShape, shape]);
  assert.deepEqual(shapes, [
    [[5], [5]],
    [[5], [30]],
    [[30], [30]],
    [[30], [5]],
    [[5], [5]],
    [[2, 3, 5], [30]],
    [[5], [5]],
  ]);
});

Deno.test("parseNetworkSpec() takes a loop that only its own biases drive", () => {
  const spec = parseNetworkSpec(graphOf([
    { id: "own", kind: "affine", units: 3, from: { node: "lif1", delay: 1 } },
    { id: "lif1", kind: "lif" },
    out,
  ]));
  assert.deepEqual(structureOf(spec).nodes[0]?.inputShape, [3]);
});

Deno.test("parseNetworkSpec() takes neurons on any shape, integrators between others, and branches that no readout reads", () => {
  const spec = parseNetworkSpec({
    ...graphOf([
      { id: "first", kind: "graded" },
      { id: "leak", kind: "integrator" },
      fc1,
      out,
      { id: "aside", kind: "lif", from: "leak" },
      { id: "unread", kind: "affine", units: 7 },
    ], [2, 3, 5]),
    readout: { node: "out" },
  });
  const { populations, readout, tensors } = structureOf(spec);
  assert.deepEqual(populations.map(({ id, units }) => [id, units]), [
    ["first", 30],
    ["leak", 30],
    ["out", 2],
    ["aside", 30],
  ]);
  assert.equal(readout.index, 2);
  assert.equal(tensors.find(({ node }) => node === "unread")?.population, 2);
});

Deno.test("parseNetworkSpec() returns a graph as it is, through JSON", () => {
  fc.assert(
    fc.property(drawnGraphs(), ({ spec }) => {
      assert.deepEqual(parseNetworkSpec(JSON.parse(JSON.stringify(spec))), spec);
    }),
    { seed: 8, numRuns: 200 },
  );
  fc.assert(
    fc.property(networkSpecs, (layers) => {
      const spec = parseNetworkSpec(layers);
      assert.deepEqual(parseNetworkSpec(JSON.parse(JSON.stringify(spec))), spec);
    }),
    { seed: 8, numRuns: 100 },
  );
});

Deno.test("parseNetworkSpec() reads constants that are tensors, and refuses what they cannot be", () => {
  const neuron = (fields: object) => graphOf([fc1, { ...out, ...fields }]);
  const spec = parseNetworkSpec(neuron({
    kind: "lif",
    reset: "zero",
    resetTo: -0.5,
    current: 0.25,
    synapticDecay: 0.5,
    start: 0.75,
    perUnit: ["resetTo", "threshold", "synapticDecay"],
    trainable: ["start", "threshold"],
  }));
  assert.deepEqual(
    structureOf(spec).tensors.slice(2).map(({ name, shape, role, first }) => [name, shape, role, first]),
    [
      ["out.threshold", [2], "constant", 1],
      ["out.start", [2], "constant", 0.75],
      ["out.synapticDecay", [2], "fixed", 0.5],
      ["out.resetTo", [2], "fixed", -0.5],
    ],
  );
  const wrong = (fields: object, message: RegExp) =>
    assert.throws(() => parseNetworkSpec(neuron(fields)), { message });
  wrong({ perUnit: ["decay", "decay"] }, /^network: nodes\.1\.perUnit: Expected each name once$/);
  wrong({ perUnit: ["threshold"] }, /^network: nodes\.1\.perUnit\.0: "threshold": expected one of "decay", /);
  wrong({ resetTo: 1 }, /^network: nodes\.1\.resetTo: this version has no such name/);
  wrong(
    { kind: "lif", spikes: "several" },
    /^network: nodes\.1\.spikes: "several": expected one of "one", "many"$/,
  );
  wrong(
    { kind: "lif", spikes: "many", threshold: 0 },
    /^network: nodes\.1\.threshold: expected a threshold above 0, for spikes is "many"$/,
  );
  wrong({ start: "leak" }, /^network: nodes\.1\.start: "leak": expected a number$/);
  wrong({ kind: "graded", start: 1 }, /^network: nodes\.1\.start: this version has no such name/);
  wrong(
    { kind: "lif", reset: "late" },
    /^network: nodes\.1\.reset: "late": expected one of "subtract", .*, "zeroLate"$/,
  );
});

const CONV = { id: "conv", kind: "conv2d", channels: 2, kernel: [3, 3] };

Deno.test("parseNetworkSpec() names the path or the node of what is wrong, and what would be right", () => {
  const named = (id: string) => graphOf([{ ...fc1, id }, out]);
  const fed = (...from: unknown[]) => graphOf([fc1, { id: "lif1", kind: "lif" }, { ...out, from }]);
  const cases: [value: unknown, message: RegExp][] = [
    [3, /^network: the whole: 3: expected an object$/],
    [{ ...LEAST, nodes: undefined }, /^network: nodes: it is missing; docs/],
    [{ ...LEAST, layers: [] }, /^network: it has nodes and layers: expected either nodes or layers/],
    [{ ...LEAST, nodes: [] }, /^network: nodes: 0: expected at least 1$/],
    [{ ...LEAST, nodes: Array(1025).fill(out) }, /^network: nodes: 1025: expected at most 1024$/],
    [{ ...LEAST, inputs: 3 }, /^network: inputs: this version has no such name/],
    [
      { ...LEAST, input: { shape: [3, 4] } },
      /^network: input\.shape: \[3,4\]: expected \[units\] or \[channels, height, width\]$/,
    ],
    [{ ...LEAST, input: { shape: [0] } }, /^network: input\.shape\.0: 0: expected at least 1$/],
    [
      { ...LEAST, input: { shape: [99, 99, 99] } },
      /^network: input\.shape: \[99, 99, 99\] are 970299 numbers: expected 1 to 131072$/,
    ],
    [
      { ...LEAST, input: { shape: [3, 2, 2], encoder: { kind: "delta" } } },
      /^network: input\.shape: 3, but the delta encoder makes two channels of each channel: expected an even/,
    ],
    [
      { ...LEAST, input: { shape: [3, 2, 2], encoder: { kind: "constant", deviation: [1, 2] } } },
      /^network: encoder\.deviation: 2 numbers, but input\.shape \[3, 2, 2\] has 3 channels: expected 1 or 3$/,
    ],
    [
      { ...LEAST, input: { shape: [1, 2, 2], encoder: { kind: "constant", mean: [1, 2] } } },
      /^network: encoder\.mean: 2 numbers, but input\.shape \[1, 2, 2\] has 1 channel: expected 1$/,
    ],
    [graphOf([{ id: "a" }]), /^network: nodes\.0\.kind: it is missing/],
    [
      graphOf([{ id: "a", kind: "conv9d" }]),
      /^network: nodes\.0\.kind: "conv9d": expected one of "affine", "conv2d", .*"delay", "graded", /,
    ],
    [graphOf([{ kind: "scale" }]), /^network: nodes\.0\.id: it is missing/],
    [graphOf([{ ...fc1, units: 0 }]), /^network: nodes\.0\.units: 0: expected at least 1$/],
    [graphOf([{ ...fc1, unit: 1 }]), /^network: nodes\.0\.unit: this version has no such name/],
    [named("input"), /^network: nodes\.0\.id: "input" is what edges call the input: choose another name$/],
    [
      named("a.b"),
      /^network: nodes\.0\.id: "a\.b": expected 1 to 64 letters, digits, dashes and underscores$/,
    ],
    [named("out"), /^network: nodes\.1\.id: out is also the name of nodes\.0: expected distinct names$/],
    [fed("lif2"), /^network: node out: from: there is no node "lif2": expected input, fc1, lif1, out$/],
    [fed(), /^network: nodes\.2\.from: 0: expected at least 1$/],
    [fed({ node: "lif1", delay: -1 }), /^network: nodes\.2\.from\.0\.delay: -1: expected at least 0$/],
    [
      fed({ node: "lif1", delay: 4 }),
      /^network: node out: from: a delay of 4 from lif1, but there are 4 steps: expected 0 to 3$/,
    ],
    [
      fed("out"),
      /^network: node out: from: a cycle needs a delay: expected \{ "node": "out", /,
    ],
    [
      graphOf([{ ...fc1, from: "out" }, out]),
      /^network: node fc1: from: out is a later node: .*; put out first, or, in a cycle, give the edge a delay of/,
    ],
    [
      fed("fc1", "input"),
      /^network: node out: fc1 has the shape \[2\], but input \[3\]: .* summed; expected \[2\] from all .* or \[3\]$/,
    ],
    [
      graphOf([fc1, { id: "a", kind: "scale", from: { node: "a", delay: 1 } }, { ...out, from: "fc1" }]),
      /^network: node a: its shape is unknown, since no path leads to it from the input/,
    ],
    [
      graphOf([{ ...CONV, padding: [1, 1], channels: 16 }, { id: "lif1", kind: "lif" }, fc1, out], [
        1,
        300,
        300,
      ]),
      /^network: node lif1: \[16, 300, 300\] are 1440000 neurons: expected 1 to 1048576$/,
    ],
    [
      graphOf([CONV, out]),
      /^network: node conv: its input from input has the shape \[3\]: expected \[channels, height, width\] with a height of 3 or more/,
    ],
    [
      graphOf([CONV, out], [1, 2, 5]),
      /^network: node conv: .*\[1, 2, 5\]: expected .* a height of 3 or more/,
    ],
    [
      graphOf([{ ...CONV, groups: 2 }, out], [3, 5, 5]),
      /^network: node conv: .*\[3, 5, 5\]: expected \[channels that 2 groups divide, height, width\]/,
    ],
    [
      graphOf([{ ...CONV, groups: 3 }, out]),
      /^network: nodes\.0.*groups: expected a number that divides the node's channels$/,
    ],
    [graphOf([{ ...CONV, kernel: 3 }, out]), /^network: nodes\.0\.kernel: 3: expected/],
    [graphOf([{ ...CONV, kernel: [3] }, out]), /^network: nodes\.0\.kernel\.1: /],
    [
      graphOf([{ id: "pool", kind: "maxPool2d", kernel: [2, 2], padding: [2, 0] }, out]),
      /^network: nodes\.0.*padding: expected no more than half of the kernel$/,
    ],
    [graphOf([{ id: "drop", kind: "dropout", rate: 1 }, out]), /^network: nodes\.0\.rate: 1: expected/],
    [
      graphOf([fc1, { id: "norm", kind: "batchNorm", from: ["fc1", { node: "lif1", delay: 1 }] }, {
        id: "lif1",
        kind: "lif",
      }, out]),
      /^network: node norm: batchNorm normalises over all steps, but is part of a loop, .*: expected it outside of the loop$/,
    ],
    [graphOf([out, fc1]), /^network: readout\.node: fc1 is of kind affine: expected a node of neurons: out$/],
    [graphOf([fc1]), /^network: readout\.node: fc1 is of kind affine: expected .*, such as an integrator$/],
    [
      { ...LEAST, readout: { node: "o" } },
      /^network: readout\.node: there is no node "o": .*neurons: lif1, out$/,
    ],
    [
      graphOf([out], [1, 2, 2]),
      /^network: readout\.node: out has the shape \[1, 2, 2\]: expected \[classes\], as after an affine or/,
    ],
    [graphOf([out], [257]), /^network: readout\.node: out has 257 units, one a class: expected 1 to 256$/],
    [
      { ...LEAST, readout: { begin: 4 } },
      /^network: readout\.begin: 4, but there are 4 steps: expected 0 to 3$/,
    ],
    [
      { ...LEAST, readout: { delay: 4 } },
      /^network: readout\.delay: 4, but there are 4 steps: expected 0 to 3$/,
    ],
    [
      { ...graphOf([fc1, out]), loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 1 } } },
      /^network: loss\.rate: no layer below the one that is read .* such as lif$/,
    ],
  ];
  for (const [value, message] of cases) {
    assert.throws(() => parseNetworkSpec(value), { name: "InputError", message });
  }
});

Deno.test("parseNetworkSpec() expands layers as a graph would say it", () => {
  const neurons = [
    { kind: "lif", threshold: 1, learn: ["decay"] },
    { kind: "graded", decay: 0.9, threshold: 1, penalty: 2 },
    { kind: "integrator", decay: 0.8 },
  ] as const;
  const short = parseNetworkSpec({
    steps: 11,
    input: { shape: [6] },
    layers: [
      { units: 6, recurrent: true, delay: 1, neuron: neurons[0] },
      { units: 5, neuron: neurons[1] },
      { units: 3, delay: 1, neuron: neurons[2] },
    ],
    readout: { begin: 1 },
  });
  const whole = parseNetworkSpec({
    steps: 11,
    input: { shape: [6] },
    nodes: [
      { id: "fc1", kind: "affine", units: 6 },
      { id: "rec1", kind: "affine", units: 6, bias: false, from: { node: "neuron1", delay: 1 } },
      { id: "neuron1", ...neurons[0], from: ["fc1", "rec1"] },
      { id: "fc2", kind: "affine", units: 5, from: { node: "neuron1", delay: 1 } },
      { id: "neuron2", ...neurons[1] },
      { id: "fc3", kind: "affine", units: 3 },
      { id: "neuron3", ...neurons[2] },
    ],
    readout: { begin: 1, delay: 1 },
  });
  assert.deepEqual(short, whole);
  assert.deepEqual(
    parseNetworkSpec({ inputs: 6, steps: 3, layers: [{ units: 2, neuron: neurons[2] }] }).input,
    { shape: [6], encoder: { kind: "direct", offset: 0 } },
  );
});

Deno.test("parseNetworkSpec() takes layers of one step with delay and recurrence, as spikelet/1 did", () => {
  const layer = { units: 2, delay: 1, recurrent: true, neuron: { kind: "graded" } };
  const spec = parseNetworkSpec({ inputs: 3, steps: 1, layers: [layer, layer] });
  assert.equal(spec.readout.delay, 1);
  assert.deepEqual(parseNetworkSpec(spec), spec);
});
