/**
 * Calls are carried out in their order, whoever awaits them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Batch, Engine } from "../../src/engine/engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { batchesOf, batchOf } from "./batches.ts";
import { answered } from "./deadline.ts";
import { engineTest } from "./engines.ts";
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

engineTest("calls give the same whether or not they are awaited one by one", async (start) => {
  using patient = await start({ spec: SPEC, recordStates: true });
  using hasty = await start({ spec: SPEC, recordStates: true });
  const calls = (engine: Engine, batch: Batch) => [
    () => engine.train(batch, STEP),
    () => engine.evaluate(batch),
    () => engine.trace(batch),
    () => engine.getParameters(),
    () => engine.train(batch, STEP),
    () => engine.getState(),
  ];
  const expected: unknown[] = [];
  for (const batch of BATCHES) for (const call of calls(patient, batch)) expected.push(await call());
  const found = BATCHES.flatMap((batch) => calls(hasty, batch).map((call): Promise<unknown> => call()));
  assert.deepEqual(await answered(Promise.all(found), 60), expected);
});

engineTest(
  "setParameters() comes before a train() that is called after it, and forgets the velocity",
  async (start) => {
    using engine = await start({ spec: SPEC });
    using fresh = await start({ spec: SPEC });
    const parameters = initialParameters(SPEC, 99);
    await engine.train(BATCHES[1]!, STEP);
    const set = engine.setParameters(parameters);
    const trained = engine.train(BATCHES[0]!, STEP);
    const [, result] = await answered(Promise.all([set, trained]), 60);
    await fresh.setParameters(parameters);
    assert.deepEqual(result, await fresh.train(BATCHES[0]!, STEP));
    assert.deepEqual(await engine.getState(), await fresh.getState());
  },
);

engineTest("trace() is answered while a train() is under way", async (start) => {
  using engine = await start({ spec: SPEC, batchSize: 200, recordStates: true });
  const trained = engine.train(batchOf(SAMPLES), STEP);
  await Promise.resolve();
  await Promise.resolve(); // the batch is with the workers by now
  const traced = engine.trace(batchOf(SAMPLES, [3]));
  const [result, trace] = await answered(Promise.all([trained, traced]), 60);
  assert.equal(result.total, 200);
  assert.equal(trace.logits.length, 4);
});

engineTest("the same seed gives the same bits, run after run", async (start) => {
  const ends = [];
  for (const seed of [8, 8, 9]) {
    using engine = await start({ spec: SPEC, seed });
    await engine.setParameters(initialParameters(SPEC, 0));
    const results = [];
    for (const batch of BATCHES) results.push(await engine.train(batch, STEP));
    ends.push({ results, state: await engine.getState() });
  }
  assert.deepEqual(ends[1], ends[0]);
  assert.notDeepEqual(ends[2], ends[0]);
});
