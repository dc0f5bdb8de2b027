import assert from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, type Samples } from "../../src/data/samples.ts";
import { Classifier, loadClassifier, type SampleInput } from "../../src/classify/classifier.ts";
import { softmax } from "../../src/classify/softmax.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { encodeModel, type Model } from "../../src/network/model_file.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { classesOf } from "../../src/network/spec.ts";
import { contentId, drawKey, STREAM } from "../../src/random.ts";
import { assertClose } from "../asm/numbers.ts";
import { drawDigits } from "../engine/drawn_digits.ts";
import { networkCases } from "../engine/network_cases.ts";
import { encodeSample, runForward, widen } from "../engine/reference_network.ts";
import { COLOUR_MODEL, colourPicture, joined } from "../serve/served_model.ts";

const kernels = await loadKernels("plain");
const SPEC = notebookNetwork({ hidden: 30, steps: 12 });
const MODEL = { spec: SPEC, parameters: initialParameters(SPEC, 0), metadata: {} };
const DIGITS = drawDigits(3, 20);
const digit = (i: number) => DIGITS.features.subarray(784 * i, 784 * (i + 1));

Deno.test("Classifier agrees with the reference network on drawn networks", async () => {
  let compared = 0;
  await fc.assert(
    fc.property(networkCases({ samples: 1 }), ({ spec, samples, parameters }) => {
      // As in a run: the samples are bytes.
      const metadata: Record<string, string> = samples.features instanceof Uint8Array
        ? { bytes: bytesOf(samples) }
        : {};
      const classifier = new Classifier({ spec, parameters, metadata }, { kernels, seed: 5 });
      const { label, name, probabilities, spikes } = classifier.classify(samples.features);
      const key = drawKey(0, STREAM.classification, 0, contentId(samples.features, 5));
      const expected = runForward(spec, widen(parameters), encodeSample(spec, samples, 0, key), 0);
      if (expected.margin < 1e-4) return; // rounding may decide a spike
      assertClose(probabilities.map(Math.log), expected.logProbabilities, "log p", { absolute: 2e-4 });
      assert.equal(name, String(label)); // the model has no names
      assert.equal(probabilities[label], Math.max(...probabilities));
      assert.equal(spikes, expected.spikes);
      compared++;
    }),
    { seed: 2, numRuns: 60 },
  );
  assert.ok(compared > 40, `${compared} networks`);
});

/** The classifier's answers to twenty samples have the bits of an engine's. */
async function testBitsOfEngine(
  model: Model,
  samples: Samples,
  sampleAt: (i: number) => SampleInput,
): Promise<void> {
  const classifier = new Classifier(model, { kernels }), { spec } = model, classes = classesOf(spec);
  const answers = Array.from({ length: 20 }, (_, i) => classifier.classify(sampleAt(i), 0));
  const ids = Uint32Array.from(
    { length: 20 },
    (_, i) => contentId(classifier.form.take(sampleAt(i)).features, 0),
  );
  for (const threads of [0, 2]) {
    using engine = createWasmEngine({ spec, kernels, threads });
    await engine.setParameters(model.parameters);
    const { logits, predictions, spikes } = await engine.classify({
      samples: { ...samples, ids },
      indices: Uint32Array.from({ length: 20 }, (_, i) => i),
      stream: STREAM.classification,
      epoch: 0,
    });
    answers.forEach((answer, i) => {
      assert.deepEqual(answer, {
        label: predictions[i],
        name: model.classes?.[predictions[i]!] ?? String(predictions[i]),
        probabilities: softmax(logits.subarray(classes * i, classes * (i + 1))),
        spikes: spikes[i],
      });
    });
  }
  assert.ok(answers.some(({ spikes }) => spikes > 0));
}

Deno.test("Classifier gives the bits of an engine with the same ids, on any number of threads", () =>
  testBitsOfEngine(MODEL, DIGITS, digit));

Deno.test("Classifier gives the bits of an engine for a convolutional network, from bytes and from numbers", async () => {
  const features = joined(...Array.from({ length: 20 }, (_, i) => colourPicture(i)));
  const samples: Samples = { name: "colours", count: 20, size: 243, features, labels: new Uint8Array(20) };
  await testBitsOfEngine(COLOUR_MODEL, samples, colourPicture);
  const floats = Float32Array.from(features, (pixel) => Math.fround(pixel / 255));
  await testBitsOfEngine(
    COLOUR_MODEL,
    { ...samples, features: floats },
    (i) => floats.subarray(243 * i, 243 * (i + 1)),
  );
  const { label, name } = new Classifier(COLOUR_MODEL, { kernels }).classify(colourPicture(0));
  assert.equal(name, COLOUR_MODEL.classes?.[label]);
});

Deno.test("classify() depends on the sample and the seed, not on earlier calls", () => {
  const classifier = new Classifier(MODEL, { kernels });
  const alone = Array.from({ length: 5 }, (_, i) => classifier.classify(digit(i)));
  for (const i of [4, 0, 3, 3, 1]) assert.deepEqual(classifier.classify(digit(i).slice()), alone[i]);
  const seeded = [1, 2 ** 32, 2 ** 53 - 1].map((seed) => classifier.classify(digit(0), seed));
  assert.equal(new Set([alone[0], ...seeded].map((answer) => JSON.stringify(answer))).size, 4);
  assert.deepEqual(new Classifier(MODEL, { kernels, seed: 2 ** 32 }).classify(digit(0)), seeded[1]);
});

Deno.test("loadClassifier() takes seed and precision from the model file by default", () => {
  const metadata = { seed: "7", precision: "i16" };
  const bytes = encodeModel({ ...MODEL, metadata });
  const answer = loadClassifier(bytes.buffer, { kernels }).classify(digit(1));
  assert.deepEqual(new Classifier(MODEL, { kernels, seed: 7, precision: "i16" }).classify(digit(1)), answer);
  assert.notDeepEqual(loadClassifier(bytes, { kernels, precision: "f32" }).classify(digit(1)), answer);
  assert.notDeepEqual(loadClassifier(bytes, { kernels, seed: 0 }).classify(digit(1)), answer);
  assert.throws(() => loadClassifier(bytes.slice(0, 100), { kernels }, "a.safetensors"), {
    name: "InputError",
    message: /^a\.safetensors: /,
  });
});

Deno.test("classify() refuses a sample of another size and stays usable", () => {
  const classifier = new Classifier(MODEL, { kernels });
  const before = classifier.classify(digit(0));
  for (const size of [0, 783, 785]) {
    assert.throws(() => classifier.classify(new Uint8Array(size)), {
      name: "RangeError",
      message: `the sample: ${size} numbers: expected 784 numbers`,
    });
  }
  assert.deepEqual(classifier.classify(digit(0)), before);
});

Deno.test("contentId() depends on every byte, every bit of a number, their order and the seed", () => {
  const ids = new Set<number>();
  for (let i = 0; i < 50; i++) {
    const bytes = new Uint8Array(50), floats = new Float32Array(50);
    bytes[i] = 2;
    floats[i] = 2 ** -149;
    for (const seed of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
      ids.add(contentId(bytes, seed));
      ids.add(contentId(floats, seed));
    }
  }
  assert.equal(ids.size, 400);
  assert.ok([...ids].every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 32));
  const padded = Float32Array.of(9, 1, 2, 3);
  assert.equal(contentId(padded.subarray(1), 0), contentId(Float32Array.of(1, 2, 3), 0));
});
