/**
 * Engines carry calls out in their order, awaited or not.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Batch, Engine } from "../../src/engine/engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { batchesOf, batchOf } from "./batches.ts";
import { answered } from "./deadline.ts";
import { engineTest } from "./engines.ts";
import { drawSamples, SMALL } from "./network_cases.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };
const SAMPLES = drawSamples(SMALL, 1, 200, false);
const BATCHES = batchesOf(SAMPLES, 50);

engineTest("calls give the same results awaited one by one and all together", async (start) => {
  using patient = await start({ spec: SMALL, recordStates: true });
  using hasty = await start({ spec: SMALL, recordStates: true });
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
  "setParameters() takes effect before a later train(), and clears the velocity",
  async (start) => {
    using engine = await start({ spec: SMALL });
    using fresh = await start({ spec: SMALL });
    const parameters = initialParameters(SMALL, 99);
    await engine.train(BATCHES[1]!, STEP);
    const set = engine.setParameters(parameters);
    const trained = engine.train(BATCHES[0]!, STEP);
    const [, result] = await answered(Promise.all([set, trained]), 60);
    await fresh.setParameters(parameters);
    assert.deepEqual(result, await fresh.train(BATCHES[0]!, STEP));
    assert.deepEqual(await engine.getState(), await fresh.getState());
  },
);

engineTest("trace() works during a train()", async (start) => {
  using engine = await start({ spec: SMALL, batchSize: 200, recordStates: true });
  const trained = engine.train(batchOf(SAMPLES), STEP);
  await Promise.resolve();
  await Promise.resolve(); // now the workers have the batch
  const traced = engine.trace(batchOf(SAMPLES, [3]));
  const [result, trace] = await answered(Promise.all([trained, traced]), 60);
  assert.equal(result.total, 200);
  assert.equal(trace.logits.length, 4);
});

engineTest("train() gives the same bits in every run with the same seed", async (start) => {
  const ends = [];
  for (const seed of [8, 8, 9]) {
    using engine = await start({ spec: SMALL, seed });
    await engine.setParameters(initialParameters(SMALL, 0));
    const results = [];
    for (const batch of BATCHES) results.push(await engine.train(batch, STEP));
    ends.push({ results, state: await engine.getState() });
  }
  assert.deepEqual(ends[1], ends[0]);
  assert.notDeepEqual(ends[2], ends[0]);
});
