import assert from "node:assert/strict";
import {
  affine,
  conv2d,
  flatten,
  graded as gradedNeuron,
  integrator,
  layer,
  lif,
  maxPool2d,
  network,
} from "../../src/network/builder.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { feedForwardNetwork } from "../../src/network/presets.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { drawKey, STREAM } from "../../src/random.ts";
import { startFromData } from "../../src/training/default_start.ts";
import { structureOf } from "../../src/network/structure.ts";
import { numbersFrom } from "../asm/numbers.ts";
import { drawDigits } from "../engine/drawn_digits.ts";
import { encodeSample, runForward, widen } from "../engine/reference_network.ts";
import { withEncoder, withLayers } from "../engine/network_cases.ts";

const DIGITS = drawDigits(3, 200);
const kernels = await loadKernels();

/** An engine on the caller's thread, which starts faster than a worker. */
const open = (options: Omit<Parameters<typeof createWasmEngine>[0], "kernels">) =>
  Promise.resolve(createWasmEngine({ ...options, kernels, threads: 0 }));

const NOTEBOOK = notebookNetwork({ hidden: 60, steps: 20 });
const DEEP = withLayers(NOTEBOOK, ([graded, top]) => [
  ...[graded, { ...graded, units: 40 }, { ...graded, units: 30 }, top],
]);

Deno.test("startFromData() brings every hidden layer to the rate, also on other samples", async () => {
  for (
    const [rate, spec] of [[0.1, DEEP], [0.03, NOTEBOOK], [
      0.2,
      withEncoder(DEEP, { kind: "poisson", rate: 1, offset: 0 }),
    ]] as const
  ) {
    const { parameters, layers } = await startFromData(spec, DIGITS, { seed: 1, rate, open });
    const { hidden } = structureOf(spec);
    assert.equal(layers.length, hidden.length);
    const wide = widen(parameters);
    const fired = layers.map(() => 0);
    const count = 16;
    for (let sample = 0; sample < count; sample++) {
      const x = encodeSample(spec, DIGITS, sample, drawKey(1, STREAM.training, 1, sample));
      const { outputs } = runForward(spec, wide, x, 0);
      layers.forEach((_, l) => fired[l]! += outputs[l]!.flatMap((o) => [...o]).filter((o) => o > 0).length);
    }
    layers.forEach(({ reached, rate: measured }, l) => {
      assert.ok(reached && Math.abs(measured / rate - 1) <= 0.05, `layer ${l + 1} fires at ${measured}`);
      const elsewhere = fired[l]! / (count * spec.steps * hidden[l]!.units);
      assert.ok(Math.abs(elsewhere / rate - 1) < 0.3, `layer ${l + 1} fires at ${elsewhere} elsewhere`);
    });
  }
});

Deno.test("startFromData() has convolutions of ten layers fire from bottom to top", async () => {
  const spec = network({
    steps: 4,
    input: { shape: [1, 28, 28], encoder: { kind: "constant" } },
    nodes: [
      ...Array.from({ length: 9 }, (_, i) => [
        conv2d(4 + i % 3, 3, { padding: 1, stride: i === 0 ? 2 : 1 }),
        ...(i % 3 === 2 ? [maxPool2d(2)] : []),
        lif({ decay: 0.5 }),
      ]).flat(),
      flatten(),
      affine(20),
      lif(),
      affine(10),
      integrator(),
    ],
  });
  const digits = drawDigits(3, 64);
  const { layers } = await startFromData(spec, digits, { seed: 1, rate: 0.1, open });
  assert.equal(layers.length, 10);
  // Strokes are thin: of the first layers resets limit the rate.
  for (const { layer, rate } of layers) assert.ok(rate > 0.05, `layer ${layer} fires at ${rate}`);
});

Deno.test("startFromData() scales Xavier's weights and nothing else, and is a pure function", async () => {
  const start = () => startFromData(DEEP, DIGITS, { seed: 1, rate: 0.1, open });
  const { parameters, layers } = await start();
  for (const [name, xavier] of initialParameters(DEEP, 1)) {
    const layer = Number(/^fc(\d+)\.weight$/.exec(name)?.[1]) - 1;
    const scale = layers[layer]?.scale ?? 1, expected = xavier.map((weight) => weight * scale);
    assert.ok(parameters.get(name)?.every((weight, i) => weight === expected[i]), name);
  }
  assert.deepEqual(await start(), { parameters, layers });
});

Deno.test("startFromData() keeps Xavier's scale if no factor reaches the rate", async () => {
  // At any scale, a ReLU is active for the half of all inputs on one side of it.
  const { parameters, layers } = await startFromData(feedForwardNetwork({ hidden: 30 }), DIGITS, {
    seed: 1,
    rate: 0.01,
    open,
  });
  assert.deepEqual(layers.map(({ scale, reached }) => [scale, reached]), [[1, false]]);
  assert.ok(layers[0]!.rate > 0.3);
  assert.deepEqual(parameters, initialParameters(feedForwardNetwork({ hidden: 30 }), 1));
});

Deno.test("startFromData() stops where larger weights hardly raise a layer's rate because of its resets", async () => {
  const { layers: [layer] } = await startFromData(NOTEBOOK, DIGITS, { seed: 1, rate: 0.6, open });
  assert.ok(!layer!.reached && layer!.rate > 0.1 && layer!.rate < 0.6, JSON.stringify(layer));
  assert.ok(layer!.scale >= 1 && layer!.scale <= 32, JSON.stringify(layer));
  const again = await startFromData(NOTEBOOK, DIGITS, { seed: 1, rate: layer!.rate, open });
  assert.ok(again.layers[0]!.reached, JSON.stringify(again.layers));
});

Deno.test("startFromData() measures the rate over the steps of each sequence", async () => {
  // Without memory and with a constant input, a unit does the same at every step.
  const steady = network({
    inputs: 3,
    steps: 8,
    layers: [layer(40, lif({ decay: 0, threshold: 1 })), layer(2, integrator())],
  });
  const samples = {
    name: "steady",
    count: 20,
    size: 24,
    features: new Float32Array(480).map((_, i) => (7 * (3 * Math.floor(i / 24) + i % 3) % 11) / 11),
    labels: new Uint8Array(20),
  };
  const options = { seed: 1, rate: 0.2, open };
  assert.deepEqual(
    await startFromData(steady, { ...samples, lengths: new Uint16Array(20).fill(2) }, options),
    await startFromData(steady, samples, options),
  );
});

Deno.test("startFromData() finds the factor if some units spike from their bias alone, and inputs are small", async () => {
  // Sparse events: class 0 in the first ten channels, class 1 in the others.
  const steps = 10, channels = 20, count = 200, size = steps * channels;
  const next = numbersFrom(5);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const events = Float32Array.from({ length: count * size }, (_, i) => {
    const isOwn = (i % channels < 10) === (labels[Math.floor(i / size)] === 0);
    return (next() + 1) / 2 < (isOwn ? 0.5 : 0.02) ? 1 : 0;
  });
  for (const kind of ["lif", "graded"] as const) {
    const hidden = kind === "lif" ? lif({ threshold: 1 }) : gradedNeuron({ threshold: 1, penalty: 1 });
    const spec = network({ inputs: channels, steps, layers: [layer(20, hidden), layer(2, integrator())] });
    for (const size_ of [1, 0.01, 1 / 255, 1e-3]) {
      const samples = { name: "events", count, size, features: events.map((event) => size_ * event), labels };
      for (const seed of [0, 1, 2, 3]) {
        const { layers: [found] } = await startFromData(spec, samples, { seed, rate: 0.1, open });
        const label = `${kind}, events of ${size_}, seed ${seed}: ${JSON.stringify(found)}`;
        assert.ok(found!.reached && Math.abs(found!.rate - 0.1) <= 0.005, label);
      }
    }
  }
});
