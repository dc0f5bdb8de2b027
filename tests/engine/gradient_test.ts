import assert from "node:assert/strict";
import fc from "fast-check";
import type { Engine } from "../../src/engine/engine.ts";
import type { Variant } from "../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine, type WasmEngineOptions } from "../../src/engine/wasm/wasm_engine.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { type NetworkSpec, parseNetworkSpec } from "../../src/network/spec.ts";
import { structureOf } from "../../src/network/structure.ts";
import { drawKey, STREAM } from "../../src/random.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest, gpuEngineTest } from "./engines.ts";
import {
  drawParameters,
  drawSamples,
  type Layers,
  layersIn,
  type NetworkCase,
  networkCases,
  networkSpecs,
  withEncoder,
  withLayers,
} from "./network_cases.ts";
import { PYTORCH_CASES, readPytorchCase } from "./pytorch_cases.ts";
import { encodeSample, gradientOf, runForward, widen } from "./reference_network.ts";

const SEED = 17, EPOCH = 3;
/** Within this distance of a threshold, float32 and float64 may decide a spike differently. */
const MARGIN = 1e-4;
/** The tolerance of gradients, as in reference cases. */
const CLOSE = { relative: 1e-4, absolute: 1e-5 };

/** Spikes always, or never, take the sparse product. */
const ALWAYS_ROWS = { matmul: Infinity, gradient: Infinity }, NEVER_ROWS = { matmul: -1, gradient: -1 };

const modules = { relaxed: await loadKernels("relaxed"), plain: await loadKernels("plain") };

/** A batch's loss and dense gradient by the float64 reference. */
function referenceBatch({ spec, parameters, samples }: NetworkCase) {
  const wide = widen(parameters);
  const gradient = new Map([...wide].map(([name, { length }]) => [name, new Float64Array(length)]));
  let loss = 0, spikes = 0, margin = Infinity;
  for (let sample = 0; sample < samples.count; sample++) {
    const x = encodeSample(spec, samples, sample, drawKey(SEED, STREAM.training, EPOCH, sample));
    const label = samples.labels[sample]!;
    const forward = runForward(spec, wide, x, label);
    loss += forward.loss;
    spikes += forward.spikes;
    margin = Math.min(margin, forward.margin);
    for (const [name, tensor] of gradientOf(wide, forward)) {
      tensor.forEach((value, i) => gradient.get(name)![i]! += value / samples.count);
    }
  }
  return { loss, spikes, margin, gradient };
}

type Open = (options: Pick<WasmEngineOptions, "spec" | "seed" | "batchSize">) => Promise<Engine & Disposable>;

/** Opens a WASM engine on 0 threads. */
function wasm(variant: Variant, options: Pick<WasmEngineOptions, "skip" | "denseFrom"> = {}): Open {
  const kernels = modules[variant];
  return (others) => Promise.resolve(createWasmEngine({ ...options, ...others, kernels, threads: 0 }));
}

/** A batch's loss and gradient by an engine: the velocity after one batch, since it starts at 0. */
async function engineBatch({ spec, parameters, samples }: NetworkCase, open: Open) {
  using engine = await open({ spec, seed: SEED, batchSize: samples.count });
  await engine.setParameters(parameters);
  const result = await engine.train(batchOf(samples, undefined, EPOCH), { learningRate: 0.1, momentum: 0.5 });
  return { ...result, gradient: (await engine.getState()).moments.get("velocity")! };
}

type Expected = Pick<ReturnType<typeof referenceBatch>, "loss" | "gradient" | "spikes">;

async function assertAgreement(network: NetworkCase, expected: Expected, open: Open): Promise<void> {
  const found = await engineBatch(network, open);
  assert.equal(found.spikes, expected.spikes);
  assertClose([found.loss], [expected.loss], "loss", CLOSE);
  assert.deepEqual([...found.gradient.keys()], [...expected.gradient.keys()]);
  for (const [name, tensor] of expected.gradient) {
    // The terms of a sum may be as large as the tensor's largest number, and cancel.
    const largest = tensor.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const close = { ...CLOSE, absolute: CLOSE.absolute * largest };
    assertClose(found.gradient.get(name)!, tensor, `gradient of ${name}`, close);
  }
}

/** Compares an engine with the reference on `numRuns` drawn networks without a potential near its threshold. */
async function assertAgreementOf(
  specs: fc.Arbitrary<NetworkSpec>,
  numRuns: number,
  samples = 2,
  open?: Open,
): Promise<void> {
  let fired = 0;
  await fc.assert(
    fc.asyncProperty(
      networkCases({ samples, specs, unequal: true }),
      fc.constantFrom<Variant>("relaxed", "plain"),
      fc.constantFrom(undefined, ALWAYS_ROWS, NEVER_ROWS),
      async (network, variant, denseFrom) => {
        const expected = referenceBatch(network);
        fc.pre(expected.margin > MARGIN);
        if (expected.spikes > 0) fired++;
        await assertAgreement(network, expected, open ?? wasm(variant, denseFrom && { denseFrom }));
      },
    ),
    { seed: 2, numRuns },
  );
  const layers = structureOf(fc.sample(specs, { seed: 2, numRuns: 1 })[0]!).populations.length;
  assert.ok(layers === 1 || fired > numRuns / 2, `${fired} of ${numRuns} networks fired`);
}

/** The first drawn case that has no potential near its threshold. */
function caseWithMargin(spec: NetworkSpec, samples: number, arePixels: boolean, margin = MARGIN) {
  for (let seed = 0; seed < 200; seed++) {
    const network = {
      spec,
      parameters: drawParameters(spec, seed),
      samples: drawSamples(spec, seed, samples, arePixels),
    };
    const expected = referenceBatch(network);
    if (expected.margin > margin) return { network, expected };
  }
  throw new Error("no draw of 200 keeps every potential off the threshold");
}

for (const variant of ["relaxed", "plain"] as const) {
  for (const name of PYTORCH_CASES) {
    Deno.test(`train() gives PyTorch's gradient on ${name} (${variant} build)`, async () => {
      const { spec, samples, parameters, gradient, floats } = readPytorchCase(name);
      const found = await engineBatch({ spec, samples, parameters }, wasm(variant));
      assertClose([found.loss / found.total], floats("loss"), "loss", CLOSE);
      for (const [key, tensor] of gradient) {
        assertClose(found.gradient.get(key)!, tensor, `gradient of ${key}`, CLOSE);
      }
    });
  }
}

/** A network of other layers, without a firing rate in its loss if none of the layers can learn one. */
function ofLayers(spec: NetworkSpec, layers: Layers): NetworkSpec {
  const { rate, ...loss } = spec.loss;
  const hasSurrogate = layers.slice(0, -1).some(({ neuron }) => neuron.kind === "lif");
  return withLayers({ ...spec, loss: rate && hasSurrogate ? { ...loss, rate } : loss }, () => layers);
}

Deno.test("train() gives the dense gradient of drawn networks", async () => {
  await assertAgreementOf(networkSpecs, 400);
});

gpuEngineTest("train() gives the dense gradient of drawn networks", async (start) => {
  await assertAgreementOf(networkSpecs, 25, 3, start);
});

engineTest(
  "train() gives the dense gradient of recurrent layers with more units than a device's workgroup",
  async (start) => {
    const spec = parseNetworkSpec({
      inputs: 9,
      steps: 6,
      layers: [
        {
          units: 131,
          recurrent: true,
          delay: 1,
          neuron: { kind: "lif", decay: 0.9, threshold: 0.5, adaptation: 0.3 },
        },
        { units: 70, recurrent: true, neuron: { kind: "graded", decay: 0.9, threshold: 0.5, penalty: 0.5 } },
        { units: 3, neuron: { kind: "integrator", decay: 0.9 } },
      ],
    });
    const { network, expected } = caseWithMargin(spec, 2, false);
    assert.ok(expected.spikes > 100);
    await assertAgreement(network, expected, start);
  },
);

Deno.test("train() gives the dense gradient of a single layer", async () => {
  await assertAgreementOf(
    networkSpecs.map((spec) => ofLayers(spec, layersIn(spec).slice(-1))),
    150,
  );
});

for (const count of [3, 4]) {
  Deno.test(`train() gives the dense gradient of ${count} layers`, async () => {
    await assertAgreementOf(
      fc.tuple(networkSpecs, networkSpecs, networkSpecs, networkSpecs).map(([spec, ...others]) =>
        ofLayers(
          spec,
          [...others.map((other) => layersIn(other)[0]!), ...layersIn(spec)]
            .filter(({ neuron }, i, all) => neuron.kind !== "integrator" || i === all.length - 1)
            .slice(-count),
        )
      ).filter((spec) => layersIn(spec).length === count),
      100,
    );
  });
}

Deno.test("train() gives the dense gradient of each combination of delays", async () => {
  for (const delays of [[0, 0], [0, 1], [1, 0], [1, 1], [1, 0, 1], [0, 1, 0]] as const) {
    const neuron = { kind: "graded", decay: 0.9, threshold: 0.5, penalty: 0.75 } as const;
    const notebook = notebookNetwork({ inputs: 9, steps: 7, beginEval: 2 });
    const spec = withLayers(
      notebook,
      () => delays.map((delay, i) => ({ units: [7, 6, 5][i]!, delay, neuron })),
    );
    const { network, expected } = caseWithMargin(spec, 3, false);
    assert.ok(expected.spikes > 0);
    await assertAgreement(network, expected, wasm("relaxed"));
  }
});

for (
  const options of [
    { inputs: 37, hidden: 13, classes: 5, steps: 19 },
    { inputs: 30, hidden: 9, classes: 3, steps: 12, beginEval: 4 },
    { inputs: 33, hidden: 17, classes: 10, steps: 9, beginEval: 8 },
    { inputs: 1, hidden: 1, classes: 1, steps: 1 },
    { inputs: 5, hidden: 8, classes: 2, steps: 2, threshold: 0.25 },
    { inputs: 63, hidden: 16, classes: 4, steps: 6, decay: 1, threshold: -0.5, penalty: 0 },
  ]
) {
  for (const arePixels of [true, false]) {
    const features = arePixels ? "pixels" : "floats";
    Deno.test(`train() gives the dense gradient of notebookNetwork(${JSON.stringify(options)}) on ${features}`, async () => {
      const { network, expected } = caseWithMargin(notebookNetwork(options), 5, arePixels);
      await assertAgreement(network, expected, wasm("relaxed"));
      await assertAgreement(network, expected, wasm("plain"));
    });
  }
}

for (
  const encoder of [
    { kind: "poisson", rate: 0.2, offset: 0 },
    { kind: "poisson", rate: 1, offset: 0 },
    { kind: "latency", timing: "linear", threshold: 0.05, offset: 0 },
    { kind: "delta", threshold: 0.4, channels: "both", offset: 0 },
    { kind: "direct", offset: 0 },
  ] as const
) {
  Deno.test(`train() gives the dense gradient of many units fed by ${JSON.stringify(encoder)}`, async () => {
    // With so many units, inputs of mostly zeros take the sparse product.
    const spec = notebookNetwork({
      inputs: 38,
      hidden: 75,
      classes: 5,
      steps: 11,
      threshold: 0.5,
      penalty: 0.75,
    });
    const { network, expected } = caseWithMargin(withEncoder(spec, encoder), 3, true);
    assert.ok(expected.spikes > 0);
    await assertAgreement(network, expected, wasm("relaxed"));
    await assertAgreement(network, expected, wasm("plain"));
  });
}

Deno.test("train() gives the dense gradient at the notebook's full size", async () => {
  // None of 28,160 potentials may be near its threshold, so the margin is smaller; sums of 784 float32 stay within it.
  const { network, expected } = caseWithMargin(notebookNetwork(), 2, true, 2e-5);
  assert.ok(expected.spikes > 0);
  await assertAgreement(network, expected, wasm("relaxed"));
  await assertAgreement(network, expected, wasm("plain"));
});

Deno.test("train() gives the dense gradient of feedForwardNetwork()", async () => {
  for (const options of [{ inputs: 37, hidden: 13, classes: 5 }, { inputs: 784, hidden: 100, classes: 10 }]) {
    for (const arePixels of [true, false]) {
      const { network, expected } = caseWithMargin(feedForwardNetwork(options), 7, arePixels, 1e-5);
      await assertAgreement(network, expected, wasm("relaxed"));
      await assertAgreement(network, expected, wasm("plain"));
    }
  }
});

Deno.test("train() gives the gradient of a feed-forward ReLU network for feedForwardNetwork()", async () => {
  // Without time and without the reference network: h = max(0, W₁x + b₁), z = W₂h + b₂.
  const spec = feedForwardNetwork({ inputs: 11, hidden: 6, classes: 3 });
  const { network } = caseWithMargin(spec, 1, true);
  const [w1, b1, w2, b2] = [...network.parameters.values()];
  const x = Array.from(network.samples.features, (pixel) => pixel / 255 - 0.5);
  const h = Array.from(
    b1!,
    (b, n) => Math.max(0, b + x.reduce((sum, value, k) => sum + value * w1![n * 11 + k]!, 0)),
  );
  const z = Array.from(b2!, (b, n) => b + h.reduce((sum, value, k) => sum + value * w2![n * 6 + k]!, 0));
  const total = z.reduce((sum, value) => sum + Math.exp(value), 0);
  const dz = z.map((value, n) => Math.exp(value) / total - (n === network.samples.labels[0] ? 1 : 0));
  const dh = h.map((value, k) => value > 0 ? dz.reduce((sum, d, n) => sum + d * w2![n * 6 + k]!, 0) : 0);
  const { gradient } = await engineBatch(network, wasm("relaxed"));
  assertClose(gradient.get("fc2.bias")!, dz, "fc2.bias");
  assertClose(gradient.get("fc2.weight")!, dz.flatMap((d) => h.map((value) => d * value)), "fc2.weight");
  assertClose(gradient.get("fc1.bias")!, dh, "fc1.bias");
  assertClose(gradient.get("fc1.weight")!, dh.flatMap((d) => x.map((value) => d * value)), "fc1.weight");
});

Deno.test("train() updates parameters by v ← m·v + g; w ← w − lr·v over three batches", async () => {
  const { network } = caseWithMargin(
    notebookNetwork({ inputs: 13, hidden: 7, classes: 3, steps: 6 }),
    4,
    false,
    1e-3,
  );
  const { spec, samples } = network;
  const step = { learningRate: 0.01, momentum: 0.5 }; // small, so that no potential comes near its threshold
  using engine = createWasmEngine({ spec, kernels: modules.relaxed, threads: 0, seed: SEED, batchSize: 4 });
  await engine.setParameters(network.parameters);
  const parameters = widen(network.parameters);
  const velocity = new Map([...parameters].map(([name, { length }]) => [name, new Float64Array(length)]));
  for (let batch = 0; batch < 3; batch++) {
    const narrow = new Map([...parameters].map(([name, tensor]) => [name, Float32Array.from(tensor)]));
    const { gradient, margin } = referenceBatch({ spec, samples, parameters: narrow });
    assert.ok(margin > MARGIN);
    for (const [name, g] of gradient) {
      const v = velocity.get(name)!, w = parameters.get(name)!;
      g.forEach((value, i) => {
        v[i] = step.momentum * v[i]! + value;
        w[i]! -= step.learningRate * v[i]!;
      });
    }
    await engine.train(batchOf(samples, undefined, EPOCH), step);
  }
  for (const [name, tensor] of await engine.getParameters()) {
    assertClose(tensor, parameters.get(name)!, name, CLOSE);
  }
  for (const [name, tensor] of (await engine.getState()).moments.get("velocity")!) {
    assertClose(tensor, velocity.get(name)!, name, CLOSE);
  }
});
