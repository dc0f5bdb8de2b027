import assert from "node:assert/strict";
import { chooseByAdapter, chooseByTime, type Measurement, WORTHWHILE } from "../../src/engine/auto.ts";
import { askForAdapter, type AutoOptions, findChoice, readChoices } from "../../src/engine/auto_file.ts";
import { createEngine, type EngineOptions, sizeOfEngine } from "../../src/engine/choose.ts";
import type { Gpu } from "../../src/engine/gpu/adapter.ts";
import { timeTraining } from "../../src/engine/measure.ts";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { ENCODERS } from "../../src/network/encoders.ts";
import type { LifNeuron } from "../../src/network/neurons.ts";
import type { LayerSpec } from "../../src/network/spec.ts";
import { denseNetwork, seedNetwork } from "../../src/network/presets.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { startEngine } from "./batches.ts";

const CARD = { name: "a card", isSoftware: false };
const took = (wasm: number, hybrid: number | string, webgpu: number | string): Measurement[] => [
  { engine: "wasm", seconds: wasm },
  { engine: "hybrid", seconds: hybrid },
  { engine: "webgpu", seconds: webgpu },
];

Deno.test("chooseByAdapter() takes wasm where there is no adapter, or one that computes on the CPU", () => {
  assert.deepEqual(chooseByAdapter(undefined), { engine: "wasm", reason: "no GPU adapter is found here" });
  assert.deepEqual(chooseByAdapter({ name: "llvmpipe", isSoftware: true }), {
    engine: "wasm",
    reason: "llvmpipe computes on the CPU",
  });
  assert.equal(chooseByAdapter(CARD), undefined);
});

Deno.test("chooseByTime() takes the fastest engine, and says what each took", () => {
  assert.deepEqual(chooseByTime(CARD, took(0.14, 0.05, 0.0123)), {
    engine: "webgpu",
    reason: "a batch took wasm 140 ms, hybrid 50 ms, webgpu 12.3 ms on a card",
  });
  assert.equal(chooseByTime(CARD, took(0.14, 0.05, 0.07)).engine, "hybrid");
  assert.equal(chooseByTime(CARD, took(0.01, 0.05, 0.07)).engine, "wasm");
});

Deno.test("chooseByTime() takes a GPU only where it wins by a tenth, and none that failed", () => {
  assert.equal(chooseByTime(CARD, took(1, WORTHWHILE + 0.001, 2)).engine, "wasm");
  assert.equal(chooseByTime(CARD, took(1, WORTHWHILE, 2)).engine, "hybrid");
  assert.deepEqual(chooseByTime(CARD, took(1, "it broke", "no room")), {
    engine: "wasm",
    reason: "a batch took wasm 1,000 ms, hybrid failed (it broke), webgpu failed (no room) on a card",
  });
});

Deno.test("sizeOfEngine() differs where anything differs that decides, and nowhere else", () => {
  const spec = seedNetwork(), options: EngineOptions = { spec, threads: 2 };
  const [hidden, top] = spec.layers;
  const withHidden = (changes: Partial<LayerSpec>): EngineOptions => ({
    ...options,
    spec: { ...spec, layers: [{ ...hidden!, ...changes }, top!] },
  });
  const lifOf = (constants: Partial<LifNeuron>) => withHidden({ neuron: lif(constants) });
  const others: readonly EngineOptions[] = [
    options,
    ...[{ steps: 127 }, { hidden: 101 }, { decay: 0.5 }].map((size) => ({
      ...options,
      spec: seedNetwork(size),
    })),
    { ...options, spec: denseNetwork() },
    { ...options, batchSize: 100 },
    { ...options, threads: 3 },
    { ...options, gpuMemory: 512 },
    { ...options, precision: "i16" },
    { ...options, skip: false },
    { ...options, record: true },
    { ...options, shards: 3 },
    withHidden({ recurrent: true }),
    withHidden({ delay: 0 }),
    withHidden({ neuron: { ...graded(), learn: ["decay"] } }),
    withHidden({ neuron: { ...graded(), learn: ["scale"] } }),
    withHidden({ neuron: { ...graded(), scale: 0.5 } }),
    lifOf({}),
    lifOf({ reset: "zero" }),
    lifOf({ synapticDecay: 0.5 }),
    lifOf({ surrogate: { kind: "boxcar", slope: 2 } }),
    { ...options, spec: { ...spec, readout: { ...spec.readout, from: "spikes" } } },
    { ...options, spec: { ...spec, readout: { ...spec.readout, reduce: "max" } } },
    { ...options, spec: { ...spec, encoder: { kind: "poisson", rate: 1, offset: 0 } } },
    { ...options, spec: { ...spec, encoder: { kind: "poisson", rate: 0.1, offset: 0 } } },
    { ...options, spec: { ...spec, loss: { kind: "meanSquaredError" } } },
  ];
  const keys = others.map(sizeOfEngine);
  assert.equal(new Set(keys).size, keys.length);
  for (const key of keys) assert.ok(!key.includes("\n") && key.length < 200, key);
  // What says the same in other words, and what changes no time, is the same.
  const turned = { ...spec, layers: spec.layers.map(({ neuron, ...rest }) => ({ neuron, ...rest })) };
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

/** A runtime with one adapter or none, which counts how often it was asked for it. */
function runtimeWith(name: string | undefined) {
  const asked = { times: 0 };
  const adapter: GPUAdapter = Object.create(null, {
    info: { value: { description: name, vendor: "", architecture: "", device: "" } },
    limits: { value: {} },
  });
  const gpu: Gpu = {
    requestAdapter() {
      asked.times++;
      return Promise.resolve(name === undefined ? null : adapter);
    },
  };
  return { asked, gpu };
}

/** How a machine's choices are found over several starts, with one file. */
function startsIn(folder: string) {
  const file = `${folder}/.spikelet/engines.json`;
  return {
    file,
    async start(name: string | undefined, change: Partial<AutoOptions> = {}) {
      const { asked, gpu } = runtimeWith(name);
      const notices: string[] = [];
      let measured = 0;
      const choice = await findChoice({
        machine: "this one",
        size: "small",
        gpu,
        measure() {
          measured++;
          return Promise.resolve(took(1, 0.5, 0.7));
        },
        onNotice: (line) => notices.push(line),
        file,
        ...change,
      });
      return { choice, asked: asked.times > 0, measured, notices };
    },
  };
}

Deno.test("findChoice() measures once, says so in one line, and remembers", async () => {
  await inTemporaryFolder(async (folder) => {
    const { start, file } = startsIn(folder);
    const first = await start("a card");
    assert.equal(first.choice.engine, "hybrid");
    assert.equal(first.measured, 1);
    assert.deepEqual(first.notices, [
      `auto takes hybrid: a batch took wasm 1,000 ms, hybrid 500 ms, webgpu 700 ms on a card; remembered in ${file}`,
    ]);
    assert.deepEqual(await start("a card"), { choice: first.choice, asked: false, measured: 0, notices: [] });
    const other = await start("a card", { size: "large" });
    assert.deepEqual([other.asked, other.measured], [true, 1]);
    assert.deepEqual(Object.keys(readChoices("this one", file)!.choices), ["a card: small", "a card: large"]);
  });
});

Deno.test("findChoice() never measures a software adapter or none, and asks for it once a day", async () => {
  for (const name of [undefined, "llvmpipe (LLVM 15)", "SwiftShader Device"]) {
    await inTemporaryFolder(async (folder) => {
      const { start, file } = startsIn(folder);
      for (const asked of [true, false, false]) {
        const found = await start(name);
        assert.equal(found.choice.engine, "wasm");
        assert.deepEqual([found.asked, found.measured, found.notices], [asked, 0, []]);
      }
      const known = JSON.parse(await Deno.readTextFile(file));
      await Deno.writeTextFile(file, JSON.stringify({ ...known, asked: known.asked - 25 * 3600 * 1000 }));
      const later = await start("a card");
      assert.deepEqual([later.choice.engine, later.asked, later.measured], ["hybrid", true, 1]);
    });
  }
});

Deno.test("askForAdapter() asks in place of the process that trains, once a day", async () => {
  for (
    const [name, engine] of [[undefined, "wasm"], ["llvmpipe (LLVM 15)", "wasm"], [
      "a card",
      "hybrid",
    ]] as const
  ) {
    await inTemporaryFolder(async (folder) => {
      const { start, file } = startsIn(folder);
      for (const times of [true, false]) {
        const { asked, gpu } = runtimeWith(name);
        await askForAdapter({ machine: "this one", gpu, file });
        assert.equal(asked.times > 0, times);
      }
      const { choice, asked } = await start(name);
      assert.deepEqual([choice.engine, asked], [engine, engine === "hybrid"]); // what is to be measured is asked for
      const known = readChoices("this one", file)!;
      await Deno.writeTextFile(file, JSON.stringify({ ...known, asked: known.asked - 25 * 3600 * 1000 }));
      const { asked: later, gpu } = runtimeWith("another card");
      await askForAdapter({ machine: "this one", gpu, file });
      assert.ok(later.times > 0);
      assert.deepEqual(readChoices("this one", file)?.adapter?.name, "another card");
      assert.deepEqual(readChoices("this one", file)?.choices, known.choices);
    });
  }
});

Deno.test("askForAdapter() does not ask a driver again that did not get to answer", async () => {
  await inTemporaryFolder(async (folder) => {
    const { start, file } = startsIn(folder);
    const gpu: Gpu = { requestAdapter: () => Promise.reject(new Error("the driver ends the process")) };
    await assert.rejects(askForAdapter({ machine: "this one", gpu, file }), /ends the process/);
    await askForAdapter({ machine: "this one", gpu, file });
    const { choice, asked } = await start("a card");
    assert.deepEqual([choice.engine, asked], ["wasm", false]);
  });
});

Deno.test("findChoice() measures anew where the adapter, the machine or the file is another", async () => {
  await inTemporaryFolder(async (folder) => {
    const { start, file } = startsIn(folder);
    await start("a card");
    assert.equal((await start("a card", { machine: "another" })).measured, 1);
    await Deno.writeTextFile(file, "{");
    assert.equal((await start("a card")).measured, 1);
    const known = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify({ ...known, asked: 0 }));
    assert.equal((await start("a card")).measured, 0); // asked again, and it is the same
    await Deno.writeTextFile(file, JSON.stringify({ ...known, asked: 0 }));
    assert.equal((await start("another card")).measured, 1);
  });
});

Deno.test("sizeOfEngine() is of the batches that are trained with", () => {
  const spec = seedNetwork();
  assert.match(sizeOfEngine({ spec, batchSize: 1000, usualBatchSize: 64 }), /batches of 64,/);
  assert.match(sizeOfEngine({ spec, batchSize: 500 }), /batches of 500,/);
  assert.match(sizeOfEngine({ spec }), /batches of 1000,.* 1024 MiB, [0-9a-f]{16}$/);
});

Deno.test("createEngine() takes wasm for auto and asks for no adapter, without tuning or in integers", async () => {
  const { asked, gpu } = runtimeWith("a card");
  const spec = seedNetwork({ inputs: 4, hidden: 4, classes: 2, steps: 3 });
  for (const options of [{}, { tune: true, precision: "i16" as const }]) {
    using engine = await createEngine({ spec, gpu, threads: 1, ...options });
    assert.equal(engine.name, "wasm");
  }
  assert.equal(asked.times, 0);
});

Deno.test("timeTraining() takes a network of any encoder", async () => {
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

Deno.test("timeTraining() trains with batches of the asked size, or fewer samples of a large network", async () => {
  for (const spec of [seedNetwork({ inputs: 30, hidden: 5, steps: 4 }), denseNetwork({ inputs: 3 })]) {
    using engine = await startEngine({ spec, threads: 0, batchSize: 20 });
    assert.ok(await timeTraining(engine, spec, 20) > 0);
  }
});
