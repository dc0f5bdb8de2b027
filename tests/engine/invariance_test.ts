import assert from "node:assert/strict";
import { compilePlan } from "../../src/engine/plan/compile.ts";
import { Core } from "../../src/engine/wasm/core.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import type { Batch, BatchResult, Engine } from "../../src/engine/engine.ts";
import { shardRange } from "../../src/engine/wasm/engine_worker.ts";
import { toLayout } from "../../src/engine/wasm/layout.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { drawKey, STREAM } from "../../src/random.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchesOf, batchOf, bitsOf, startEngine } from "./batches.ts";
import { drawDigits } from "./drawn_digits.ts";
import { drawSamples, SMALL, withLengths } from "./network_cases.ts";
import { encodeSample, runForward, widen } from "./reference_network.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };

/** 300 samples: batches of 96 are cut into 6 shards, the last one of 12 into one. */
const SAMPLES = drawSamples(SMALL, 1, 300, false);

/** Trains for an epoch and evaluates. @returns Everything that threads or shards could change. */
async function outcomeOf(engine: Engine, batches: readonly Batch[]) {
  const results: BatchResult[] = [];
  for (const batch of batches) results.push(await engine.train(batch, STEP));
  const evaluated = await engine.evaluate({ ...batches[0]!, stream: STREAM.evaluation });
  return {
    results,
    evaluated,
    parameters: bitsOf(await engine.getParameters()),
    velocity: bitsOf((await engine.getState()).moments.get("velocity")!),
  };
}

Deno.test("train() and evaluate() give the same bits on 0, 1, 2, 3 and 4 threads", async () => {
  for (const spec of [SMALL, feedForwardNetwork({ inputs: 29, hidden: 19, classes: 4 })]) {
    const outcomes = [];
    for (const threads of [0, 1, 2, 3, 4]) {
      using engine = await startEngine({ spec, threads, batchSize: 96 });
      outcomes.push(await outcomeOf(engine, batchesOf(SAMPLES, 96)));
    }
    assert.ok(outcomes[0]!.results[0]!.spikes > 0);
    for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  }
});

Deno.test("train() gives the same bits of drawn networks and of unequal sequences on 0 to 3 threads", async () => {
  const sequences = (spec: NetworkSpec) => withLengths(drawSamples(spec, 3, 40, false), spec, 4);
  const inputs = 17, steps = 9, direct = { kind: "direct" } as const;
  const specs = [
    network({
      ...{ inputs, steps, encoder: direct },
      layers: [
        layer(13, lif({ threshold: 0.5, trainable: ["decay", "threshold"] }), { recurrent: true, delay: 1 }),
        layer(9, lif({ threshold: 0.25, adaptation: 0.2, adaptationDecay: 0.8 })),
        layer(4, integrator({ trainable: ["decay"] })),
      ],
      loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 1 } },
    }),
    network({
      ...{ inputs, steps, encoder: direct },
      layers: [
        layer(13, lif({ threshold: 0.2, spikes: "many", start: 0.1, trainable: ["threshold", "start"] }), {
          recurrent: true,
        }),
        layer(9, lif({ threshold: 0.25, reset: "zeroLate", spikes: "many" })),
        layer(8, lif({ threshold: 0.25, reset: "subtractLate" })),
        layer(4, integrator({ trainable: ["decay", "start"] })),
      ],
      loss: { kind: "crossEntropy", rate: { target: 0.1, weight: 1 } },
    }),
    network({
      ...{ inputs, steps, encoder: direct },
      layers: [
        layer(13, graded({ threshold: 0.25, penalty: 0.5, trainable: ["scale"] }), { recurrent: true }),
        layer(4, graded({ threshold: 0.25, penalty: 0.5 })),
      ],
      readout: { from: "spikes", reduce: "max" },
      loss: { kind: "meanSquaredError" },
    }),
  ];
  for (const spec of specs) {
    const samples = sequences(spec), outcomes = [];
    for (const threads of [0, 1, 2, 3]) {
      using engine = await startEngine({ spec, threads, batchSize: 40 });
      outcomes.push(await outcomeOf(engine, [...batchesOf(samples, 40, 1), ...batchesOf(samples, 40, 2)]));
    }
    assert.ok(outcomes[0]!.results[0]!.spikes > 0);
    for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
  }
});

Deno.test("evaluate() of sequences of unequal lengths sums the loss of each one alone", async () => {
  const spec = network({
    ...{ inputs: 5, steps: 12, encoder: { kind: "direct" } },
    layers: [layer(11, lif({ threshold: 0.25 }), { recurrent: true }), layer(3, integrator())],
    readout: { begin: 2 },
  });
  const whole = drawSamples(spec, 8, 20, false), cut = withLengths(whole, spec, 1);
  using engine = await startEngine({ spec, threads: 0, batchSize: 20 });
  const { loss } = await engine.evaluate(batchOf(cut));
  let sum = 0;
  for (let i = 0; i < cut.count; i++) {
    // The sample alone, in a network of exactly its number of steps.
    const steps = cut.lengths![i]!, size = 5 * steps;
    using other = await startEngine({ spec: { ...spec, steps }, threads: 0, batchSize: 1 });
    const features = whole.features.slice(i * whole.size, i * whole.size + size);
    const alone = { ...whole, count: 1, size, features, labels: whole.labels.slice(i, i + 1) };
    sum += (await other.evaluate(batchOf(alone))).loss;
  }
  assert.equal(loss, sum);
  assert.ok(new Set(cut.lengths).size > 5);
});

Deno.test("train() gives the same bits on more threads than shards", async () => {
  const outcomes = [];
  for (const threads of [1, 3]) {
    using engine = await startEngine({ spec: SMALL, threads, batchSize: 8 });
    outcomes.push(await outcomeOf(engine, batchesOf(SAMPLES, 8).slice(0, 5)));
  }
  assert.deepEqual(outcomes[1], outcomes[0]);
});

Deno.test("train() gives the same gradient, but for rounding, with any number of shards", async () => {
  const gradients = [];
  for (const shards of [1, 2, 7, 32]) {
    using engine = await startEngine({ spec: SMALL, threads: 0, shards });
    await engine.train(batchOf(SAMPLES), STEP);
    gradients.push((await engine.getState()).moments.get("velocity")!);
  }
  for (const gradient of gradients) {
    for (const [name, tensor] of gradient) {
      assertClose(tensor, gradients[0]!.get(name)!, name, { absolute: 1e-6 });
    }
  }
});

Deno.test("shardRange() gives each sample to one shard, and the last shards half and a quarter as many", () => {
  for (const count of [1, 2, 15, 16, 17, 96, 1000]) {
    for (const shards of [1, 2, 3, 6, 32]) {
      const ranges = Array.from({ length: shards }, (_, shard) => shardRange(count, shards, shard));
      assert.equal(ranges[0]![0], 0);
      assert.equal(ranges[shards - 1]![1], count);
      ranges.slice(1).forEach(([from], shard) => assert.equal(from, ranges[shard]![1]));
      // Sizes: half of the shards 4, the next quarter 2, the last quarter 1, rounded to whole samples.
      const weights: number[] = ranges.map((_, shard) =>
        shard < Math.floor(shards / 2) ? 4 : shard < Math.floor(shards * 3 / 4) ? 2 : 1
      );
      const unit = count / weights.reduce((sum, weight) => sum + weight, 0);
      ranges.forEach(([from, to], shard) => assert.ok(Math.abs(to - from - weights[shard]! * unit) < 1));
    }
  }
});

const DIGITS = drawDigits(2, 96);

Deno.test("train() gives the same bits with and without skip at the notebook's size", async () => {
  const spec = notebookNetwork({ steps: 32 });
  const outcomes = [];
  for (const skip of [true, false]) {
    using engine = await startEngine({ spec, threads: 2, batchSize: 32, skip });
    outcomes.push(await outcomeOf(engine, [...batchesOf(DIGITS, 32, 1), ...batchesOf(DIGITS, 32, 2)]));
  }
  assert.ok(outcomes[0]!.results.every(({ spikes }) => spikes > 0));
  assert.deepEqual(outcomes[1], outcomes[0]);
});

/** A core of the notebook's network, and a function that returns the hidden units computed for a sample. */
async function coreOf(skipBound: number, skip = true) {
  const spec = notebookNetwork({ steps: 32 });
  const core = new Core(await loadKernels(), {
    plan: compilePlan(spec, { skip }),
    seed: 0,
    shards: 1,
    skipBound,
  });
  core.parameters.set(toLayout(core.memory.layout, initialParameters(spec, 0)));
  core.prepare();
  const unitsOf = (sample: number) => {
    core.load(DIGITS, sample, STREAM.training, 1);
    core.forward();
    return [...new Int32Array(core.parameters.buffer, core.memory.populations[0]!.unit, core.computed[0]!)];
  };
  return { core, unitsOf, spec };
}

Deno.test("a core leaves out many units with the engine's bound, but none that spikes", async () => {
  const { unitsOf, spec } = await coreOf(8);
  const parameters = widen(initialParameters(spec, 0));
  let listed = 0, fired = 0;
  for (let sample = 0; sample < 12; sample++) {
    const units = unitsOf(sample);
    assert.deepEqual(units, units.toSorted((a, b) => a - b));
    const x = encodeSample(spec, DIGITS, sample, drawKey(0, STREAM.training, 1, sample));
    const { outputs } = runForward(spec, parameters, x, 0);
    const firing = [...new Set(outputs[0]!.flatMap((o) => [...o.keys()].filter((n) => o[n]! > 0)))];
    assert.deepEqual(firing.filter((n) => !units.includes(n)), [], `left out of sample ${sample}`);
    listed += units.length;
    fired += firing.length;
  }
  assert.ok(fired > 0 && listed < 12 * 80, `${listed} of 1,200 units were listed, ${fired} fired`);
});

Deno.test("a core with a bound of 0 misses spikes that one with the engine's bound finds", async () => {
  const spikes = async (bound: number, skip = true) => {
    const { core, unitsOf } = await coreOf(bound, skip);
    return Array.from({ length: 24 }, (_, sample) => {
      unitsOf(sample);
      return core.spikes();
    });
  };
  const all = await spikes(8, false);
  assert.deepEqual(await spikes(8), all);
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b);
  assert.ok(sum(await spikes(0)) < sum(all));
});

Deno.test("a core leaves out the same units after any other sample", async () => {
  const { unitsOf } = await coreOf(8);
  const alone = Array.from({ length: 6 }, (_, sample) => unitsOf(sample));
  for (const sample of [5, 0, 3, 3, 1, 4, 2]) assert.deepEqual(unitsOf(sample), alone[sample]);
  assert.ok(alone.some((units) => units.length !== alone[0]!.length), "the lists differ in length");
});

Deno.test("evaluate() gives the same with and without skip where only rounding decides", async () => {
  // A sample of zeros has no noise: u' climbs to b·(1 + d + d² + …), which skip sums in another order than the scan.
  const spec = notebookNetwork({ inputs: 4, hidden: 64, classes: 2, decay: 0.3 });
  const samples = { ...drawSamples(spec, 0, 1, false), features: new Float32Array(4) };
  const limit = 1.4000002145767212; // the bias whose potential ends just above θ = 2
  const parameters = new Map(initialParameters(spec, 0))
    .set("fc1.bias", Float32Array.from({ length: 64 }, (_, n) => limit + (n - 32) * 2 ** -23));
  const spikes = [];
  for (const skip of [true, false]) {
    using engine = await startEngine({ spec, threads: 0, skip });
    await engine.setParameters(parameters);
    spikes.push((await engine.evaluate(batchOf(samples))).spikes);
  }
  assert.equal(spikes[0], spikes[1], "spikes with and without skip");
});

Deno.test("a sample's noise depends on its index, epoch and stream, not on its place in a batch", async () => {
  using engine = await startEngine({ spec: SMALL, threads: 0 });
  const lossOf = async (index: number, epoch = 1) =>
    (await engine.evaluate(batchOf(SAMPLES, [index], epoch))).loss;
  const losses: number[] = [];
  for (let index = 0; index < 20; index++) losses.push(await lossOf(index));
  for (const order of [[7, 3, 19], [19, 3, 7], [3, 3, 3]]) {
    const { loss } = await engine.evaluate(batchOf(SAMPLES, order));
    assert.equal(loss, order.reduce((sum, index) => sum + losses[index]!, 0));
  }
  assert.notEqual(await lossOf(7, 2), losses[7]);
  const evaluation = await engine.evaluate({ ...batchOf(SAMPLES, [7]), stream: STREAM.evaluation });
  assert.notEqual(evaluation.loss, losses[7]);
});

Deno.test("engines with different seeds present different noise", async () => {
  const losses = [];
  for (const seed of [0, 1, 2 ** 32]) {
    using engine = await startEngine({ spec: SMALL, threads: 0, seed });
    losses.push((await engine.evaluate(batchOf(SAMPLES))).loss);
  }
  assert.equal(new Set(losses).size, 3);
});

Deno.test("evaluate() gives the same sums at any batch size, on any number of threads", async () => {
  using whole = await startEngine({ spec: SMALL, threads: 0 });
  const expected = await whole.evaluate(batchOf(SAMPLES));
  assert.equal(expected.total, 300);
  for (const [threads, size] of [[0, 1], [0, 7], [2, 7], [2, 64], [3, 299]] as const) {
    using engine = await startEngine({ spec: SMALL, threads, batchSize: size });
    const sum = { loss: 0, correct: 0, total: 0, spikes: 0, unitSpikes: [new Uint32Array(19)] };
    for (let from = 0; from < 300; from += size) {
      const indices = Array.from({ length: Math.min(size, 300 - from) }, (_, i) => from + i);
      const { loss, correct, total, spikes, unitSpikes } = await engine.evaluate(batchOf(SAMPLES, indices));
      sum.loss += loss;
      sum.correct += correct;
      sum.total += total;
      sum.spikes += spikes;
      unitSpikes![0]!.forEach((count, unit) => sum.unitSpikes[0]![unit]! += count);
    }
    assertClose([sum.loss], [expected.loss], "loss", { relative: 1e-13, absolute: 0 });
    assert.deepEqual({ ...sum, loss: 0 }, { ...expected, loss: 0 });
    if (size === 1) assert.equal(sum.loss, expected.loss); // added in the same order
  }
});

Deno.test("evaluate() changes neither parameters nor velocity", async () => {
  using engine = await startEngine({ spec: SMALL, threads: 2 });
  await engine.train(batchOf(SAMPLES), STEP);
  const before = [
    bitsOf(await engine.getParameters()),
    bitsOf((await engine.getState()).moments.get("velocity")!),
  ];
  await engine.evaluate(batchOf(SAMPLES));
  assert.deepEqual([
    bitsOf(await engine.getParameters()),
    bitsOf((await engine.getState()).moments.get("velocity")!),
  ], before);
});

Deno.test("evaluate() agrees with the reference network on loss, classes and spikes", async () => {
  using engine = await startEngine({ spec: SMALL, threads: 2, seed: 5 });
  const parameters = widen(await engine.getParameters());
  const results = Array.from({ length: SAMPLES.count }, (_, sample) => {
    const x = encodeSample(SMALL, SAMPLES, sample, drawKey(5, STREAM.training, 1, sample));
    return runForward(SMALL, parameters, x, SAMPLES.labels[sample]!);
  });
  const sure = results.flatMap(({ margin }, sample) => margin > 1e-5 ? [sample] : []);
  assert.ok(sure.length > 250);
  const { loss, correct, spikes } = await engine.evaluate(batchOf(SAMPLES, sure));
  const sumOf = (value: (result: typeof results[number], sample: number) => number) =>
    sure.reduce((sum, sample) => sum + value(results[sample]!, sample), 0);
  assertClose([loss], [sumOf((result) => result.loss)], "loss");
  assert.equal(spikes, sumOf((result) => result.spikes));
  const classOf = (logits: Float64Array) => logits.indexOf(Math.max(...logits));
  assert.equal(correct, sumOf(({ logits }, i) => classOf(logits) === SAMPLES.labels[i] ? 1 : 0));
});

Deno.test("trace() agrees with the reference network at every step, and with evaluate()", async () => {
  using engine = await startEngine({ spec: SMALL, threads: 2, recordStates: true });
  const parameters = widen(await engine.getParameters());
  for (const sample of [0, 17, 299]) {
    const batch = batchOf(SAMPLES, [sample]);
    const trace = await engine.trace(batch);
    const x = encodeSample(SMALL, SAMPLES, sample, drawKey(0, STREAM.training, 1, sample));
    const expected = runForward(SMALL, parameters, x, SAMPLES.labels[sample]!);
    assert.ok(expected.margin > 1e-5);
    for (const layer of [0, 1]) {
      const flat = (rows: readonly Float64Array[]) => rows.flatMap((row) => [...row]);
      assertClose(trace.potentials[layer]!, flat(expected.potentials[layer]!), `u${layer + 1}`);
      assertClose(trace.outputs[layer]!, flat(expected.outputs[layer]!), `o${layer + 1}`);
    }
    assertClose(trace.logits, expected.logits, "logits");
    assertClose(trace.logProbabilities, expected.logProbabilities, "log probabilities");
    assert.equal((await engine.evaluate(batch)).loss, trace.loss);
  }
});
