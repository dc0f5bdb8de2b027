/**
 * On every engine, the moving average of all parameters, held to one in float64.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Update } from "../../src/engine/engine.ts";
import { averageShare, completeUpdate } from "../../src/engine/optimizer.ts";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchesOf, batchOf, bitsOf } from "./batches.ts";
import { engineTest } from "./engines.ts";
import { drawParameters, drawSamples } from "./network_cases.ts";

const spec = network({
  inputs: 13,
  steps: 6,
  layers: [
    layer(9, lif({ threshold: 0.3, trainable: ["decay", "threshold"] }), { recurrent: true }),
    layer(5, graded({ threshold: 0.1, trainable: ["threshold", "scale"] })),
    layer(3, integrator({ trainable: ["decay"] })),
  ],
});
const samples = drawSamples(spec, 2, 60, false);
const before = drawParameters(spec, 1);
const SGD: Update = { learningRate: 0.05, momentum: 0.5 };
/** Decays below and above those of the first updates, which are 0, 1/10, 2/11, … */
const STEPS: Readonly<Record<string, Update>> = {
  sgd: { ...SGD, ema: 0.999 },
  "sgd, clipped": { ...SGD, clip: 0.01, ema: 0.15 },
  adamw: { kind: "adamw", learningRate: 0.02, ema: 0.3 },
};

engineTest("train() averages all parameters as in float64, and moves them as without", async (start) => {
  for (const [name, step] of Object.entries(STEPS)) {
    using engine = await start({ spec, batchSize: 10 });
    using plain = await start({ spec, batchSize: 10 });
    await engine.setParameters(before);
    await plain.setParameters(before);
    const expected = new Map<string, Float64Array>();
    for (const [i, batch] of batchesOf(samples, 10).entries()) {
      await engine.train(batch, step);
      await plain.train(batch, { ...step, ema: 0 });
      const { parameters, average } = await engine.getState();
      const decay = Math.min(step.ema!, i / (i + 9));
      for (const [tensor, values] of parameters) {
        const a = expected.get(tensor);
        expected.set(tensor, Float64Array.from(values, (w, j) => a ? decay * a[j]! + (1 - decay) * w : w));
        const label = `${name}: ${tensor} after update ${i + 1}`;
        assertClose(average!.get(tensor)!, expected.get(tensor)!, label, { relative: 1e-5, absolute: 1e-6 });
      }
      if (i === 0) assert.deepEqual(bitsOf(average!), bitsOf(parameters));
      else assert.notDeepEqual(bitsOf(average!), bitsOf(parameters));
    }
    assert.equal(expected.size, before.size);
    const { average: none, ...state } = await plain.getState(),
      { average: _, ...moved } = await engine.getState();
    assert.equal(none, undefined);
    assert.deepEqual(moved, state);
  }
});

engineTest("an engine keeps an average as long as every update since the first has one", async (start) => {
  using engine = await start({ spec, batchSize: 60 });
  const averaged = { ...SGD, ema: 0.9 };
  const average = async () => (await engine.getState()).average;
  assert.equal(await average(), undefined);
  await engine.train(batchOf(samples), averaged);
  assert.ok(await average());
  const kept = await engine.getState();

  await engine.train(batchOf(samples), SGD);
  assert.equal(await average(), undefined);
  const bare = await engine.getState();
  await assert.rejects(engine.train(batchOf(samples), averaged), {
    name: "RangeError",
    message: "step.ema: 0.9, but the engine has made 2 updates without an average: " +
      "leave it out, or set the parameters anew",
  });
  assert.deepEqual(await engine.getState(), bare);

  await engine.setState(kept);
  await engine.train(batchOf(samples), averaged);
  const short = new Map([...kept.average!, ["fc1.bias", new Float32Array(1)]]);
  const whole = await engine.getState();
  await assert.rejects(engine.setState({ ...kept, average: short }), /fc1\.bias: 1 values, expected 9/);
  assert.deepEqual(await engine.getState(), whole);

  await engine.setState(bare);
  assert.equal(await average(), undefined);
  await engine.setParameters(before);
  await engine.train(batchOf(samples), averaged);
  assert.deepEqual(bitsOf((await average())!), bitsOf(await engine.getParameters()));
});

Deno.test("averageShare() is 1 at the first update and falls to 1 − ema", () => {
  const update = completeUpdate({ ...SGD, ema: 0.9 });
  const shares = [1, 2, 3, 82, 1000].map((number) => averageShare(update, number));
  assertClose(shares, [1, 0.9, 9 / 11, 0.1, 0.1], "shares", { absolute: 1e-12 });
  assert.equal(averageShare(completeUpdate(SGD), 1), 0);
});
