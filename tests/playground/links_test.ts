import assert from "node:assert/strict";
import {
  favouritesOf,
  fieldOf,
  linksOf,
  placesOfNames,
  rowsByClass,
  thresholdOf,
  unitsByClass,
} from "../../playground/logic/links.ts";
import { affine, conv2d, flatten, integrator, lif, maxPool2d, network } from "../../src/network/builder.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork, wideNetwork } from "../../src/network/presets.ts";
import { FRAMES } from "./recorded.ts";

const CONVOLUTIONAL = network({
  steps: 3,
  input: { shape: [2, 9, 9], encoder: { kind: "constant" } },
  nodes: [
    ...[conv2d(3, 5), lif({ threshold: 0.3 }), maxPool2d(2), conv2d(4, 1), lif({ threshold: 0.2 })],
    ...[flatten(), affine(10), integrator()],
  ],
});

Deno.test("linksOf() finds what the last hidden layer tells the outputs, behind a flatten, too", () => {
  const notebook = notebookNetwork({ hidden: 7 }), parameters = initialParameters(notebook, 0);
  assert.equal(linksOf(notebook, parameters, 0), parameters.get("fc2.weight"));
  const wide = wideNetwork({ hidden: 5 }), weights = initialParameters(wide, 0);
  assert.equal(linksOf(wide, weights, 0), undefined);
  assert.equal(linksOf(wide, weights, 1), weights.get("fc3.weight"));
  const convolutional = initialParameters(CONVOLUTIONAL, 0);
  assert.equal(linksOf(CONVOLUTIONAL, convolutional, 0), undefined);
  assert.equal(linksOf(CONVOLUTIONAL, convolutional, 1)?.length, 10 * 4 * 2 * 2);
});

Deno.test("unitsByClass() orders units by the class of their largest weight, the strongest first", () => {
  // [classes, units]
  const links = Float32Array.of(...[0.1, 2, -1, 0.5], ...[0.3, 1, 4, 0.9]);
  assert.deepEqual([...favouritesOf(links, 4)], [1, 0, 1, 1]);
  assert.deepEqual([...unitsByClass(links, 4)], [1, 2, 3, 0]);
  assert.deepEqual(rowsByClass(unitsByClass(links, 4), favouritesOf(links, 4)), [
    { label: 0, from: 0, end: 1 },
    { label: 1, from: 1, end: 4 },
  ]);
});

Deno.test("placesOfNames() puts names beside the middle of their rows, but apart and within the height", () => {
  const groups = [[0, 0, 6], [1, 6, 7], [4, 7, 8]].map(([label, from, end]) => ({
    label: label!,
    from: from!,
    end: end!,
  }));
  assert.deepEqual(placesOfNames(groups, 8, 0.05), [3 / 8, 6.5 / 8, 7.5 / 8]);
  const apart = placesOfNames(groups, 8, 0.2);
  assert.deepEqual(apart.map((place) => Number(place.toFixed(6))), [0.375, 0.7, 0.9]);
  // More than fit at that distance share the height evenly.
  const many = Array.from({ length: 4 }, (_, label) => ({ label, from: label, end: label + 1 }));
  assert.deepEqual(placesOfNames(many, 4, 0.9), [0.125, 0.375, 0.625, 0.875]);
  assert.deepEqual(placesOfNames([], 4, 0.1), []);
});

Deno.test("fieldOf() gives a unit's weights of the picture, or the kernel of its map summed over channels", () => {
  const notebook = notebookNetwork({ hidden: 7 }), parameters = initialParameters(notebook, 0);
  const field = fieldOf(notebook, parameters, 0, 3);
  assert.deepEqual([field?.of, field?.rows, field?.columns], ["input", 28, 28]);
  assert.deepEqual(field?.weights, parameters.get("fc1.weight")!.slice(3 * 784, 4 * 784));
  assert.equal(fieldOf(notebook, parameters, 1, 3), undefined);

  const weights = initialParameters(CONVOLUTIONAL, 0), unit = 2 * 25 + 6; // of map 2
  const kernel = fieldOf(CONVOLUTIONAL, weights, 0, unit),
    own = [...weights.values()][0]!.subarray(2 * 50, 3 * 50);
  assert.deepEqual([kernel?.of, kernel?.rows, kernel?.columns], ["kernel", 5, 5]);
  kernel?.weights.forEach((weight, i) => assert.equal(weight, Math.fround(own[i]! + own[25 + i]!)));
  assert.equal(fieldOf(CONVOLUTIONAL, weights, 1, 0), undefined);
});

Deno.test("thresholdOf() is the population's, or the unit's own", () => {
  const notebook = notebookNetwork({ hidden: 7, threshold: 1.5 });
  assert.equal(thresholdOf(notebook, initialParameters(notebook, 0), 0, 3), 1.5);
  assert.equal(thresholdOf(CONVOLUTIONAL, initialParameters(CONVOLUTIONAL, 0), 2, 0), undefined);
  const own = network({
    steps: 3,
    input: { shape: [4], encoder: { kind: "constant" } },
    nodes: [affine(2), lif({ threshold: 1, trainable: ["threshold"] }), affine(3), integrator()],
  });
  const parameters = new Map(initialParameters(own, 0));
  const name = [...parameters.keys()].find((name) => name.endsWith(".threshold"))!;
  parameters.set(name, Float32Array.of(0.5, 0.25));
  assert.equal(thresholdOf(own, parameters, 0, 1), 0.25);
});

Deno.test("fieldOf() of a network of sequences is a picture where its input is one, and nothing of a list of channels", () => {
  const field = fieldOf(FRAMES, initialParameters(FRAMES, 0), 0, 3);
  assert.deepEqual([field?.of, field?.rows, field?.columns], ["input", 6, 9]);
  const list = network({
    steps: 3,
    input: { shape: [16], encoder: { kind: "direct" } },
    nodes: [affine(5), lif(), affine(2), integrator()],
  });
  assert.equal(fieldOf(list, initialParameters(list, 0), 0, 3), undefined);
});
