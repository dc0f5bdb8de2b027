import assert from "node:assert/strict";
import { costsOf } from "../../playground/logic/costs.ts";
import { Inspector } from "../../playground/logic/inspector.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { feedForwardNetwork, lifNetwork, notebookNetwork } from "../../src/network/presets.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { digit, kernels } from "../serve/served_model.ts";

function inspectionOf(spec: NetworkSpec) {
  const parameters = initialParameters(spec, 1);
  return new Inspector(kernels).inspect({ spec, parameters, seed: 0, precision: "f32", pixels: digit(3) });
}

Deno.test("costsOf() counts a weight for each pixel of ink, ten for each spike, a leak a neuron and step", () => {
  const inspection = inspectionOf(lifNetwork({ hidden: 30, steps: 12 }));
  const ink = inspection.pixels.filter((pixel) => pixel > 0).length;
  assert.ok(inspection.spikes > 0);
  assert.deepEqual(costsOf(inspection), {
    ofInput: 30 * ink,
    ofSpikes: 10 * inspection.spikes,
    ofNeurons: 12 * 40,
    dense: 784 * 30 + 30 * 10,
  });
});

Deno.test("costsOf() counts inputs that change at every step, at every step", () => {
  const inspection = inspectionOf(notebookNetwork({ hidden: 30, steps: 12 }));
  // Offset −0.5: no pixel is 0.
  assert.equal(costsOf(inspection).ofInput, 12 * 784 * 30);
});

Deno.test("costsOf() of a dense network counts what is not 0", () => {
  const inspection = inspectionOf(feedForwardNetwork({ hidden: 30 }));
  const active = inspection.trace.outputs[0]!.filter((output) => output !== 0).length;
  const { ofSpikes, dense } = costsOf(inspection);
  assert.deepEqual([ofSpikes, dense], [10 * active, 784 * 30 + 300]);
});
