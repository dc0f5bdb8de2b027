import assert from "node:assert/strict";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { constantTensor, weightsInto, weightsOfInput } from "../../src/network/tensors.ts";
import { layerName, numberOfLayer, shortLayerName, sizesOf } from "../../src/network/words.ts";

/** Two weights lead into the first population, one of them through a loop; the readout is not the last node. */
const spec = parseNetworkSpec({
  steps: 5,
  input: { shape: [1, 2, 3] },
  nodes: [
    { id: "gain", kind: "scale" },
    { id: "see", kind: "affine", units: 4, from: ["gain", "input"] },
    { id: "back", kind: "affine", units: 4, bias: false, from: { node: "hidden", delay: 1 } },
    { id: "hidden", kind: "lif", from: ["see", "back"], perUnit: ["threshold"], trainable: ["decay"] },
    { id: "fc", kind: "affine", units: 2 },
    { id: "out", kind: "integrator" },
    { id: "unread", kind: "lif", from: "hidden" },
  ],
  readout: { node: "out" },
});

Deno.test("weightsInto() finds all weights before a population, and tells those of a loop", () => {
  const names = weightsInto(spec, 0).map(({ name, isRecurrent }) => [name, isRecurrent]);
  assert.deepEqual(names, [["see.weight", false], ["back.weight", true]]);
  assert.deepEqual(weightsInto(spec, 2), []);
});

Deno.test("constantTensor() finds learned and fixed constants of each unit", () => {
  assert.equal(constantTensor(spec, 0, "decay")?.name, "hidden.decay");
  assert.equal(constantTensor(spec, 0, "threshold")?.role, "fixed");
  assert.equal(constantTensor(spec, 0, "current"), undefined);
  assert.equal(constantTensor(spec, 1, "decay"), undefined);
});

Deno.test("weightsOfInput() finds the weights with one row a unit that read the input", () => {
  assert.equal(weightsOfInput(spec)?.name, "see.weight");
  assert.deepEqual(weightsOfInput(notebookNetwork())?.shape, [100, 784]);
});

Deno.test("layers are named by number, and by their node where the description names it", () => {
  assert.deepEqual([0, 1, 2].map((layer) => layerName(spec, layer)), [
    "layer 1 (hidden)",
    "the output layer (out)",
    "layer 3 (unread)",
  ]);
  assert.equal(numberOfLayer(spec, 1), "2 (out)");
  assert.equal(shortLayerName(spec, 1, "output"), "output");
  assert.equal(sizesOf(spec), "1×2×3-4-2-4");
  assert.deepEqual([0, 1].map((layer) => layerName(notebookNetwork(), layer)), [
    "layer 1",
    "the output layer",
  ]);
});
