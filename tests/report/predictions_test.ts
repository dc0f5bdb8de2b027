import assert from "node:assert/strict";
import fc from "fast-check";
import {
  classesIn,
  confusionMatrix,
  figuresOfClasses,
  mistakesOf,
  predict,
  type Predictions,
  scoreOf,
  tellingSamples,
  wilsonInterval,
} from "../../src/report/predictions.ts";
import { logSoftmax } from "../../src/report/decision.ts";
import { pairPredictions } from "../../src/report/disagreement.ts";
import { evaluate } from "../../src/training/trainer.ts";
import { startEngine } from "../engine/batches.ts";
import { networkCases } from "../engine/network_cases.ts";

/** Made-up predictions. */
function madeUp(labels: number[], predicted: number[], confidence = labels.map(() => 0.5)): Predictions {
  return {
    names: ["0", "1", "2", "3", "4", "5", "6", "7"],
    labels: Uint8Array.from(labels),
    predicted: Uint8Array.from(predicted),
    confidence: Float32Array.from(confidence),
    loss: 1,
    spikes: new Int32Array(labels.length),
  };
}

const anyPredictions = fc.array(fc.tuple(fc.nat(5), fc.nat(7)), { minLength: 1, maxLength: 60 })
  .map((pairs) => madeUp(pairs.map(([label]) => label), pairs.map(([, predicted]) => predicted)));

Deno.test("predict() agrees with evaluate() for drawn networks and batch sizes", async () => {
  await fc.assert(
    fc.asyncProperty(
      networkCases({ samples: 7 }),
      fc.integer({ min: 1, max: 7 }),
      async (network, batchSize) => {
        const { spec, parameters, samples } = network;
        using engine = await startEngine({ spec, threads: 0, batchSize: 7 });
        await engine.setParameters(parameters);
        const expected = await evaluate(engine, samples, 7);
        const done: number[] = [];
        const predictions = await predict(engine, spec.loss, samples, batchSize, (n) => done.push(n));
        const found = scoreOf(predictions);
        assert.deepEqual([found.correct, found.total, found.accuracy], [
          expected.correct,
          7,
          expected.accuracy,
        ]);
        assert.ok(Math.abs(found.loss - expected.loss) <= 1e-5 * Math.max(1, expected.loss));
        assert.equal(done.at(-1), 7);
      },
    ),
    { seed: 2, numRuns: 25 },
  );
});

Deno.test("confusionMatrix() counts every sample once, and its sums are the classes' figures", () => {
  fc.assert(fc.property(anyPredictions, (predictions) => {
    const classes = classesIn(predictions), matrix = confusionMatrix(predictions, classes);
    assert.equal(matrix.flat().reduce((sum, count) => sum + count, 0), predictions.labels.length);
    const figures = figuresOfClasses(matrix, classes);
    for (const { label, total, correct, named } of figures) {
      assert.equal(total, predictions.labels.filter((each) => each === label).length);
      assert.equal(named, predictions.predicted.filter((each) => each === label).length);
      assert.equal(
        correct,
        predictions.labels.filter((each, i) => each === label && predictions.predicted[i] === label).length,
      );
    }
    assert.equal(scoreOf(predictions).correct, figures.reduce((sum, { correct }) => sum + correct, 0));
    assert.equal(scoreOf(predictions).correct + mistakesOf(predictions).length, predictions.labels.length);
  }));
});

Deno.test("mistakesOf() puts the most confident mistake first, and tellingSamples() selects by confidence", () => {
  const predictions = madeUp([0, 1, 2, 3, 4], [0, 2, 2, 1, 4], [0.6, 0.7, 0.9, 0.8, 0.3]);
  assert.deepEqual(mistakesOf(predictions), [3, 1]);
  assert.deepEqual(tellingSamples(predictions), [2, 4, 3]);
  assert.deepEqual(tellingSamples(madeUp([1], [1])), [0]);
});

Deno.test("logSoftmax() sums to 1 for logits of any size", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 1 }), (logits) => {
      const logs = logSoftmax(logits);
      assert.ok(Math.abs(logs.reduce((sum, log) => sum + Math.exp(log), 0) - 1) < 1e-9);
      assert.ok(logs.every((log) => log <= 1e-12 && Number.isFinite(log)));
    }),
  );
});

Deno.test("wilsonInterval() gives the intervals of the literature", () => {
  // Newcombe 1998, table I, method 3 (score without continuity correction).
  for (
    const [correct, total, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const
  ) {
    const [from, to] = wilsonInterval(correct, total);
    assert.ok(
      Math.abs(from - low) < 5.1e-5 && Math.abs(to - high) < 5.1e-5,
      `${correct}/${total}: ${from}, ${to}`,
    );
  }
  assert.deepEqual(wilsonInterval(0, 0), [0, 1]);
});

Deno.test("pairPredictions() sorts samples into four groups, and is symmetric in its arguments", () => {
  fc.assert(fc.property(anyPredictions, fc.infiniteStream(fc.nat(7)), (a, others) => {
    const b = madeUp([...a.labels], [...a.labels].map(() => others.next().value));
    const pairing = pairPredictions(a, b), turned = pairPredictions(b, a);
    const { both, neither, first, second } = pairing;
    assert.equal(both + neither + first.length + second.length, a.labels.length);
    assert.ok(Math.abs(pairing.difference - (scoreOf(b).accuracy - scoreOf(a).accuracy)) < 1e-12);
    assert.deepEqual([turned.first, turned.second], [second, first]);
    assert.ok(Math.abs(turned.interval[0] + pairing.interval[1]) < 1e-12);
  }));
  // Computed by hand, for 100 samples of which 10 and 4 have one-sided answers.
  const labels = new Array<number>(100).fill(0);
  const wrong = (from: number, to: number) => labels.map((_, i) => i >= from && i < to ? 1 : 0);
  const { difference, interval } = pairPredictions(
    madeUp(labels, wrong(0, 10)),
    madeUp(labels, wrong(10, 14)),
  );
  assert.ok(Math.abs(difference - 0.06) < 1e-12);
  const spread = 1.959964 * Math.sqrt(14 - 36 / 100) / 100;
  assert.ok(Math.abs(interval[0] - (0.06 - spread)) < 1e-9 && Math.abs(interval[1] - (0.06 + spread)) < 1e-9);
  assert.throws(() => pairPredictions(madeUp([1], [1]), madeUp([2], [1])), RangeError);
});
