import assert from "node:assert/strict";
import fc from "fast-check";
import { classesOf } from "../../src/network/spec.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { drawKey, STREAM } from "../../src/random.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchesOf, batchOf, startEngine } from "./batches.ts";
import { answered } from "./deadline.ts";
import { drawSamples, networkCases } from "./network_cases.ts";
import { encodeSample, runForward, widen } from "./reference_network.ts";

const SPEC = notebookNetwork({
  inputs: 29,
  hidden: 19,
  classes: 7,
  steps: 22,
  threshold: 0.5,
  penalty: 0.75,
});
const SAMPLES = drawSamples(SPEC, 1, 131, false);

Deno.test("classify() agrees with the reference network on logits, classes and spikes", async () => {
  let answers = 0, fired = 0;
  await fc.assert(
    fc.asyncProperty(networkCases({ samples: 3 }), async ({ spec, samples, parameters }) => {
      using engine = await startEngine({ spec, threads: 0, seed: 3 });
      await engine.setParameters(parameters);
      const { logits, predictions, spikes } = await engine.classify(batchOf(samples));
      const classes = classesOf(spec), wide = widen(parameters);
      assert.deepEqual([logits.length, predictions.length, spikes.length], [3 * classes, 3, 3]);
      for (let sample = 0; sample < 3; sample++) {
        const x = encodeSample(spec, samples, sample, drawKey(3, STREAM.training, 1, sample));
        const expected = runForward(spec, wide, x, 0);
        if (expected.margin < 1e-4) continue; // rounding may decide a spike
        const found = logits.subarray(sample * classes, (sample + 1) * classes);
        assertClose(found, expected.logits, "logits", { relative: 1e-4, absolute: 1e-4 });
        assert.equal(found[predictions[sample]!], Math.max(...found));
        assert.equal(spikes[sample], expected.spikes);
        answers++;
        if (expected.spikes > 0) fired++;
      }
    }),
    { seed: 1, numRuns: 60 },
  );
  assert.ok(answers > 120 && fired > 60, `${answers} answers, ${fired} samples that made units fire`);
});

Deno.test("classify() gives the same bits on 0, 1, 2 and 3 threads and at any batch size", async () => {
  for (const spec of [SPEC, feedForwardNetwork({ inputs: 29, hidden: 19, classes: 7 })]) {
    const outcomes = [];
    for (const [threads, batchSize] of [[0, 131], [1, 131], [2, 17], [3, 131], [3, 1]] as const) {
      using engine = await startEngine({ spec, threads, batchSize });
      const order = Array.from({ length: 131 }, (_, i) => 130 - i);
      const batches = Array.from(
        { length: Math.ceil(131 / batchSize) },
        (_, i) => batchOf(SAMPLES, order.slice(i * batchSize, (i + 1) * batchSize)),
      );
      const answers = await answered(Promise.all(batches.map((batch) => engine.classify(batch))), 20);
      outcomes.push({
        logits: answers.flatMap(({ logits }) => [...logits]),
        predictions: answers.flatMap(({ predictions }) => [...predictions]),
        spikes: answers.flatMap(({ spikes }) => [...spikes]),
      });
    }
    assert.ok(new Set(outcomes[0]!.predictions).size > 1);
    for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  }
});

Deno.test("classify() agrees with the sums of evaluate() and with the trace() of a sample", async () => {
  using engine = await startEngine({ spec: SPEC, threads: 2, recordStates: true });
  const batch = batchOf(SAMPLES);
  const { logits, predictions, spikes } = await engine.classify(batch);
  const sum = await engine.evaluate(batch);
  assert.equal(spikes.reduce((a, b) => a + b), sum.spikes);
  assert.equal(predictions.filter((prediction, i) => prediction === SAMPLES.labels[i]).length, sum.correct);
  for (const sample of [0, 64, 130]) {
    const trace = await engine.trace(batchOf(SAMPLES, [sample]));
    assert.deepEqual(logits.slice(7 * sample, 7 * (sample + 1)), trace.logits);
  }
});

Deno.test("classify() returns copies that later calls do not change, in the order of the calls", async () => {
  using engine = await startEngine({ spec: SPEC, threads: 2, batchSize: 50 });
  const batches = batchesOf(SAMPLES, 50);
  const expected = [];
  for (const batch of batches) expected.push(await engine.classify(batch));
  const step = { learningRate: 0.1, momentum: 0.5 };
  const calls = batches.flatMap((batch) => [engine.classify(batch), engine.evaluate(batch)]);
  const trained = engine.train(batches[0]!, step);
  const after = engine.classify(batches[0]!);
  const answers = await answered(Promise.all(calls));
  assert.deepEqual(answers.filter((_, i) => i % 2 === 0), expected);
  await trained;
  assert.notDeepEqual((await after).logits, expected[0]!.logits, "of the weights that have moved");
});

Deno.test("a sample's draws depend on its id where it has one, not on its index", async () => {
  for (const threads of [0, 2]) {
    using engine = await startEngine({ spec: SPEC, threads });
    const plain = await engine.classify(batchOf(SAMPLES, [5, 130]));
    const features = new Float32Array(
      [5, 130, 5].flatMap((i) => [...SAMPLES.features.subarray(29 * i, 29 * i + 29)]),
    );
    const moved = {
      ...SAMPLES,
      name: "moved",
      count: 3,
      features,
      ids: Uint32Array.of(5, 130, 2 ** 32 - 1),
    };
    const found = await engine.classify(batchOf(moved));
    assert.deepEqual(found.logits.slice(0, 14), plain.logits);
    assert.notDeepEqual(found.logits.slice(14), plain.logits.slice(0, 7), "other noise");
    await assert.rejects(
      engine.classify(batchOf({ ...moved, ids: new Uint32Array(2) })),
      { name: "RangeError", message: /moved: 2 ids, too few for 3 samples/ },
    );
  }
});
