import assert from "node:assert/strict";
import {
  affine,
  avgPool2d,
  batchNorm,
  conv2d,
  flatten,
  integrator,
  lif,
  network,
} from "../../src/network/builder.ts";
import { convNetwork } from "../../src/network/conv_presets.ts";
import { firstKernels, mapsOf, unitName } from "../../src/network/maps.ts";
import { kindInWords, settingsInWords } from "../../src/network/node_summary.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { structureOf } from "../../src/network/structure.ts";

Deno.test("mapsOf() finds feature maps, and unitName() says where a unit is", () => {
  assert.deepEqual(mapsOf([3, 4, 5]), { maps: 3, rows: 4, columns: 5 });
  assert.deepEqual([mapsOf([60]), mapsOf([60, 1, 1])], [undefined, undefined]);
  assert.equal(unitName([3, 4, 5], 2 * 20 + 3 * 5 + 1), "map 2 (3, 1)");
  assert.deepEqual([unitName([60], 7), unitName([60, 1, 1], 7)], ["unit 7", "unit 7"]);
});

Deno.test("firstKernels() finds the kernels of the first convolution, and the neurons with a map of each", () => {
  const found = firstKernels(convNetwork({ shape: [3, 28, 28] }));
  assert.deepEqual([found?.tensor.name, found?.tensor.shape], ["conv2d1.weight", [12, 3, 5, 5]]);
  assert.deepEqual([found?.isOfInput, found?.population?.id], [true, "lif1"]);
  assert.equal(firstKernels(notebookNetwork()), undefined);
  // Between its convolution and its neurons another one mixes the maps; before it there are neurons.
  const input = { shape: [2, 8, 8], encoder: { kind: "constant" } } as const;
  const mixed = network({
    steps: 2,
    input,
    nodes: [
      lif(),
      avgPool2d(2),
      conv2d(4, 3),
      batchNorm(),
      conv2d(4, 1),
      lif(),
      flatten(),
      affine(3),
      integrator(),
    ],
  });
  const second = firstKernels(mixed);
  assert.deepEqual([second?.tensor.node, second?.isOfInput, second?.population], [
    "conv2d1",
    false,
    undefined,
  ]);
});

Deno.test("settingsInWords() has a window and what is not usual", () => {
  const { nodes } = structureOf(network({
    steps: 2,
    input: { shape: [4, 16, 16], encoder: { kind: "constant" } },
    nodes: [
      conv2d(8, [3, 5], { stride: 2, padding: [1, 2], dilation: [1, 2], groups: 4 }),
      avgPool2d(2),
      avgPool2d(2, { stride: 1, padding: 1 }),
      conv2d(4, 1),
      lif(),
      lif({ reset: "subtractLate" }),
      lif({ spikes: "many", start: 0.5 }),
      flatten(),
      affine(3),
      integrator({ start: 0.5 }),
    ],
  }));
  assert.deepEqual(nodes.map(({ node }) => settingsInWords(node)), [
    "3×5, stride 2, padding 1×2, dilation 1×2, 4 groups",
    "2×2",
    "2×2, stride 1, padding 1",
    "1×1",
    "",
    "reset subtractLate",
    "many spikes, start 0.5",
    "",
    "",
    "start 0.5",
  ]);
  assert.deepEqual([1, 5, 7].map((at) => kindInWords(nodes[at]!.node)), [
    "avgPool2d 2×2",
    "lif reset subtractLate",
    "flatten",
  ]);
});
