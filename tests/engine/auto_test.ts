import assert from "node:assert/strict";
import { chooseByAdapter, chooseByTime, type Measurement, WORTHWHILE } from "../../src/engine/auto.ts";
import { readChoices } from "../../src/engine/auto_file.ts";
import { createEngine, type EngineOptions, sizeOfEngine } from "../../src/engine/create_engine.ts";
import type { Gpu } from "../../src/engine/gpu/adapter.ts";
import { timeTraining } from "../../src/engine/measure.ts";
import { findUntriedGpu, tuneEngines } from "../../src/engine/tune.ts";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { ENCODERS } from "../../src/network/encoders.ts";
import type { LifNeuron } from "../../src/network/neurons.ts";
import type { LayerSpec } from "../../src/network/spec.ts";
import { withEncoder, withLayers } from "./network_cases.ts";
import { feedForwardNetwork, notebookNetwork } from "../../src/network/presets.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { startEngine } from "./batches.ts";

const CARD = { name: "a card", isSoftware: false };
const took = (wasm: number, hybrid: number | string, webgpu: number | string): Measurement[] => [
  { engine: "wasm", seconds: wasm },
  { engine: "hybrid", seconds: hybrid },
  { engine: "webgpu", seconds: webgpu },
];

Deno.test("chooseByAdapter() takes wasm without an adapter, and with one that computes on the CPU", () => {
  assert.deepEqual(chooseByAdapter(undefined), { engine: "wasm", reason: "no GPU adapter is found here" });
  assert.deepEqual(chooseByAdapter({ name: "llvmpipe", isSoftware: true }), {
    engine: "wasm",
    reason: "llvmpipe computes on the CPU",
  });
  assert.equal(chooseByAdapter(CARD), undefined);
});

Deno.test("chooseByTime() takes the fastest engine and gives the times of all", () => {
  assert.deepEqual(chooseByTime(CARD, took(0.14, 0.05, 0.0123)), {
    engine: "webgpu",
    reason: "a batch took wasm 140 ms, hybrid 50 ms, webgpu 12.3 ms on a card",
  });
  assert.equal(chooseByTime(CARD, took(0.14, 0.05, 0.07)).engine, "hybrid");
  assert.equal(chooseByTime(CARD, took(0.01, 0.05, 0.07)).engine, "wasm");
});

Deno.test("chooseByTime() takes a GPU only if it is faster by a tenth and did not fail", () => {
  assert.equal(chooseByTime(CARD, took(1, WORTHWHILE + 0.001, 2)).engine, "wasm");
  assert.equal(chooseByTime(CARD, took(1, WORTHWHILE, 2)).engine, "hybrid");
  assert.deepEqual(chooseByTime(CARD, took(1, "it broke", "no room")), {
    engine: "wasm",
    reason: "a batch took wasm 1,000 ms, hybrid failed (it broke), webgpu failed (no room) on a card",
  });
});

Deno.test("sizeOfEngine() differs exactly where an option changes the time of a batch", () => {
  const spec = notebookNetwork(), options: EngineOptions = { spec, threads: 2 };
  const withHidden = (changes: Partial<LayerSpec>): EngineOptions => ({
    ...options,
    spec: withLayers(spec, ([hidden, top]) => [{ ...hidden, ...changes }, top]),
  });
  const lifOf = (constants: Partial<LifNeuron>) => withHidden({ neuron: lif(constants) });
  const others: readonly EngineOptions[] = [
    options,
    ...[{ steps: 127 }, { hidden: 101 }, { decay: 0.5 }].map((size) => ({
      ...options,
      spec: notebookNetwork(size),
    })),
    { ...options, spec: feedForwardNetwork() },
    { ...options, batchSize: 100 },
    { ...options, threads: 3 },
    { ...options, gpuMemory: 512 },
    { ...options, precision: "i16" },
    { ...options, skip: false },
    { ...options, recordStates: true },
    { ...options, shards: 3 },
    withHidden({ recurrent: true }),
    withHidden({ delay: 0 }),
    withHidden({ neuron: { ...graded(), trainable: ["decay"] } }),
    withHidden({ neuron: { ...graded(), trainable: ["scale"] } }),
    withHidden({ neuron: { ...graded(), scale: 0.5 } }),
    lifOf({}),
    lifOf({ reset: "zero" }),
    lifOf({ synapticDecay: 0.5 }),
    lifOf({ surrogate: { kind: "boxcar", slope: 2 } }),
    { ...options, spec: { ...spec, readout: { ...spec.readout, from: "spikes" } } },
    { ...options, spec: { ...spec, readout: { ...spec.readout, reduce: "max" } } },
    { ...options, spec: withEncoder(spec, { kind: "poisson", rate: 1, offset: 0 }) },
    { ...options, spec: withEncoder(spec, { kind: "poisson", rate: 0.1, offset: 0 }) },
    { ...options, spec: { ...spec, loss: { kind: "meanSquaredError" } } },
  ];
  const keys = others.map(sizeOfEngine);
  assert.equal(new Set(keys).size, keys.length);
  for (const key of keys) assert.ok(!key.includes("\n") && key.length < 200, key);
  // The order of a description's fields, defaults written out, and options that change no time.
  const turned = { ...spec, nodes: spec.nodes.map(({ from, ...rest }) => ({ from, ...rest })) };
  for (
    const same of [
      { seed: 5 },
      { tune: true },
      { engine: "auto" },
      { precision: "f32" },
      { skip: true },
      { spec: turned },
      { batchSize: 1000 },
    ] as const
  ) assert.equal(sizeOfEngine({ ...options, ...same }), keys[0], JSON.stringify(same));
});

/** A runtime with one adapter or none, which counts the requests for it. */
function runtimeWith(name: string | undefined) {
  const requests = { count: 0 };
  const adapter: GPUAdapter = Object.create(null, {
    info: { value: { description: name, vendor: "", architecture: "", device: "" } },
    limits: { value: {} },
  });
  const gpu: Gpu = {
    requestAdapter() {
      requests.count++;
      return Promise.resolve(name === undefined ? null : adapter);
    },
  };
  return { requests, gpu };
}

const SMALL = { spec: notebookNetwork({ hidden: 6, steps: 5 }), threads: 1 };

/** Tunes on a machine on which the engines take 1, 0.5 and 0.7 s per batch. */
async function tune(folder: string, name: string | undefined, options: Partial<EngineOptions> = {}) {
  const file = `${folder}/.spikelet/engines.json`, timed: string[] = [];
  const choice = await tuneEngines({ ...SMALL, gpu: runtimeWith(name).gpu, ...options }, {
    machine: "this one",
    file,
    time: (engine) => Promise.resolve({ wasm: 1, hybrid: 0.5, webgpu: 0.7 }[engine]),
    onMeasurement: ({ engine }) => timed.push(engine),
  });
  return { choice, timed, file, remembered: readChoices("this one", file)?.choices };
}

Deno.test("tuneEngines() times every engine and stores the fastest for each size", async () => {
  await inTemporaryFolder(async (folder) => {
    const { choice, timed, remembered } = await tune(folder, "a card");
    assert.equal(choice.engine, "hybrid");
    assert.deepEqual(timed, ["wasm", "hybrid", "webgpu"]);
    assert.deepEqual(remembered, { [sizeOfEngine(SMALL)]: choice });
    const other = await tune(folder, "a card", { batchSize: 64 });
    assert.deepEqual(Object.keys(other.remembered!), [
      sizeOfEngine(SMALL),
      sizeOfEngine({ ...SMALL, batchSize: 64 }),
    ]);
  });
});

Deno.test("tuneEngines() takes wasm without timing if there is no GPU, and for integers", async () => {
  for (const name of [undefined, "llvmpipe (LLVM 15)", "SwiftShader Device"]) {
    await inTemporaryFolder(async (folder) => {
      const { choice, timed, remembered } = await tune(folder, name);
      assert.deepEqual([choice.engine, timed], ["wasm", []]);
      assert.deepEqual(remembered, { [sizeOfEngine(SMALL)]: choice });
    });
  }
  await inTemporaryFolder(async (folder) => {
    const { choice, timed } = await tune(folder, "a card", { precision: "i16" });
    assert.deepEqual([choice.engine, timed], ["wasm", []]);
  });
});

Deno.test("readChoices() ignores the choices of another machine and a damaged file", async () => {
  await inTemporaryFolder(async (folder) => {
    const { file } = await tune(folder, "a card");
    assert.equal(readChoices("another", file), undefined);
    await Deno.writeTextFile(file, "{");
    assert.equal(readChoices("this one", file), undefined);
    assert.equal((await tune(folder, "a card")).choice.engine, "hybrid");
  });
});

Deno.test("findUntriedGpu() looks once on a machine, and not after engines were timed", async () => {
  for (
    const [name, found] of [[undefined, undefined], ["llvmpipe (LLVM 15)", undefined], [
      "a card",
      "a card",
    ]] as const
  ) {
    await inTemporaryFolder(async (folder) => {
      const file = `${folder}/.spikelet/engines.json`;
      for (const expected of [found, undefined]) {
        const { gpu } = runtimeWith(name);
        assert.equal(await findUntriedGpu(gpu, { machine: "this one", file }), expected);
      }
    });
  }
  await inTemporaryFolder(async (folder) => {
    const { file } = await tune(folder, "a card"), { gpu, requests } = runtimeWith("a card");
    assert.equal(await findUntriedGpu(gpu, { machine: "this one", file }), undefined);
    assert.equal(requests.count, 0);
  });
});

Deno.test("findUntriedGpu() makes no second request to a driver that ended the process at the first", async () => {
  await inTemporaryFolder(async (folder) => {
    const where = { machine: "this one", file: `${folder}/.spikelet/engines.json` };
    const gpu: Gpu = { requestAdapter: () => Promise.reject(new Error("the driver ends the process")) };
    await assert.rejects(findUntriedGpu(gpu, where), /ends the process/);
    assert.equal(await findUntriedGpu(gpu, where), undefined);
  });
});

Deno.test("sizeOfEngine() gives the size of training batches", () => {
  const spec = notebookNetwork();
  assert.match(sizeOfEngine({ spec, batchSize: 1000, usualBatchSize: 64 }), /batches of 64,/);
  assert.match(sizeOfEngine({ spec, batchSize: 500 }), /batches of 500,/);
  assert.match(sizeOfEngine({ spec }), /batches of 1000,.* 1024 MiB, [0-9a-f]{16}$/);
});

Deno.test("createEngine() takes wasm for auto and requests no adapter, without tuning or in integers", async () => {
  const { requests, gpu } = runtimeWith("a card");
  const spec = notebookNetwork({ inputs: 4, hidden: 4, classes: 2, steps: 3 });
  for (const options of [{}, { tune: true, precision: "i16" as const }]) {
    using engine = await createEngine({ spec, gpu, threads: 1, ...options });
    assert.equal(engine.name, "wasm");
  }
  assert.equal(requests.count, 0);
});

Deno.test("timeTraining() times networks of every encoder", async () => {
  for (const kind of ENCODERS) {
    const channels = kind === "delta" ? 6 : 3;
    const spec = network({
      inputs: channels,
      steps: 5,
      encoder: { kind },
      layers: [layer(4, lif()), layer(2, integrator())],
    });
    using engine = await startEngine({ spec, threads: 0, batchSize: 20 });
    assert.ok(await timeTraining(engine, spec, 20) > 0, kind);
  }
});

Deno.test("timeTraining() times batches of the requested size, or smaller ones for a large network", async () => {
  for (
    const spec of [notebookNetwork({ inputs: 30, hidden: 5, steps: 4 }), feedForwardNetwork({ inputs: 3 })]
  ) {
    using engine = await startEngine({ spec, threads: 0, batchSize: 20 });
    assert.ok(await timeTraining(engine, spec, 20) > 0);
  }
});
