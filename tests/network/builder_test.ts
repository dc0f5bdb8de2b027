import assert from "node:assert/strict";
import {
  affine,
  delay,
  flatten,
  graded,
  integrator,
  lif,
  network,
  scale,
} from "../../src/network/builder.ts";
import { parseNetworkSpec } from "../../src/network/parse_graph.ts";

Deno.test("network() numbers nodes by kind, and is the description with its defaults", () => {
  const spec = network({
    steps: 3,
    input: { shape: [1, 2, 3], encoder: { kind: "constant" } },
    nodes: [
      scale(),
      lif({ decay: 0.5 }),
      delay(),
      flatten(),
      graded({}, { id: "second", from: ["flatten1", { node: "second", delay: 2 }] }),
      graded(),
      affine(4, { bias: false }),
      integrator(),
    ],
    readout: { delay: 1 },
  });
  assert.deepEqual(
    spec.nodes.map(({ id }) => id),
    ["scale1", "lif1", "delay1", "flatten1", "second", "graded2", "affine1", "integrator1"],
  );
  assert.deepEqual(
    spec,
    parseNetworkSpec({
      steps: 3,
      input: { shape: [1, 2, 3], encoder: { kind: "constant" } },
      nodes: [
        { id: "scale1", kind: "scale" },
        { id: "lif1", kind: "lif", decay: 0.5 },
        { id: "delay1", kind: "delay" },
        { id: "flatten1", kind: "flatten" },
        { id: "second", kind: "graded", from: ["flatten1", { node: "second", delay: 2 }] },
        { id: "graded2", kind: "graded" },
        { id: "affine1", kind: "affine", units: 4, bias: false },
        { id: "integrator1", kind: "integrator" },
      ],
      readout: { delay: 1 },
    }),
  );
});

Deno.test("network() refuses what parseNetworkSpec() refuses", () => {
  assert.throws(() => network({ steps: 3, input: { shape: [3] }, nodes: [affine(2)] }), {
    name: "InputError",
    message:
      /^network: readout\.node: affine1 is of kind affine: expected a node of neurons, such as an integrator$/,
  });
});
