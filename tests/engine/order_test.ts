import assert from "node:assert/strict";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { batchesOf, batchOf, bitsOf, startEngine } from "./batches.ts";
import { answered } from "./deadline.ts";
import { drawSamples } from "./network_cases.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };
const SPEC = notebookNetwork({
  inputs: 29,
  hidden: 19,
  classes: 4,
  steps: 22,
  threshold: 0.5,
  penalty: 0.75,
});
const SAMPLES = drawSamples(SPEC, 1, 200, false);
const BATCHES = batchesOf(SAMPLES, 50);

for (const threads of [0, 1, 3]) {
  Deno.test(`calls on ${threads} threads give the same whether or not they are awaited one by one`, async () => {
    const start = () => startEngine({ spec: SPEC, threads, batchSize: 50 });
    using patient = await start();
    using hasty = await start();
    const expected = [];
    for (const batch of BATCHES) {
      expected.push(await patient.train(batch, STEP));
      expected.push(await patient.evaluate(batch));
    }
    const found = BATCHES.flatMap((batch) => [hasty.train(batch, STEP), hasty.evaluate(batch)]);
    assert.deepEqual(await answered(Promise.all(found)), expected);
    assert.deepEqual(bitsOf(await hasty.getParameters()), bitsOf(await patient.getParameters()));
    assert.deepEqual(
      bitsOf((await hasty.getState()).moments.get("velocity")!),
      bitsOf((await patient.getState()).moments.get("velocity")!),
    );
  });

  Deno.test(`two train() calls on ${threads} threads without awaiting equal two awaited ones`, async () => {
    const outcomes = [];
    for (const isHasty of [false, true]) {
      using engine = await startEngine({ spec: SPEC, threads, batchSize: 50 });
      const first = engine.train(BATCHES[0]!, STEP);
      if (!isHasty) await first;
      const results = await answered(Promise.all([first, engine.train(BATCHES[1]!, STEP)]));
      outcomes.push({ results, parameters: bitsOf(await engine.getParameters()) });
    }
    assert.deepEqual(outcomes[1], outcomes[0]);
  });

  Deno.test(`getParameters() on ${threads} threads gives them as they are after the calls made so far, no later`, async () => {
    using engine = await startEngine({ spec: SPEC, threads, batchSize: 50 });
    const first = engine.train(BATCHES[0]!, STEP);
    const between = engine.getParameters();
    const second = engine.train(BATCHES[1]!, STEP);
    await answered(Promise.all([first, between, second]));
    using other = await startEngine({ spec: SPEC, threads, batchSize: 50 });
    await other.train(BATCHES[0]!, STEP);
    assert.deepEqual(bitsOf(await between), bitsOf(await other.getParameters()));
  });

  Deno.test(`setParameters() on ${threads} threads comes before a train() that is called after it`, async () => {
    using engine = await startEngine({ spec: SPEC, threads, batchSize: 50 });
    const parameters = initialParameters(SPEC, 99);
    const set = engine.setParameters(parameters);
    const trained = engine.train(BATCHES[0]!, STEP);
    const [, result] = await answered(Promise.all([set, trained]));
    using other = await startEngine({ spec: SPEC, threads, batchSize: 50 });
    await other.setParameters(parameters);
    assert.deepEqual(result, await other.train(BATCHES[0]!, STEP));
    assert.deepEqual(bitsOf(await engine.getParameters()), bitsOf(await other.getParameters()));
  });

  Deno.test(`setParameters() on ${threads} threads forgets the velocity`, async () => {
    const outcomes = [];
    for (const isUsed of [false, true]) {
      using engine = await startEngine({ spec: SPEC, threads, batchSize: 50 });
      if (isUsed) await engine.train(BATCHES[1]!, STEP);
      await engine.setParameters(initialParameters(SPEC, 0));
      await engine.train(BATCHES[0]!, STEP);
      outcomes.push([
        bitsOf(await engine.getParameters()),
        bitsOf((await engine.getState()).moments.get("velocity")!),
      ]);
    }
    assert.deepEqual(outcomes[1], outcomes[0]);
  });

  Deno.test(`trace() on ${threads} threads comes after the train() calls before it`, async () => {
    const options = { spec: SPEC, threads, batchSize: 50, recordStates: true };
    using patient = await startEngine(options);
    for (const batch of BATCHES) await patient.train(batch, STEP);
    const expected = await patient.trace(batchOf(SAMPLES, [3]));
    using hasty = await startEngine(options);
    const trained = BATCHES.map((batch) => hasty.train(batch, STEP));
    const trace = hasty.trace(batchOf(SAMPLES, [3]));
    await answered(Promise.all([...trained, trace]));
    assert.equal((await trace).loss, expected.loss);
    assert.deepEqual((await trace).logits, expected.logits);
  });

  Deno.test(`trace() on ${threads} threads is answered while a train() is under way`, async () => {
    using engine = await startEngine({ spec: SPEC, threads, batchSize: 200, recordStates: true });
    const trained = engine.train(batchOf(SAMPLES), STEP);
    await Promise.resolve();
    await Promise.resolve(); // the batch is with the workers by now
    const [result, trace] = await answered(Promise.all([trained, engine.trace(batchOf(SAMPLES, [3]))]));
    assert.equal(result.total, 200);
    assert.equal(trace.logits.length, 4);
  });
}

Deno.test("training from a state that was taken before ends in the same bits", async () => {
  const whole = await startEngine({ spec: SPEC, threads: 2 });
  const batches = [batchOf(SAMPLES), batchOf(SAMPLES, [0, 2]), batchOf(SAMPLES)];
  await whole.train(batches[0]!, STEP);
  const state = await whole.getState();
  for (const batch of batches.slice(1)) await whole.train(batch, STEP);
  const resumed = await startEngine({ spec: SPEC, threads: 1 });
  await resumed.setState(state);
  for (const batch of batches.slice(1)) await resumed.train(batch, STEP);
  const [expected, found] = [await whole.getState(), await resumed.getState()];
  assert.deepEqual(bitsOf(found.parameters), bitsOf(expected.parameters));
  assert.deepEqual(bitsOf(found.moments.get("velocity")!), bitsOf(expected.moments.get("velocity")!));
  assert.deepEqual([state.steps, found.steps, expected.steps], [1, 3, 3]);
  whole.close();
  resumed.close();
});

Deno.test("a state without the optimizer's velocity is refused and changes nothing", async () => {
  const engine = await startEngine({ spec: SPEC });
  const { parameters } = await engine.getState();
  await assert.rejects(engine.setState({ parameters, moments: new Map(), steps: 3 }), /velocity/);
  assert.equal((await engine.getState()).steps, 0);
  engine.close();
});
