import assert from "node:assert/strict";
import fc from "fast-check";
import { createEngine } from "../../../src/engine/choose.ts";
import { createWebGpuEngine, type WebGpuEngineOptions } from "../../../src/engine/webgpu/webgpu_engine.ts";
import { initialParameters } from "../../../src/network/initialise.ts";
import { notebookNetwork } from "../../../src/network/presets.ts";
import { parseNetworkSpec } from "../../../src/network/spec.ts";
import { drawKey, STREAM } from "../../../src/random.ts";
import { assertClose } from "../../asm/numbers.ts";
import { batchesOf, batchOf, bitsOf } from "../batches.ts";
import { answered } from "../deadline.ts";
import { gpuTest, watchedGpu } from "../gpu/gpu.ts";
import { drawParameters, drawSamples, type NetworkCase, networkCases } from "../network_cases.ts";
import { encodeSample, gradientOf, runForward, widen } from "../reference_network.ts";

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

/** An engine with its network's first parameters. */
async function startEngine(options: Partial<WebGpuEngineOptions> = {}) {
  const engine = await createWebGpuEngine({ spec: SPEC, ...options });
  await engine.setParameters(initialParameters(options.spec ?? SPEC, 0));
  return engine;
}

/** What the dense reference says of all samples in one batch, in float64; undefined where a gate is near its threshold. */
function referenceBatch({ spec, parameters, samples }: NetworkCase) {
  const wide = widen(parameters);
  const gradient = new Map([...wide].map(([name, { length }]) => [name, new Float64Array(length)]));
  let loss = 0, spikes = 0;
  for (let sample = 0; sample < samples.count; sample++) {
    const x = encodeSample(spec, samples, sample, drawKey(17, STREAM.training, 1, sample));
    const forward = runForward(spec, wide, x, samples.labels[sample]!);
    if (forward.margin < 1e-4) return undefined;
    loss += forward.loss;
    spikes += forward.spikes;
    for (const [name, tensor] of gradientOf(spec, wide, x, samples.labels[sample]!, forward)) {
      tensor.forEach((value, i) => gradient.get(name)![i]! += value / samples.count);
    }
  }
  return { loss, spikes, gradient };
}

/** Holds one batch's loss, spikes and gradient to the reference's. */
async function assertAgreement(
  { spec, parameters, samples }: NetworkCase,
  expected: NonNullable<ReturnType<typeof referenceBatch>>,
): Promise<void> {
  using engine = await createWebGpuEngine({ spec, seed: 17, batchSize: 3 });
  await engine.setParameters(parameters);
  const { loss, spikes } = await engine.train(batchOf(samples), STEP);
  assert.equal(spikes, expected.spikes);
  assertClose([loss], [expected.loss], "loss", { relative: 1e-4, absolute: 1e-5 });
  const { moments } = await engine.getState();
  for (const [name, tensor] of expected.gradient) {
    const found = moments.get("velocity")!.get(name)!;
    // Numbers of a tensor are sums of terms that may be as large as its largest number, and cancel.
    const largest = tensor.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    assertClose(found, tensor, `gradient of ${name}`, { relative: 1e-4, absolute: 1e-5 * largest });
  }
}

gpuTest("train() gives the dense gradient for any network, and all of its spikes", async () => {
  await fc.assert(
    fc.asyncProperty(networkCases({ samples: 3, unequal: true }), async (network) => {
      const expected = referenceBatch(network);
      fc.pre(expected !== undefined);
      await assertAgreement(network, expected);
    }),
    { seed: 3, numRuns: 25 },
  );
});

gpuTest(
  "train() gives the dense gradient of recurrent layers with more units than a group of calls",
  async () => {
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
    for (let seed = 0;; seed++) {
      const network = {
        spec,
        parameters: drawParameters(spec, seed),
        samples: drawSamples(spec, seed, 2, false),
      };
      const expected = referenceBatch(network);
      if (!expected) continue; // a gate near its threshold: float32 may decide otherwise
      assert.ok(expected.spikes > 100);
      await assertAgreement(network, expected);
      return;
    }
  },
);

gpuTest("webgpu and wasm train to the same weights, and name the same classes", async () => {
  const samples = drawSamples(SPEC, 5, 150, true);
  const ends = [];
  for (const name of ["wasm", "webgpu"] as const) {
    using engine = await createEngine({ spec: SPEC, engine: name, threads: 1, seed: 3, batchSize: 150 });
    await engine.setParameters(initialParameters(SPEC, 3));
    for (const batch of batchesOf(samples, 40)) await engine.train(batch, STEP);
    const { spikes, unitSpikes } = await engine.train(batchOf(samples), { learningRate: 0, momentum: 0 });
    ends.push({
      forward: { spikes, unitSpikes }, // with weights that are the same but for their last bits
      result: await engine.evaluate(batchOf(samples)),
      parameters: await engine.getParameters(),
    });
  }
  const [wasm, webgpu] = ends;
  assert.ok(wasm!.forward.spikes > 0);
  for (const [name, tensor] of wasm!.parameters) {
    assertClose(webgpu!.parameters.get(name)!, tensor, name, { relative: 0, absolute: 1e-5 });
  }
  const { loss, correct, ...counted } = webgpu!.result;
  assert.ok(Math.abs(correct - wasm!.result.correct) <= 1);
  assert.equal(counted.total, wasm!.result.total);
  assert.deepEqual(webgpu!.forward, wasm!.forward);
  assertClose([loss], [wasm!.result.loss], "loss");
});

gpuTest("the same seed gives the same bits, run after run", async () => {
  const ends = [];
  for (const seed of [8, 8, 9]) {
    using engine = await startEngine({ seed });
    const results = [];
    for (const batch of BATCHES) results.push(await engine.train(batch, STEP));
    ends.push({ results, ...bitsOf(await engine.getParameters()) });
  }
  assert.deepEqual(ends[1], ends[0]);
  assert.notDeepEqual(ends[2], ends[0]);
});

gpuTest(
  "an epoch leaves no tensor behind, and takes no more memory than its first batches, however large batches are",
  async () => {
    using engine = await startEngine();
    const trainAll = async () => {
      for (const batch of [...BATCHES, batchOf(SAMPLES, [1, 2, 3]), batchOf(SAMPLES)]) {
        await engine.train(batch, STEP);
        await engine.evaluate(batch);
      }
    };
    await trainAll();
    const first = engine.memory;
    for (let epoch = 0; epoch < 3; epoch++) await trainAll();
    assert.deepEqual(engine.memory, first);
  },
);

gpuTest(
  "setParameters() comes before a train() that is called after it, and forgets the velocity",
  async () => {
    using engine = await startEngine();
    using fresh = await startEngine();
    const parameters = initialParameters(SPEC, 99);
    await engine.train(BATCHES[1]!, STEP);
    engine.setParameters(parameters);
    const result = await engine.train(BATCHES[0]!, STEP);
    await fresh.setParameters(parameters);
    assert.deepEqual(result, await fresh.train(BATCHES[0]!, STEP));
    assert.deepEqual(await engine.getState(), await fresh.getState());
  },
);

gpuTest(
  "a lost device rejects the batch that it was lost in, and all later calls; what was answered before holds",
  async () => {
    const { gpu, devices } = watchedGpu();
    const engine = await startEngine({ gpu });
    await engine.train(BATCHES[0]!, STEP);
    const state = await engine.getState();
    const calls = [engine.train(BATCHES[1]!, STEP), engine.train(BATCHES[2]!, STEP), engine.getParameters()];
    devices[0]!.destroy();
    const lost = { name: "EngineError", message: /the GPU device was lost/ };
    for (const call of calls) await assert.rejects(answered(Promise.resolve<unknown>(call)), lost);
    await assert.rejects(answered(engine.evaluate(BATCHES[0]!)), lost);
    engine.close();
    using next = await startEngine();
    await next.setState(state);
    using whole = await startEngine();
    await whole.train(BATCHES[0]!, STEP);
    assert.deepEqual(await next.train(BATCHES[1]!, STEP), await whole.train(BATCHES[1]!, STEP));
  },
);

gpuTest("a network that is too large for the device is refused before anything is begun", async () => {
  const steps = notebookNetwork({ inputs: 131_072, hidden: 1, classes: 1, steps: 65_536 });
  await assert.rejects(createWebGpuEngine({ spec: steps }), {
    name: "EngineError",
    message: /the inputs of all steps take 32,768 MiB/,
  });
  const weights = notebookNetwork({ inputs: 131_072, hidden: 65_536, classes: 1, steps: 1 });
  await assert.rejects(createWebGpuEngine({ spec: weights }), {
    name: "EngineError",
    message: /one layer's weights take/,
  });
  await assert.rejects(createWebGpuEngine({ spec: notebookNetwork(), gpuMemory: 1 }), {
    name: "EngineError",
    message: /^--gpu-memory 1: .* give at least 3, /,
  });
});

gpuTest("counts tell what a batch asks of the device", async () => {
  using engine = await startEngine();
  await engine.train(BATCHES[0]!, STEP);
  const before = engine.counts;
  await engine.train(BATCHES[1]!, STEP);
  const after = engine.counts;
  assert.equal(after.dispatches - before.dispatches, 30);
  assert.equal(after.bytesUp - before.bytesUp, 4 * 50 * (29 + 2 + 6) + 8); // features, keys, facts; two factors of 1
  // Loss, class, spikes; spikes of each hidden unit; two numbers a tensor, of which the gradient's norms are made.
  assert.equal(after.bytesDown - before.bytesDown, 4 * (50 * 3 + 19 + 2 * 4));
});
