import assert from "node:assert/strict";
import { structureOf } from "../../src/network/structure.ts";
import { draw8, drawKey, STREAM } from "../../src/random.ts";
import { batchesOf, batchOf, bitsOf, startEngine } from "./batches.ts";
import { drawParameters, drawSamples, SMALL, withEncoder } from "./network_cases.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };

Deno.test("precision i16 gives the gradient of float32 with the same 8-bit draws", async () => {
  const samples = drawSamples(SMALL, 3, 12, false);
  const parameters = drawParameters(SMALL, 5);
  // The same inputs as a sequence, which the engine multiplies in float32.
  const direct = withEncoder(SMALL, { kind: "direct", offset: 0 });
  const { steps } = SMALL, { inputs } = structureOf(SMALL);
  const features = new Float32Array(samples.count * steps * inputs);
  for (let sample = 0; sample < samples.count; sample++) {
    const key = drawKey(0, STREAM.training, 1, sample);
    for (let step = 0; step < steps; step++) {
      for (let k = 0; k < inputs; k++) {
        const x = samples.features[sample * inputs + k]!;
        features[(sample * steps + step) * inputs + k] = x * draw8(key, step, k);
      }
    }
  }
  const sequences = { ...samples, size: steps * inputs, features };
  using integer = await startEngine({ spec: SMALL, precision: "i16", batchSize: 12 });
  using float = await startEngine({ spec: direct, batchSize: 12 });
  await integer.setParameters(parameters);
  await float.setParameters(parameters);
  const found = await integer.train(batchOf(samples), STEP),
    expected = await float.train(batchOf(sequences), STEP);
  assert.equal(found.spikes, expected.spikes);
  assert.ok(found.spikes > 100, `${found.spikes} spikes`);
  assert.ok(Math.abs(found.loss - expected.loss) < 1e-3 * expected.loss);
  const reference = (await float.getState()).moments.get("velocity")!;
  for (const [name, gradient] of (await integer.getState()).moments.get("velocity")!) {
    const wanted = reference.get(name)!;
    const largest = wanted.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    gradient.forEach((g, i) => {
      assert.ok(Math.abs(g - wanted[i]!) <= 1e-3 * largest, `${name}[${i}]: ${g}, expected ${wanted[i]}`);
    });
  }
});

Deno.test("precision i16 gives the same bits on any number of threads, with and without skip, with every tile", async () => {
  const samples = drawSamples(SMALL, 1, 200, true);
  const outcomes = [];
  for (
    const options of [
      { threads: 0 },
      { threads: 1 },
      { threads: 2, tile: "i8-4x4x2" as const },
      { threads: 3, skip: false },
    ]
  ) {
    using engine = await startEngine({ spec: SMALL, precision: "i16", batchSize: 50, ...options });
    for (const batch of batchesOf(samples, 50)) await engine.train(batch, STEP);
    outcomes.push(bitsOf(await engine.getParameters()));
  }
  for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
});

Deno.test("precision i16 leaves encoders without noise in float32", async () => {
  const spec = withEncoder(SMALL, { kind: "direct", offset: 0 });
  const samples = drawSamples(spec, 2, 20, false);
  const outcomes = [];
  for (const precision of ["f32", "i16"] as const) {
    using engine = await startEngine({ spec, precision, batchSize: 20 });
    await engine.train(batchOf(samples), STEP);
    outcomes.push(bitsOf(await engine.getParameters()));
  }
  assert.deepEqual(outcomes[1], outcomes[0]);
});
