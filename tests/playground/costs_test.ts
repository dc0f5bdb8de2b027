import assert from "node:assert/strict";
import { costsOf } from "../../playground/logic/costs.ts";
import { Inspector } from "../../playground/logic/inspector.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { feedForwardNetwork, lifNetwork, notebookNetwork } from "../../src/network/presets.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { recordingAt } from "../../playground/logic/recordings.ts";
import { parseTensors } from "../../src/data/tensor_file.ts";
import { digit, kernels } from "../serve/served_model.ts";
import { COLUMNS, frameFile, FRAMES, ROWS, swipeModel } from "./recorded.ts";

function inspectionOf(spec: NetworkSpec) {
  const parameters = initialParameters(spec, 1);
  return new Inspector(kernels).inspect({ spec, parameters, seed: 0, precision: "f32", features: digit(3) });
}

Deno.test("costsOf() counts a weight for each pixel of ink, ten for each spike, a leak a neuron and step", () => {
  const inspection = inspectionOf(lifNetwork({ hidden: 30, steps: 12 }));
  const ink = inspection.features.filter((pixel) => pixel > 0).length;
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

Deno.test("costsOf() counts the numbers of a recording that are not 0, and a peer's weights at each of its steps", () => {
  const model = swipeModel(FRAMES), samples = parseTensors(frameFile(3, [7, 4, 7]), "swipes");
  const { features } = recordingAt(samples, 1), { spec, parameters } = model;
  const inspection = new Inspector(kernels).inspect({
    spec,
    parameters,
    seed: 0,
    precision: "f32",
    features,
  });
  // A front and a back at each of four steps.
  assert.deepEqual(costsOf(inspection), {
    ofInput: 12 * 2 * 4,
    ofSpikes: 3 * inspection.spikes,
    ofNeurons: 4 * (12 + 3),
    dense: 4 * (12 * 2 * ROWS * COLUMNS + 3 * 12),
  });
});

Deno.test("costsOf() of a dense network counts what is not 0", () => {
  const inspection = inspectionOf(feedForwardNetwork({ hidden: 30 }));
  const active = inspection.trace.outputs[0]!.filter((output) => output !== 0).length;
  const { ofSpikes, dense } = costsOf(inspection);
  assert.deepEqual([ofSpikes, dense], [10 * active, 784 * 30 + 300]);
});
