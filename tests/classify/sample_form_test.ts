import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { Classifier, type SampleInput } from "../../src/classify/classifier.ts";
import { SampleForm } from "../../src/classify/sample_form.ts";
import { softmax } from "../../src/classify/softmax.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { sampleFormOf } from "../../src/network/encoders.ts";
import { convNetwork } from "../../src/network/conv_presets.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { classesOf, parseNetworkSpec } from "../../src/network/spec.ts";
import { STREAM } from "../../src/random.ts";
import { networkCases } from "../engine/network_cases.ts";
import { layersOf } from "../../src/network/short_form.ts";

const PICTURES = notebookNetwork({ inputs: 6, hidden: 4, classes: 3, steps: 5 });
const SEQUENCES = parseNetworkSpec({
  inputs: 2,
  steps: 4,
  layers: [{ units: 5, neuron: { kind: "lif" } }, { units: 3, neuron: { kind: "integrator" } }],
  readout: { begin: 1 },
});
const pixels = new SampleForm({ spec: PICTURES, metadata: { bytes: "pixels" } });
const floats = new SampleForm({ spec: PICTURES, metadata: { bytes: "numbers" } });
const sequences = new SampleForm({ spec: SEQUENCES, metadata: {} });

/** Asserts that a sample of any type is refused. */
const refuse = (form: SampleForm, input: unknown, name: "TypeError" | "RangeError", message: RegExp) =>
  assert.throws(() => form.take(input), { name, message });

Deno.test("take() takes byte arrays of both kinds, at any offset of a buffer", () => {
  const bytes = Uint8Array.of(0, 1, 2, 3, 254, 255);
  const inputs: SampleInput[] = [
    bytes,
    Uint8ClampedArray.from(bytes),
    Buffer.from(bytes),
    new Uint8Array([9, ...bytes, 9]).subarray(1, 7),
    new Uint8ClampedArray([9, ...bytes, 9]).subarray(1, 7),
    new Uint8Array(new SharedArrayBuffer(6)).map((_, i) => bytes[i]!),
  ];
  for (const input of inputs) {
    const { features, steps } = pixels.take(input);
    assert.ok(features instanceof Uint8Array);
    assert.deepEqual([[...features], steps], [[...bytes], 1]);
  }
  const rows = pixels.take([bytes.subarray(0, 3), bytes.subarray(3)]).features;
  assert.ok(rows instanceof Uint8Array);
  assert.deepEqual([...rows], [...bytes]);
});

Deno.test("take() takes all other arrays and lists as numbers, row by row", () => {
  const numbers = [0, 0.25, -0.5, 0.5, -0.25, 0.125];
  const inputs: SampleInput[] = [
    numbers,
    Float32Array.from(numbers),
    Float64Array.from(numbers),
    [numbers.slice(0, 3), numbers.slice(3)],
    [[[0, 0.25], [-0.5, 0.5]], [[-0.25], [0.125]]].map((row) => row.flat()).flat(),
    [Float32Array.from(numbers.slice(0, 2)), numbers.slice(2, 4), numbers.slice(4)],
  ];
  for (const input of inputs) {
    const { features } = pixels.take(input);
    assert.ok(features instanceof Float32Array);
    assert.deepEqual([...features], numbers);
  }
  assert.deepEqual([...floats.take(Int16Array.of(-300, 0, 1, 2, 3, 300)).features], [-300, 0, 1, 2, 3, 300]);
});

Deno.test("take() refuses a value that is no sample and names its kind", () => {
  refuse(
    pixels,
    undefined,
    "TypeError",
    /^the sample: undefined: expected bytes \(Uint8Array\), or numbers in an array or in lists of lists$/,
  );
  refuse(pixels, "pixels", "TypeError", /^the sample: "pixels": expected bytes/);
  refuse(pixels, new ArrayBuffer(6), "TypeError", /^the sample: ArrayBuffer:/);
  refuse(pixels, new DataView(new ArrayBuffer(6)), "TypeError", /^the sample: DataView:/);
  refuse(pixels, { length: 6 }, "TypeError", /^the sample: Object:/);
  refuse(
    pixels,
    [0, 0, "0", 0, 0, 0],
    "TypeError",
    /^the sample: number 2 is "0": expected a number, -1e9 to 1e9$/,
  );
  refuse(pixels, [0, 0, , 0, 0, 0], "TypeError", /number 2 is undefined/); // deno-lint-ignore no-sparse-arrays
  refuse(pixels, BigInt64Array.of(1n, 2n), "TypeError", /number 0 is a bigint/);
  refuse(pixels, [0, [0, 0, 0, 0, 0]], "TypeError", /numbers stand beside lists, at 1/);
  refuse(
    pixels,
    [Uint8Array.of(1, 2, 3), [1, 2, 3]],
    "TypeError",
    /bytes stand beside other lists|numbers stand beside/,
  );
  refuse(
    pixels,
    [[0, 0], [0, 0, 0, 0]],
    "TypeError",
    /list 1 has 4 numbers, list 0 has 2: expected as many in each/,
  );
  refuse(pixels, [[[[[[[[[[0]]]]]]]]]], "TypeError", /at more than two levels: expected \[rows\]\[columns\]/);
  refuse(pixels, [], "RangeError", /^the sample: 0 numbers: expected 6 numbers$/);
  refuse(pixels, new Float32Array(5), "RangeError", /^the sample: 5 numbers: expected 6 numbers$/);
  refuse(
    pixels,
    new Uint8ClampedArray(24),
    "RangeError",
    /24 numbers: expected 6 numbers; these are four times as many/,
  );
});

Deno.test("take() refuses numbers that are not finite, with their place", () => {
  for (const form of [pixels, floats]) {
    for (const value of [NaN, Infinity, -Infinity, 1e39, -2e9]) {
      refuse(form, [0, 0, value, 0, 0, 0], "TypeError", RegExp(`number 2 is ${value}`.replace("+", "\\+")));
    }
    refuse(
      form,
      Float64Array.of(0, 0, 1e39, 0, 0, 0),
      "TypeError",
      /number 2 is 1e\+39: expected a number, -1e9/,
    );
  }
});

Deno.test("take() refuses bytes passed as numbers to a network of pixels, and says what to give", () => {
  // The notebook's encoder has an offset of −0.5: byte / 255 − 0.5.
  const message =
    /number 1 is 255: this network learned from pixels: give them as bytes, 0 to 255 \(a Uint8Array; over HTTP as "pixels"\), or as numbers from -0\.5 to 0\.5, byte \/ 255 − 0\.5$/;
  refuse(pixels, [0, 255, 0, 0, 0, 0], "TypeError", message);
  refuse(pixels, Float32Array.of(0, 255, 0, 0, 0, 0), "TypeError", message);
  refuse(pixels, [0, 0.9, 0, 0, 0, 0], "TypeError", /number 1 is 0\.9/); // 0 to 1, without the offset
  for (const byte of [0, 1, 127, 128, 254, 255]) {
    const number = Math.fround(byte / 255) - 0.5;
    assert.equal(pixels.take([number, 0, 0, 0, 0, 0]).features[0], Math.fround(number));
  }
  // A network that was not trained on pixels takes any number.
  assert.equal(floats.take([0, 255, 0, 0, 0, 0]).features[1], 255);
});

Deno.test("take() refuses bytes passed as numbers if a model of pictures does not record its training data", () => {
  const spec = notebookNetwork(), bytes = new Uint8Array(784).fill(200, 300, 400);
  const message =
    /^the sample: number 300 is (200|-56), and all are whole: bytes of pixels, 0 to 255, are given as/;
  const form = new SampleForm({ spec, metadata: {} });
  for (const numbers of [Array.from(bytes), Uint16Array.from(bytes), Int8Array.from(bytes)]) {
    refuse(form, numbers, "TypeError", message);
  }
  assert.equal(form.take(Float32Array.from(bytes, (byte) => byte / 90)).steps, 1); // fractions are no bytes
  for (const metadata of [{ bytes: "numbers" }, { weightsSha256: "…" }]) { // trained on floats
    assert.equal(new SampleForm({ spec, metadata }).take(Array.from(bytes)).features[300], 200);
  }
});

Deno.test("take() takes a picture as lists with the network's rows and columns", () => {
  const form = new SampleForm({ spec: notebookNetwork(), metadata: { bytes: "pixels" } });
  const table = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array<number>(columns).fill(0));
  assert.equal(form.take(table(28, 28)).features.length, 784);
  for (const [rows, columns] of [[14, 56], [1, 784], [56, 14]] as const) {
    const message = RegExp(
      `${rows} lists? of ${columns}: expected 28 rows of 28 columns, or 784 numbers in one list$`,
    );
    refuse(form, table(rows, columns), "TypeError", message);
    assert.throws(() => form.takeBytes(table(rows, columns)), { name: "TypeError", message });
    refuse(form, table(rows, columns).map((row) => Uint8Array.from(row)), "TypeError", message);
  }
  refuse(form, [table(28, 28)], "TypeError", /at more than two levels/);
});

Deno.test("take() takes a sequence as one list per step, whole or shorter", () => {
  const { features, steps } = sequences.take([[1, 2], [3, 4], [5, 6]]);
  assert.deepEqual([[...features], steps], [[1, 2, 3, 4, 5, 6], 3]);
  assert.equal(sequences.take(new Float32Array(8)).steps, 4);
  assert.equal(sequences.take(new Uint8Array(4)).steps, 2);
  assert.equal(sequences.bytes, "numbers");
  const takes = /expected 2 to 4 steps of 2 numbers, in one list or a list a step$/;
  for (const count of [0, 2, 3, 5, 10]) refuse(sequences, new Float32Array(count), "RangeError", takes);
  refuse(
    sequences,
    [[1, 2, 3, 4], [5, 6, 7, 8]],
    "RangeError",
    /^the sample: 2 lists of 4: expected 2 to 4 steps of 2 numbers, in one list or a list a step$/,
  );
});

const kernels = await loadKernels("plain");

Deno.test("classify() gives the same for pixels as bytes, as lists and as numbers", () => {
  const parameters = initialParameters(PICTURES, 0);
  const classifier = new Classifier({ spec: PICTURES, parameters, metadata: { bytes: "pixels" } }, {
    kernels,
  });
  const bytes = Uint8Array.of(0, 60, 120, 180, 240, 255), expected = classifier.classify(bytes, 7);
  const alike: SampleInput[] = [
    Uint8ClampedArray.from(bytes),
    Buffer.from(bytes),
    [bytes.subarray(0, 3), bytes.subarray(3)]
      .map((row) => [...row].map((byte) => Math.fround(byte / 255) - 0.5)).flat(),
  ];
  assert.deepEqual(classifier.classify(alike[0]!, 7), expected);
  assert.deepEqual(classifier.classify(alike[1]!, 7), expected);
  const numbers = classifier.classify(alike[2]!, 7);
  const rows: SampleInput = [[0, 60, 120], [180, 240, 255]].map((row) =>
    row.map((byte) => Math.fround(byte / 255) - 0.5)
  );
  assert.deepEqual(classifier.classify(rows, 7), numbers);
});

Deno.test("classify() gives shorter sequences the bits of an engine with their lengths", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(networkCases({ samples: 2 }), fc.nat(), async ({ spec, samples, parameters }, draw) => {
      const { isSequence, channels, size } = sampleFormOf(spec), least = spec.readout.begin + 1;
      if (!isSequence || least >= spec.steps) return;
      const steps = least + draw % (spec.steps - least);
      const features = samples.features.slice(0, size);
      const classifier = new Classifier({ spec, parameters, metadata: {} }, { kernels });
      const answer = classifier.classify(features.slice(0, steps * channels));
      const one = {
        ...samples,
        count: 1,
        features,
        bytes: classifier.bytes,
        steps: spec.steps,
        lengths: Uint32Array.of(steps),
      };
      using engine = createWasmEngine({ spec, kernels, threads: 0 });
      await engine.setParameters(parameters);
      const batch = { samples: one, indices: Uint32Array.of(0), stream: STREAM.classification, epoch: 0 };
      const { logits, predictions, spikes } = await engine.classify(batch);
      assert.deepEqual(answer, {
        label: predictions[0],
        name: String(predictions[0]),
        probabilities: softmax(logits.subarray(0, classesOf(spec))),
        spikes: spikes[0],
      });
      // A whole sequence again: shorter ones before it change nothing.
      const { lengths: _, ...whole } = one;
      const again = await engine.classify({ ...batch, samples: whole });
      assert.equal(classifier.classify(features).spikes, again.spikes[0]);
      compared++;
    }),
    { seed: 3, numRuns: 200 },
  );
  assert.ok(compared > 15, `${compared} sequences`);
});

Deno.test("classify() takes a sequence's bytes as numbers: spikes of 0 and 1 equal the same floats", () => {
  const spec = parseNetworkSpec({ ...layersOf(SEQUENCES), steps: 4 });
  const classifier = new Classifier({ spec, parameters: initialParameters(spec, 1), metadata: {} }, {
    kernels,
  });
  const bytes = Uint8Array.of(1, 0, 0, 1, 1, 1), { probabilities } = classifier.classify(bytes);
  assert.deepEqual(classifier.classify(Float32Array.from(bytes)).probabilities, probabilities);
  assert.deepEqual(classifier.classify([[1, 0], [0, 1], [1, 1]]).probabilities, probabilities);
});

Deno.test("take() takes a picture of several channels as one list, a list a channel, or channels of rows of columns", () => {
  const spec = convNetwork({ shape: [3, 28, 28] }), plane = 28 * 28;
  const form = new SampleForm({ spec, metadata: { bytes: "pixels" } });
  const numbers = Array.from({ length: 3 * plane }, (_, i) => i / (3 * plane));
  const planes = [0, 1, 2].map((channel) => numbers.slice(channel * plane, (channel + 1) * plane));
  const rows = planes.map((plane) =>
    Array.from({ length: 28 }, (_, row) => plane.slice(28 * row, 28 * row + 28))
  );
  for (
    const input of [
      numbers,
      Float32Array.from(numbers),
      planes,
      planes.map((p) => Float32Array.from(p)),
      rows,
    ]
  ) {
    const { features, steps } = form.take(input);
    assert.deepEqual([features, steps], [Float32Array.from(numbers), 1]);
  }
  const bytes = rows.map((plane) => plane.map((row) => row.map((value) => Math.floor(255 * value))));
  assert.deepEqual(form.takeBytes(bytes).features, Uint8Array.from(bytes.flat(2)));
  assert.equal(form.take(new Uint8Array(3 * plane)).features.length, 3 * plane);
  const whole = "2,352 numbers, 3 channels of 28 rows of 28 columns";
  refuse(
    form,
    new Uint8Array(plane),
    "RangeError",
    new RegExp(`^the sample: 784 numbers: expected ${whole}$`),
  );
  refuse(
    form,
    new Uint8ClampedArray(4 * plane),
    "RangeError",
    /as a canvas has them: give a channel after the other$/,
  );
  // Columns whose pixels have three numbers each would be read in the wrong order.
  const interleaved = Array.from({ length: 28 }, () => Array(84).fill(0));
  refuse(
    form,
    interleaved,
    "TypeError",
    /^the sample: 28 lists of 84: expected a list a channel, or 2,352 numbers, /,
  );
  const other =
    /^the sample: lists of other lengths: expected 3 lists of 28 rows of 28 columns, or 2,352 numbers, /;
  refuse(form, rows.slice(1), "TypeError", other);
  refuse(form, rows.with(1, rows[1]!.slice(1)), "TypeError", other);
  refuse(form, rows.with(1, rows[1]!.with(27, [1])), "TypeError", other);
  refuse(form, [[[[0]]]], "TypeError", other);
  // One channel may be given as such, too.
  const grey = new SampleForm({ spec: convNetwork(), metadata: { bytes: "pixels" } });
  for (const input of [rows.slice(0, 1), rows[0], planes[0]]) {
    assert.deepEqual(grey.take(input).features, Float32Array.from(planes[0]!));
  }
  refuse(grey, rows, "TypeError", /expected 1 list of 28 rows of 28 columns, or 784 numbers in one list$/);
});
