import assert from "node:assert/strict";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { layersOf } from "../../src/network/short_form.ts";

const layered = {
  steps: 9,
  input: { shape: [2, 5, 7] },
  layers: [
    { units: 6, delay: 1, recurrent: true, neuron: { kind: "lif", trainable: ["decay"] } },
    { units: 5, neuron: { kind: "graded" } },
    { units: 3, delay: 1, neuron: { kind: "integrator" } },
  ],
  readout: { reduce: "max", begin: 2 },
};

Deno.test("layersOf() gives back the layers of a graph in short form", () => {
  const spec = parseNetworkSpec(layered), layers = layersOf(spec)!;
  assert.deepEqual(layers.layers.map(({ units }) => units), [6, 5, 3]);
  assert.deepEqual(layers.layers.map(({ delay }) => delay), [1, 0, 1]);
  assert.deepEqual(layers.layers.map(({ recurrent }) => recurrent), [true, false, false]);
  assert.deepEqual(parseNetworkSpec(layers), spec);
});

Deno.test("layersOf() gives nothing where a graph differs from that of layers", () => {
  const spec = parseNetworkSpec(layered);
  const changes: ((json: typeof spec) => unknown)[] = [
    ({ nodes, ...rest }) => ({
      ...rest,
      nodes: nodes.map((node) => ({ ...node, ...node.id === "fc2" && { bias: false } })),
    }),
    ({ nodes, ...rest }) => ({
      ...rest,
      nodes: nodes.map((node) => ({
        ...node,
        id: node.id === "fc1" ? "first" : node.id,
        from: node.from.map(({ node, delay }) => ({ node: node === "fc1" ? "first" : node, delay })),
      })),
    }),
    ({ readout, ...rest }) => ({ ...rest, readout: { ...readout, delay: 2 } }),
    ({ nodes, ...rest }) => ({
      ...rest,
      nodes: nodes.map((node) =>
        node.id === "fc3" ? { ...node, from: [...node.from, { node: "neuron1", delay: 1 }] } : node
      ).map((node) => node.id === "fc2" ? { ...node, units: 6 } : node),
    }),
  ];
  for (const change of changes) assert.equal(layersOf(parseNetworkSpec(change(spec))), undefined);
});
