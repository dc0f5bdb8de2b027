import assert from "node:assert/strict";
import type { Samples } from "../../src/data/samples.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import {
  alignParts,
  matchClasses,
  nameOutputs,
  noticesOfGaps,
  noticesOfLabels,
} from "../../src/training/class_match.ts";

/** Samples of one feature with these labels. */
function samplesOf(labels: number[], classes?: readonly string[], name = "mine test"): Samples {
  return {
    name,
    count: labels.length,
    size: 1,
    features: new Uint8Array(labels.length),
    labels: Uint8Array.from(labels),
    ...(classes && { classes }),
  };
}

const three = { spec: notebookNetwork({ inputs: 1, classes: 3 }) };
const shapes = { ...three, classes: ["circle", "square", "triangle"] };
const match = (network: typeof three & { classes?: readonly string[] }, samples: Samples) =>
  matchClasses(network, "model.safetensors", samples, "give other data");

Deno.test("matchClasses() gives a class the output of its name, for any order of the data's classes", () => {
  const { samples, notice } = match(shapes, samplesOf([0, 1, 1, 0], ["circle", "triangle"]));
  assert.deepEqual([...samples.labels], [0, 2, 2, 0]);
  assert.deepEqual(samples.classes, shapes.classes);
  assert.equal(notice, undefined);
  const turned = match(shapes, samplesOf([0, 1, 2], ["triangle", "square", "circle"]));
  assert.deepEqual([...turned.samples.labels], [2, 1, 0]);
  // Samples that already match are not copied.
  const same = samplesOf([0, 2], shapes.classes);
  assert.equal(match(shapes, same).samples.labels, same.labels);
  // A class without a sample may have any name.
  assert.deepEqual([...match(shapes, samplesOf([1], ["star", "square"])).samples.labels], [1]);
});

Deno.test("matchClasses() refuses a class that the model does not have, and lists the model's", () => {
  assert.throws(() => match(shapes, samplesOf([0, 1], ["circle", "st\nar"])), {
    name: "InputError",
    message:
      "model.safetensors: it has no class st\\u{a}ar, which mine test has: its classes are circle, square, triangle: give other data",
  });
  // MNIST's classes have names, too.
  assert.throws(
    () => match(shapes, samplesOf([2], ["0", "1", "2"])),
    /has no class 2, which mine test has/,
  );
});

Deno.test("matchClasses() takes labels as outputs if the data name no classes, and reports it", () => {
  const { samples, notice } = match(shapes, samplesOf([0, 2]));
  assert.deepEqual([[...samples.labels], samples.classes], [[0, 2], shapes.classes]);
  assert.equal(
    notice,
    "mine test names no classes: its labels are taken in the order of the model's, circle, square, triangle",
  );
  assert.deepEqual(match(three, samplesOf([0, 2])), { samples: samplesOf([0, 2]) });
  assert.throws(
    () => match(three, samplesOf([0, 3])),
    /^InputError: model\.safetensors: its network has 3 classes, but mine test has label 3 at 1: give other data$/,
  );
});

Deno.test("matchClasses() matches a model without names by indices, or in order if the numbers are equal", () => {
  assert.equal(match(three, samplesOf([0, 2], ["0", "1", "2"])).notice, undefined);
  assert.deepEqual([...match(three, samplesOf([0, 1], ["0", "1"])).samples.labels], [0, 1]);
  assert.throws(() => match(three, samplesOf([3], ["0", "1", "2", "3"])), /has no class 3, which/);
  const { samples, notice } = match(three, samplesOf([0, 2], shapes.classes));
  assert.deepEqual([[...samples.labels], samples.classes], [[0, 2], shapes.classes]);
  assert.equal(
    notice,
    "model.safetensors names no classes: its 3 outputs are taken for those of mine test in their order, circle, square, triangle",
  );
  assert.throws(
    () => match(three, samplesOf([0, 1], ["circle", "triangle"])),
    /its 3 classes have no names, but mine test has 2, circle, triangle: they cannot be matched: give/,
  );
});

Deno.test("nameOutputs() names all outputs of a network by its training data", () => {
  const part = samplesOf([0, 1], ["cat", "dog"]), both = { train: part, test: part };
  assert.deepEqual(nameOutputs(three.spec, "notebook", both, "x"), ["cat", "dog", "2"]);
  assert.equal(
    nameOutputs(three.spec, "notebook", { train: samplesOf([1]), test: samplesOf([2]) }, "x"),
    undefined,
  );
  const many = samplesOf([0], ["a", "b", "c", "d"], "mine train");
  assert.throws(
    () => nameOutputs(three.spec, "notebook", { train: many, test: many }, "give other data"),
    /^InputError: notebook: its network has 3 classes, but mine train has 4, a, b, c, d: give other data$/,
  );
});

Deno.test("alignParts() gives the test part the training part's classes, by name", () => {
  const train = samplesOf([0, 1, 2], shapes.classes, "mine train");
  const { test } = alignParts({ train, test: samplesOf([1, 0], ["triangle", "circle"]) });
  assert.deepEqual([[...test.labels], test.classes], [[0, 2], shapes.classes]);
  assert.deepEqual(alignParts({ train, test: samplesOf([2]) }).test.classes, shapes.classes);
  assert.deepEqual(alignParts({ train: samplesOf([2]), test: train }).train.classes, shapes.classes);
  assert.throws(
    () => alignParts({ train, test: samplesOf([0], ["star"]) }),
    /^InputError: mine test: class star is not among those of mine train: expected one of circle, square, triangle$/,
  );
  // A damaged label beside a part with known classes.
  assert.throws(
    () => alignParts({ train: { ...samplesOf([1, 255]), labelsFrom: "labels" }, test: train }),
    /^InputError: labels: label 255 at 1: there are 3 classes, circle, square, triangle: expected 0 to 2: the file is damaged/,
  );
});

Deno.test("noticesOfLabels() names classes of the test set without a training sample", () => {
  const train = samplesOf([0, 1], shapes.classes, "mine train");
  assert.deepEqual(noticesOfLabels({ train, test: samplesOf([2, 0, 1, 2], shapes.classes) }), [
    "mine test: it has triangle, of which mine train has no sample: that cannot be learned",
  ]);
  assert.deepEqual(
    noticesOfLabels({ train: samplesOf([0, 3], undefined, "mine train"), test: samplesOf([0, 1, 2, 3]) }),
    [
      "mine test: it has labels 1–2, of which mine train has no sample: that cannot be learned",
    ],
  );
  assert.deepEqual(noticesOfLabels({ train, test: samplesOf([0, 1], shapes.classes) }), [
    "mine train: no sample of any part has triangle",
  ]);
});

Deno.test("noticesOfGaps() names the label after a gap, its place, and the classes without a sample", () => {
  const train = samplesOf([0, 1, 2, 2], undefined, "mine train"), test = samplesOf([0, 1]);
  assert.deepEqual(noticesOfGaps([train, test]), []);
  assert.deepEqual(noticesOfGaps([{ ...samplesOf([0, 1, 255, 2]), labelsFrom: "train-labels" }, test]), [
    "train-labels: label 255 at 2, but no sample of any part has labels 3–254: is it damaged?",
  ]);
  assert.deepEqual(noticesOfGaps([train, { ...samplesOf([0, 4]), labelsFrom: "t10k-labels" }]), [
    "t10k-labels: label 4 at 1, but no sample of any part has label 3: is it damaged?",
  ]);
  assert.deepEqual(noticesOfGaps([{ ...samplesOf([2, 1]), labelsFrom: "train-labels" }]), [
    "train-labels: label 1 at 1, but no sample of any part has label 0: do they count from 1?",
  ]);
  assert.deepEqual(noticesOfGaps([samplesOf([0, 2], shapes.classes)]), [
    "mine test: label 2 at 1, but no sample of any part has square: is it damaged?",
  ]);
  assert.deepEqual(noticesOfGaps([samplesOf([0, 1], shapes.classes)]), [
    "mine test: no sample of any part has triangle",
  ]);
});

Deno.test("noticesOfLabels() names trained classes without a test sample", () => {
  const train = samplesOf([0, 1, 2], shapes.classes, "mine train");
  assert.deepEqual(noticesOfLabels({ train, test: samplesOf([2, 0, 2], shapes.classes) }), [
    "mine test: no sample has square: the accuracy says nothing about that",
  ]);
  assert.deepEqual(noticesOfLabels({ train, test: samplesOf([0, 1, 2], shapes.classes) }), []);
});
