import assert from "node:assert/strict";
import { Classifier } from "../../src/classify/classifier.ts";
import { feedForwardNetwork, lifNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { Inspector } from "../../playground/logic/inspector.ts";
import { COLOUR_MODEL, colourPicture, digit, kernels, modelOf } from "../serve/served_model.ts";

Deno.test("Inspector gives the bits of a Classifier's answer, with currents, potentials and spikes", () => {
  const inspector = new Inspector(kernels);
  const specs = [
    notebookNetwork({ hidden: 13, steps: 21 }),
    feedForwardNetwork({ hidden: 5 }),
    lifNetwork({ hidden: 17, steps: 20 }),
  ];
  for (const spec of specs) {
    const model = modelOf(spec), classifier = new Classifier(model, { kernels });
    for (const seed of [0, 7]) {
      const { parameters } = model, pixels = digit(3);
      const inspection = inspector.inspect({
        spec,
        parameters,
        seed,
        precision: "f32",
        features: pixels,
        bytes: classifier.bytes,
      });
      const { label: named, probabilities, spikes } = classifier.classify(pixels, seed);
      assert.deepEqual([inspection.label, inspection.probabilities, inspection.spikes], [
        named,
        probabilities,
        spikes,
      ]);
      const seen = inspection.trace.spikes[0]!.reduce((sum, spike) => sum + spike, 0);
      assert.equal(seen, spikes);
    }
  }
});

Deno.test("Inspector gives the bits of a Classifier's answer for a convolutional network and a picture in colours", () => {
  const { spec, parameters } = COLOUR_MODEL, pixels = colourPicture(2), inspector = new Inspector(kernels);
  const { label, probabilities, spikes, trace } = inspector.inspect({
    spec,
    parameters,
    seed: 3,
    precision: "f32",
    features: pixels,
  });
  const answer = new Classifier(COLOUR_MODEL, { kernels }).classify(pixels);
  assert.deepEqual([label, probabilities, spikes], [answer.label, answer.probabilities, answer.spikes]);
  const seen = [0, 1].map((layer) => trace.spikes[layer]!.reduce((sum, spike) => sum + spike, 0));
  assert.equal(seen[0]! + seen[1]!, spikes);
});

Deno.test("Inspector keeps weights, not constants", () => {
  const inspector = new Inspector(kernels), spec = notebookNetwork({ hidden: 13, steps: 21 });
  const { parameters } = modelOf(spec), rest = { seed: 0, precision: "f32", features: digit(1) } as const;
  assert.throws(() => inspector.inspect({ spec, ...rest }), RangeError);
  const first = inspector.inspect({ spec, parameters, ...rest });
  const tuned = notebookNetwork({ hidden: 13, steps: 21, threshold: 0.2 });
  const other = inspector.inspect({ spec: tuned, ...rest });
  assert.notDeepEqual(other.spikes, first.spikes);
  assert.deepEqual(inspector.inspect({ spec, ...rest }), first);
  const { spikes } = new Classifier({ spec: tuned, parameters, metadata: {} }, { kernels }).classify(
    rest.features,
    0,
  );
  assert.equal(other.spikes, spikes);
});
