/**
 * Every engine starts with the network's first parameters.
 *
 * @module
 */
import assert from "node:assert/strict";
import { EngineError } from "../../src/errors.ts";
import { createEngine } from "../../src/engine/create_engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { withFallback } from "../../src/engine/fallback.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { batchOf, bitsOf } from "./batches.ts";
import { engineTest } from "./engines.ts";
import { drawSamples } from "./network_cases.ts";

const spec = notebookNetwork({ inputs: 9, hidden: 6, classes: 3, steps: 5, threshold: 0.2 });
const batch = batchOf(drawSamples(spec, 1, 12, false));
const STEP = { learningRate: 0.1, momentum: 0.5 };
const SEED = 7;

/** Calls each method first on a new engine, and compares with an engine that was given the first parameters. */
async function assertStartsWithFirst(open: () => Promise<Engine & Disposable>): Promise<void> {
  const verbs: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
    getParameters: async (engine) => bitsOf(await engine.getParameters()),
    getState: (engine) => engine.getState(),
    evaluate: (engine) => engine.evaluate(batch),
    classify: (engine) => engine.classify(batch),
    trace: (engine) => engine.trace(batch),
    train: (engine) => engine.train(batch, STEP),
  };
  for (const [verb, call] of Object.entries(verbs)) {
    using bare = await open();
    using given = await open();
    await given.setParameters(initialParameters(spec, SEED));
    assert.deepEqual(await call(bare), await call(given), verb);
    assert.deepEqual(
      bitsOf(await bare.getParameters()),
      bitsOf(await given.getParameters()),
      `after ${verb}`,
    );
  }
}

const options = { spec, seed: SEED, recordStates: true, batchSize: 20 };

engineTest(
  "an engine without setParameters() has the first parameters of its seed",
  (start) => assertStartsWithFirst(() => start(options)),
);

Deno.test("withFallback() continues from the first parameters if an engine without setParameters() fails", async () => {
  const wasm = () => createEngine({ ...options, engine: "wasm", threads: 0 });
  await assertStartsWithFirst(async () => {
    const broken = await wasm();
    const refuse = () => Promise.reject(new EngineError("the device is lost"));
    return withFallback(Object.assign(broken, { trace: refuse, evaluate: refuse, classify: refuse }), {
      open: wasm,
    });
  });
  // Then one batch by the first engine, and the next by the second.
  using whole = await wasm();
  const first = await wasm();
  let trained = 0;
  const train = first.train.bind(first);
  const failing: Engine["train"] = (...call) =>
    ++trained > 1 ? Promise.reject(new EngineError("the device is lost")) : train(...call);
  using engine = withFallback(Object.assign(first, { train: failing }), { open: wasm });
  for (const each of [whole, engine]) for (let i = 0; i < 2; i++) await each.train(batch, STEP);
  assert.deepEqual(await engine.getState(), await whole.getState());
});
