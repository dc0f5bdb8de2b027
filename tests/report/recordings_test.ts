import assert from "node:assert/strict";
import type { Samples } from "../../src/data/samples.ts";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { lookInto } from "../../src/report/findings.ts";
import { predict } from "../../src/report/predictions.ts";
import { gridOf } from "../../src/report/raster_grid.ts";
import { recordSamples } from "../../src/report/recordings.ts";
import { reportPage } from "../../src/report/report.ts";
import { Watch } from "../../src/cli/watch.ts";
import { observeLayers } from "../../src/training/activity.ts";
import { train } from "../../src/training/trainer.ts";
import { batchOf, startEngine } from "../engine/batches.ts";
import { assertSelfContained } from "./self_contained.ts";

// Of three hidden units, one spikes at every step, one never, and one only at the first step.
const spec = network({
  inputs: 1,
  steps: 20,
  layers: [layer(3, lif({ decay: 0, threshold: 1 })), layer(2, integrator())],
});
const LENGTHS = [12, 5, 3];
const PARAMETERS = new Map([
  ["fc1.weight", Float32Array.of(0, 0, 5)],
  ["fc1.bias", Float32Array.of(9, -9, 0)],
  ["fc2.weight", new Float32Array(6)],
  ["fc2.bias", new Float32Array(2)],
]);
const sequences: Samples = {
  name: "sequences",
  count: 3,
  size: 20,
  steps: 20,
  features: new Float32Array(60).map((_, i) =>
    i % 20 === 0 ? 1 : i % 20 < LENGTHS[Math.floor(i / 20)]! ? 0 : NaN
  ),
  lengths: Uint16Array.from(LENGTHS),
  labels: Uint8Array.of(0, 1, 1),
};

const open = async () => {
  const engine = await startEngine({ spec, threads: 0, recordStates: true, batchSize: 3 });
  await engine.setParameters(PARAMETERS);
  return engine;
};

Deno.test("recordSamples() counts no step after a sequence's end", async () => {
  using engine = await open();
  const { layers: [hidden] } = await recordSamples(engine, spec, sequences, 3);
  assert.deepEqual([...hidden!.rates], [1, 0, 3 / 20]);
  assert.deepEqual([...hidden!.ratesByClass], [1, 0, 1 / 12, 1, 0, 2 / 8]);
});

Deno.test("reportPage() shows sequences of unequal lengths with their own steps", async () => {
  using engine = await open();
  const predictions = await predict(engine, spec.loss, sequences, 3);
  const page = await reportPage(
    {
      name: "x",
      directory: "runs/x",
      metrics: [],
      epochs: [],
      model: { spec, parameters: PARAMETERS, metadata: {} },
    },
    await lookInto(spec, engine, { ...sequences, classes: ["rising", "falling"] }, predictions),
  );
  const captions = [...assertSelfContained(page).querySelectorAll(".weights span")].map(({ textContent }) =>
    (textContent ?? "").replace(/\s+/g, " ").trim()
  );
  assert.match(captions.join("; "), /^0 → (rising|falling) 100.0 %; 2 → falling 15.0 %; 1 silent$/);
  assert.match(page, /as many steps as it has, 20 at most/);
  assert.match(page, /its firing rate stand beside it/);
  // 20 + 3 spikes of 3 units in 20 steps.
  assert.match(page, /38\.33.% of all units and steps/);
});

Deno.test("gridOf() is empty after a sequence's end", () => {
  assert.deepEqual([...gridOf(Uint8Array.of(1, 0, 0, 1), 4, 2, 2, 4).cells], [1, 0, 0, 0, 0, 1, 0, 0]);
});

Deno.test("observeLayers() counts no step after a sequence's end", async () => {
  const [hidden] = await observeLayers({
    spec,
    parameters: PARAMETERS,
    seed: 0,
    samples: sequences,
    indices: Uint32Array.of(0, 1, 2),
  });
  assert.deepEqual([hidden!.firingRate, hidden!.silent, hidden!.saturated], [23 / 60, 1, 1]);
});

Deno.test("train() reports firing rates over the steps of sequences of unequal lengths", async () => {
  using engine = await open();
  const rates: number[] = [];
  const still = { learningRate: 0, momentum: 0 };
  await train(engine, {
    samples: sequences,
    epochs: 1,
    batchSize: 3,
    step: still,
    seed: 0,
    onBatch: ({ firingRate }) => rates.push(firingRate),
    onEpoch: ({ firingRate, silent, saturated }) => rates.push(firingRate, silent, saturated),
  });
  assert.deepEqual(rates, [23 / 60, 23 / 60, 1, 1]);
});

Deno.test("Watch shows the rate over a sequence's own steps", async () => {
  using watch = new Watch({ spec, seed: 0, samples: sequences, index: 1 });
  await watch.look(() => Promise.resolve(PARAMETERS));
  // 5 + 1 spikes of 3 units in 5 steps.
  assert.match(watch.draw({ columns: 80, rows: 20, colours: false }).at(-1)!, /^layer 1 +40\.0 % fire/);
});

Deno.test("every reader counts the engine's spikes of a layer with a negative scale", async () => {
  const readers = async (scale: number) => {
    const turned = network({
      inputs: 1,
      steps: 20,
      layers: [layer(3, graded({ decay: 0, threshold: 1, penalty: 0, scale })), layer(2, integrator())],
    });
    const whole: Samples = {
      name: "whole",
      count: 3,
      size: 20,
      features: Float32Array.from({ length: 60 }, (_, i) => i % 20 === 0 ? 1 : 0),
      labels: Uint8Array.of(0, 1, 1),
    };
    using engine = await startEngine({ spec: turned, threads: 0, recordStates: true, batchSize: 3 });
    await engine.setParameters(PARAMETERS);
    const { layers: [recorded] } = await recordSamples(engine, turned, whole, 3);
    const [seen] = await observeLayers({
      spec: turned,
      parameters: PARAMETERS,
      seed: 0,
      samples: whole,
      indices: Uint32Array.of(0, 1, 2),
    });
    using watch = new Watch({ spec: turned, seed: 0, precision: "f32", samples: whole, index: 0 });
    await watch.look(() => Promise.resolve(PARAMETERS));
    const line = watch.draw({ columns: 80, rows: 20, colours: false }).find((text) =>
      text.includes("% fire")
    );
    return {
      counted: (await engine.evaluate(batchOf(whole))).spikes,
      rates: [...recorded!.rates],
      seen: { rate: seen!.firingRate, silent: seen!.silent, saturated: seen!.saturated },
      line,
    };
  };
  const plain = await readers(1);
  assert.deepEqual(plain.rates, [1, 0, 1 / 20]); // by hand: always, never, at the first step
  assert.equal(plain.counted, 3 * 21);
  assert.deepEqual(plain.seen, { rate: 21 / 60, silent: 1, saturated: 1 });
  assert.match(plain.line!, /35\.0 % fire/);
  assert.deepEqual(await readers(-1), plain);
});
