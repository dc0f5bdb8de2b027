import assert from "node:assert/strict";
import fc from "fast-check";
import type { Samples } from "../../src/data/samples.ts";
import type { Batch, Engine, EngineState } from "../../src/engine/engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { integrator, layer, lif, network } from "../../src/network/builder.ts";
import type { EpochReport } from "../../src/training/training_state.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { shuffledOrder, STREAM } from "../../src/random.ts";
import { measure } from "../../src/training/evaluation.ts";
import { splitSamples } from "../../src/training/split.ts";
import {
  batchesOf,
  type BatchReport,
  evaluate,
  sumScores,
  train,
  type TrainingOptions,
} from "../../src/training/trainer.ts";

const spec = notebookNetwork({ inputs: 9, hidden: 6, classes: 3, steps: 7, threshold: 0.2, penalty: 0.4 });
const kernels = await loadKernels();
const step = { learningRate: 0.1, momentum: 0.5 };

/** Samples of three classes, each with three bright pixels. */
function samplesOf(count: number): Samples {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const features = Uint8Array.from(
    { length: count * 9 },
    (_, i) => (i * 31) % 90 + (Math.floor((i % 9) / 3) === Math.floor(i / 9) % 3 ? 160 : 0),
  );
  return { name: "bars", count, size: 9, features, labels };
}

/** An engine on this thread, with its first weights, that records its batches. */
async function openEngine(seed = 0): Promise<{ engine: Engine & Disposable; batches: Batch[] }> {
  const engine = createWasmEngine({ spec, kernels, threads: 0, seed });
  await engine.setParameters(initialParameters(spec, seed));
  const batches: Batch[] = [];
  const trainBatch = engine.train.bind(engine);
  engine.train = (batch, how) => {
    batches.push(batch);
    return trainBatch(batch, how);
  };
  return { engine, batches };
}

/** Trains a network. @returns Its results and state. */
async function trained(options: Partial<TrainingOptions> = {}) {
  const { engine, batches } = await openEngine(options.seed);
  using _closed = engine;
  const reports: BatchReport[] = [];
  const result = await train(engine, {
    samples: samplesOf(25),
    epochs: 2,
    batchSize: 10,
    step,
    seed: 0,
    onBatch: (report) => reports.push(report),
    ...options,
  });
  return { result, reports, batches, parameters: await engine.getParameters() };
}

/** The sample indices of an epoch, in order. */
function presented(batches: readonly Batch[], epoch: number): number[] {
  return batches.filter((batch) => batch.epoch === epoch).flatMap(({ indices }) => [...indices]);
}

const ascending = (a: number, b: number) => a - b;

Deno.test("sumScores() weights batches by their samples", () => {
  const score = sumScores([
    { loss: 3, correct: 1, total: 2, spikes: 9 },
    { loss: 1, correct: 6, total: 6, spikes: 0 },
  ]);
  assert.deepEqual(score, { loss: 0.5, accuracy: 7 / 8, correct: 7, total: 8 });
});

Deno.test("batchesOf() cuts an order into whole batches and a remainder", () => {
  fc.assert(fc.property(fc.nat(300), fc.integer({ min: 1, max: 80 }), (count, batchSize) => {
    const order = shuffledOrder(count, 1, 1);
    const batches = batchesOf(order, batchSize);
    assert.deepEqual(batches.flatMap((batch) => [...batch]), [...order]);
    batches.forEach(({ length }, i) =>
      assert.ok(i < batches.length - 1 ? length === batchSize : length > 0 && length <= batchSize)
    );
  }));
});

Deno.test("train() presents each sample once per epoch, in another order each time", async () => {
  const { batches } = await trained({ epochs: 3 });
  assert.deepEqual(batches.map(({ indices }) => indices.length), [10, 10, 5, 10, 10, 5, 10, 10, 5]);
  const orders = [1, 2, 3].map((epoch) => presented(batches, epoch));
  for (const order of orders) {
    assert.deepEqual(order.toSorted(ascending), Array.from({ length: 25 }, (_, i) => i));
  }
  assert.equal(new Set(orders.map(String)).size, 3);
  assert.ok(batches.every(({ stream }) => stream === STREAM.training));
});

Deno.test("train() with a limit trains on the first of the shuffled samples, the same ones in each epoch", async () => {
  const { batches, result } = await trained({ limit: 12, seed: 4 });
  const chosen = [...shuffledOrder(25, 4, 0).slice(0, 12)].sort(ascending);
  for (const epoch of [1, 2]) assert.deepEqual(presented(batches, epoch).toSorted(ascending), chosen);
  assert.equal(result.samples, 12);
  assert.equal(result.score.total, 12);
});

Deno.test("train() with a limit of all samples or more is train() without", async () => {
  const whole = await trained();
  for (const limit of [25, 26, 1_000_000]) {
    assert.deepEqual((await trained({ limit })).parameters, whole.parameters);
  }
});

Deno.test("train() reports each batch, and scores the last epoch", async () => {
  const { reports, result } = await trained({});
  assert.deepEqual(
    reports.map(({ epoch, batch, batches, done, total }) => [epoch, batch, batches, done, total]),
    [[1, 1, 3, 10, 50], [1, 2, 3, 20, 50], [1, 3, 3, 25, 50], [2, 1, 3, 35, 50], [2, 2, 3, 45, 50], [
      2,
      3,
      3,
      50,
      50,
    ]],
  );
  const last = reports.filter(({ epoch }) => epoch === 2).map(({ score }) => score);
  assert.equal(result.score.correct, last.reduce((sum, { correct }) => sum + correct, 0));
  const loss = last.reduce((sum, each) => sum + each.loss * each.total, 0) / 25;
  assert.ok(Math.abs(result.score.loss - loss) < 1e-12);
  for (const { firingRate } of reports) assert.ok(firingRate > 0 && firingRate < 1);
});

Deno.test("train() with ema validates the average and ends with it, and moves weights as without", async () => {
  const samples = samplesOf(40), seed = 3, validation = 0.4;
  const statesOf = async (ema: number) => {
    const { engine } = await openEngine(seed);
    using closed = engine;
    const states: EngineState[] = [], epochs: EpochReport[] = [];
    await train(closed, {
      ...{ samples, seed, validation, step: { ...step, ema }, epochs: 3, batchSize: 10 },
      onEpoch: (report) => epochs.push(report),
      checkpoints: { due: () => false, keep: ({ state }) => Promise.resolve(void states.push(state)) },
    });
    return { states, epochs, parameters: await engine.getParameters() };
  };
  const averaged = await statesOf(0.9), plain = await statesOf(0);
  assert.deepEqual(averaged.states.map(({ average: _, ...state }) => state), plain.states);
  assert.deepEqual(averaged.parameters, averaged.states.at(-1)?.average);
  assert.deepEqual(plain.parameters, plain.states.at(-1)?.parameters);
  const { validation: indices } = splitSamples(samples.count, { seed, validation });
  const { engine } = await openEngine(seed);
  using other = engine;
  for (const [i, { average }] of averaged.states.entries()) {
    await other.setParameters(average!);
    const measured = await measure(other, { samples, indices, stream: STREAM.validation });
    assert.deepEqual(averaged.epochs[i]?.validation, measured);
    assert.notDeepEqual(plain.epochs[i]?.validation, measured);
  }
});

Deno.test("train() validates on all validation samples, in batches of the engine's size", async () => {
  using engine = createWasmEngine({ spec, kernels, threads: 0, batchSize: 4 });
  const epochs: EpochReport[] = [];
  const { validation } = await train(engine, {
    samples: samplesOf(25),
    epochs: 2,
    batchSize: 4,
    step,
    seed: 0,
    validation: 0.6,
    onEpoch: (report) => epochs.push(report),
  });
  assert.equal(validation!.total, 15);
  assert.deepEqual(epochs.map(({ validation }) => validation!.total), [15, 15]);
  assert.equal((await evaluate(engine, samplesOf(25))).total, 25);
});

Deno.test("train() reports the firing rate of each batch and epoch, by the steps of each sequence", async () => {
  const sequences = network({
    inputs: 1,
    steps: 20,
    layers: [layer(3, lif({ decay: 0, threshold: 1 })), layer(2, integrator())],
  });
  // Of three hidden units, one spikes at every step, one never, one only at the first: (12 + 1 + 5 + 1) / (3·17).
  const samples: Samples = {
    name: "sequences",
    count: 2,
    size: 20,
    features: Float32Array.from({ length: 40 }, (_, i) => i % 20 === 0 ? 1 : 0),
    lengths: Uint16Array.of(12, 5),
    labels: Uint8Array.of(0, 1),
  };
  using engine = createWasmEngine({ spec: sequences, kernels, threads: 0 });
  await engine.setParameters(
    new Map([
      ["fc1.weight", Float32Array.of(0, 0, 5)],
      ["fc1.bias", Float32Array.of(9, -9, 0)],
      ["fc2.weight", new Float32Array(6)],
      ["fc2.bias", new Float32Array(2)],
    ]),
  );
  const rates: number[] = [];
  const onBatch = ({ firingRate }: BatchReport) => rates.push(firingRate);
  const onEpoch = ({ firingRate }: EpochReport) => rates.push(firingRate);
  const still = { learningRate: 0, momentum: 0 };
  await train(engine, { samples, epochs: 1, batchSize: 2, step: still, seed: 0, onBatch, onEpoch });
  assert.deepEqual(rates, [19 / 51, 19 / 51]);
});

Deno.test("train() is a pure function of its options", async () => {
  const first = await trained(), again = await trained();
  assert.deepEqual(again.parameters, first.parameters);
  assert.deepEqual(again.result.score, first.result.score);
  assert.notDeepEqual((await trained({ seed: 1 })).parameters, first.parameters);
});

Deno.test("train() augments its batches, evaluate() does not", async () => {
  const { engine, batches } = await openEngine();
  using _closed = engine;
  const evaluated: Batch[] = [];
  const evaluateBatch = engine.evaluate.bind(engine);
  engine.evaluate = (batch) => {
    evaluated.push(batch);
    return evaluateBatch(batch);
  };
  const samples = { ...samplesOf(25), picture: { rows: 3, columns: 3 } };
  const augmentation = { shift: 1 };
  await train(engine, { samples, epochs: 1, batchSize: 10, step, seed: 0, augmentation });
  await evaluate(engine, samples, 10);
  assert.ok(batches.length === 3 && batches.every((batch) => batch.augmentation === augmentation));
  assert.ok(evaluated.length === 3 && evaluated.every((batch) => batch.augmentation === undefined));
});

Deno.test("train() learns three bars", async () => {
  const { reports } = await trained({ epochs: 60 });
  const { score } = reports[reports.length - 2]!;
  assert.ok(score.accuracy >= 0.9, `${score.accuracy}`);
});

Deno.test("train() and evaluate() reject after the engine is closed", async () => {
  const { engine } = await openEngine();
  engine.close();
  const samples = samplesOf(25);
  await assert.rejects(
    train(engine, { samples, epochs: 1, batchSize: 10, step, seed: 0 }),
    { name: "EngineError" },
  );
  await assert.rejects(evaluate(engine, samples, 10), { name: "EngineError" });
});

Deno.test("evaluate() gives each sample the same noise at any batch size, and changes no weight", async () => {
  const { engine } = await openEngine();
  using _closed = engine;
  const samples = samplesOf(25);
  const before = await engine.getParameters();
  const whole = await evaluate(engine, samples, 25);
  for (const batchSize of [1, 7, 1000]) {
    const done: number[] = [];
    const score = await evaluate(engine, samples, batchSize, (count) => done.push(count));
    assert.equal(score.correct, whole.correct);
    assert.ok(Math.abs(score.loss - whole.loss) < 1e-12);
    assert.equal(done.length, Math.ceil(25 / batchSize));
    assert.equal(done.at(-1), 25);
  }
  assert.deepEqual(await engine.getParameters(), before);
});
