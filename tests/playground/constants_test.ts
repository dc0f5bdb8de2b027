import assert from "node:assert/strict";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { feedForwardNetwork, notebookNetwork, tunedNetwork } from "../../src/network/presets.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { constantsOf, layersInWords, withConstant } from "../../playground/logic/constants.ts";

const summary = (spec: Parameters<typeof constantsOf>[0]) =>
  constantsOf(spec).map(({ name, layers, value }) => [name, layersInWords({ layers }, spec), value]);

Deno.test("constantsOf() lists the constants that the notebook's neurons share", () => {
  assert.deepEqual(summary(notebookNetwork()), [
    ["decay", "layer 1 and the output layer", 0.9],
    ["threshold", "layer 1 and the output layer", 2],
    ["penalty", "layer 1 and the output layer", 2.5],
  ]);
});

Deno.test("constantsOf() separates layers with different values, and leaves out learned and unused constants", () => {
  assert.deepEqual(summary(tunedNetwork()), [
    ["decay", "layer 1 and the output layer", 0.9],
    ["threshold", "layer 1", 0.3],
    ["penalty", "layer 1", 0.3],
  ]);
  assert.deepEqual(summary(feedForwardNetwork()), [["threshold", "layer 1", 0]]);
  const mixed = network({
    inputs: 9,
    steps: 5,
    layers: [
      layer(4, lif({ decay: 0.8, threshold: 1, trainable: ["threshold"] })),
      layer(3, graded({ decay: 0.8, threshold: -3, penalty: 7 })),
      layer(2, integrator({ decay: 0.95 })),
    ],
  });
  assert.deepEqual(summary(mixed), [
    ["decay", "layer 1 and layer 2", 0.8],
    ["decay", "the output layer", 0.95],
    ["threshold", "layer 2", -3],
    ["penalty", "layer 2", 7],
  ]);
  for (const { value, least, most } of constantsOf(mixed)) assert.ok(least <= value && value <= most);
});

Deno.test("withConstant() changes one constant, into a valid network", () => {
  const spec = notebookNetwork(), threshold = constantsOf(spec)[1]!;
  const other = withConstant(spec, threshold, 1.25);
  assert.deepEqual(parseNetworkSpec(JSON.parse(JSON.stringify(other))), other);
  assert.deepEqual(other, notebookNetwork({ threshold: 1.25 }));
  for (const { least, most, ...constant } of constantsOf(spec)) {
    for (const value of [least, most]) parseNetworkSpec(withConstant(spec, constant, value));
  }
});
