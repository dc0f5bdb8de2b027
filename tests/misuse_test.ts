/**
 * Mistakes of callers without types: each call rejects with a message of Spikelet's.
 *
 * @module
 */
import assert from "node:assert/strict";
import * as spikelet from "../mod.ts";
import { gpuTest } from "./engine/gpu/gpu.ts";

const { notebookNetwork, initialParameters, createWasmEngine } = spikelet;
const spec = notebookNetwork({ inputs: 9, hidden: 4, classes: 3, steps: 5 });
const kernels = await spikelet.loadKernels();
const parameters = initialParameters(spec, 0);
const samples = {
  name: "bars",
  count: 6,
  size: 9,
  features: new Float32Array(54),
  labels: new Uint8Array(6),
};
const batch = { samples, indices: Uint32Array.of(0), stream: 1, epoch: 1 };
const step = { learningRate: 0.1, momentum: 0 };
const model = { spec, parameters, metadata: {} };

/** Calls a function with arguments that TypeScript would refuse. */
const call = (name: string, ...values: unknown[]): unknown => {
  const callee: unknown = Reflect.get(spikelet, name);
  assert.ok(typeof callee === "function", name);
  return Reflect.apply(callee, undefined, values);
};
const trained = (changes: Readonly<Record<string, unknown>>) => async () => {
  using engine = createWasmEngine({ spec, kernels, threads: 0, batchSize: 6 });
  await call("train", engine, { samples, epochs: 1, batchSize: 2, step, seed: 0, ...changes });
};
const verb =
  (name: "setParameters" | "setState" | "train" | "evaluate" | "trace", ...values: unknown[]) => async () => {
    using engine = createWasmEngine({ spec, kernels, threads: 0 });
    const callee: unknown = engine[name];
    assert.ok(typeof callee === "function");
    await Reflect.apply(callee, engine, values);
  };

const MISUSE: Readonly<Record<string, readonly [call: () => unknown, message: RegExp]>> = {
  "an engine of no options": [() => call("createEngine"), /options: undefined, expected an object/],
  "an engine of no network": [() => call("createEngine", {}), /network: the whole: it is missing/],
  "an engine of an unknown name": [
    () => call("createEngine", { spec, engine: "fast" }),
    /engine: fast, expected auto, wasm, hybrid, webgpu/,
  ],
  "an unknown precision": [
    () => call("createEngine", { spec, precision: "f64" }),
    /precision: f64, expected f32 or i16/,
  ],
  "an engine without kernels": [() => call("createWasmEngine", { spec }), /kernels: undefined, expected/],
  "a hybrid engine without kernels": [
    () => call("createHybridEngine", { spec }),
    /kernels: undefined, expected/,
  ],
  "a WebGPU engine of no options": [() => call("createWebGpuEngine"), /options: undefined, expected/],
  "an unknown tile": [
    () => call("createWasmEngine", { spec, kernels, tile: "x" }),
    /tile: x, expected f32-4x8/,
  ],
  ...Object.fromEntries(
    [-1, NaN, 1.5, Infinity, 5000, "2", null].map((threads) => [
      `${threads} threads`,
      [
        () => call("createEngine", { spec, threads }),
        new RegExp(`threads: ${threads}, expected a whole number`),
      ],
    ]),
  ),
  "no thread at all, as a batch": [
    () => call("createEngine", { spec, batchSize: 0 }),
    /batchSize: 0, expected/,
  ],
  "half a seed": [() => call("createEngine", { spec, seed: 0.5 }), /seed: 0.5, expected/],
  "no memory of the GPU": [() => call("createEngine", { spec, gpuMemory: 0 }), /gpuMemory: 0, expected/],
  "a trace where no states are kept": [verb("trace", batch), /recordStates: true/],
  "no parameters": [verb("setParameters"), /parameters: expected a Map/],
  "parameters as an object": [verb("setParameters", { w1: [] }), /parameters: expected a Map/],
  "parameters as arrays": [
    verb(
      "setParameters",
      new Map([...parameters].map(([name, { length }]) => [name, Array(length).fill(0)])),
    ),
    /fc1\.weight: expected a Float32Array/,
  ],
  "no state": [verb("setState"), /state: undefined, expected/],
  "half a state": [verb("setState", { parameters, steps: 0 }), /state.moments: undefined, expected/],
  "no batch": [verb("train"), /batch: undefined, expected/],
  "no step": [verb("train", batch), /step: undefined, expected/],
  "indices as an array": [verb("evaluate", { ...batch, indices: [0] }), /indices: expected a Uint32Array/],
  "no stream": [verb("evaluate", { ...batch, stream: undefined }), /batch.stream: undefined, expected/],
  "half an epoch": [verb("evaluate", { ...batch, epoch: 0.5 }), /batch.epoch: 0.5, expected/],
  "features as an array": [
    verb("evaluate", { ...batch, samples: { ...samples, features: Array(54).fill(0) } }),
    /bars: samples.features: expected a Uint8Array, a Float32Array or events/,
  ],
  "training without options": [
    () => call("train", createWasmEngine({ spec, kernels, threads: 0 })),
    /options: undefined/,
  ],
  "training nothing": [() => call("train"), /engine: undefined, expected/],
  "training without samples": [trained({ samples: undefined }), /samples: undefined, expected/],
  "training on none": [trained({ samples: { ...samples, count: 0 } }), /0 samples/],
  "training without a step": [trained({ step: undefined }), /step: undefined, expected/],
  "training without a seed": [trained({ seed: undefined }), /seed: undefined, expected/],
  "no epochs": [trained({ epochs: 0 }), /epochs: 0, expected/],
  "more in a batch than the engine takes": [
    trained({ batchSize: 7 }),
    /batchSize: 7, but the engine takes 6/,
  ],
  "no patience": [trained({ patience: 0 }), /patience: 0, expected/],
  "validation on all": [trained({ validation: 1 }), /validation share of 1/],
  "measuring nothing": [() => call("evaluate"), /engine: undefined, expected/],
  "measuring on nothing": [
    () => call("evaluate", createWasmEngine({ spec, kernels, threads: 0 })),
    /no samples/,
  ],
  "batches of none": [() => call("batchesOf", Uint32Array.of(1), -1), /batchSize: -1, expected/],
  "a sum of nothing": [() => call("sumScores", []), /results: none/],
  "a split without options": [() => call("splitSamples", 10), /options: undefined, expected/],
  "a split of no number": [() => call("splitSamples", NaN, { seed: 0 }), /count: NaN, expected/],
  "a start without options": [() => call("startFromData", spec, samples), /options: undefined, expected/],
  "a start at a rate of 2": [
    () => call("startFromData", spec, samples, { seed: 0, rate: 2 }),
    /rate: 2, expected/,
  ],
  "first parameters of nothing": [() => call("initialParameters"), /spec: undefined, expected/],
  "first parameters of no seed": [() => call("initialParameters", spec), /seed: undefined, expected/],
  "an order of no seed": [() => call("shuffledOrder", 5, NaN, 0), /seed: NaN, expected/],
  "an id of no seed": [() => call("contentId", new Uint8Array(3), -1), /seed: -1, expected/],
  "an id of an array": [() => call("contentId", [1, 2], 0), /features: expected a Uint8Array/],
  "an unknown preset": [() => call("presetOf", "x"), /preset: x, expected one of notebook, feed-forward/],
  "an unknown neuron": [() => call("completeNeuron", { kind: "x" }), /x neuron: kind/],
  "a fallback on nothing": [() => call("withFallback"), /first: undefined, expected/],
  "a fallback without a second": [
    () => call("withFallback", createWasmEngine({ spec, kernels, threads: 0 })),
    /options: undefined, expected/,
  ],
  "a classifier without kernels": [
    () => Reflect.construct(spikelet.Classifier, [model, {}]),
    /kernels: undefined, expected/,
  ],
  "kernels as a promise": [
    () => Reflect.construct(spikelet.Classifier, [model, { kernels: Promise.resolve(kernels) }]),
    /kernels: a promise, expected kernels, such as `await loadKernels/,
  ],
  "an engine of kernels as a promise": [
    () => call("createWasmEngine", { spec, kernels: Promise.resolve(kernels) }),
    /kernels: a promise, expected/,
  ],
  "a classifier of bytes": [
    () => Reflect.construct(spikelet.Classifier, [spikelet.encodeModel(model), { kernels }]),
    /model: bytes, expected \{ spec, parameters, metadata \}/,
  ],
  "a loaded classifier without options": [
    () => call("loadClassifier", spikelet.encodeModel(model)),
    /options: undefined, expected an object with kernels/,
  ],
  "a loaded classifier of a path": [
    () => call("loadClassifier", "a.safetensors", { kernels }),
    /bytes: string, expected the bytes of a model file/,
  ],
  "a model of a path": [() => call("decodeModel", "a.safetensors"), /bytes: string, expected the bytes/],
  "a file of no model": [() => call("encodeModel"), /model: undefined, expected/],
  "an unknown build": [() => call("loadKernels", "fast"), /variant: fast, expected relaxed or plain/],
  "an unknown schedule": [
    trained({ schedule: { kind: "x" } }),
    /schedule.kind: x, expected constant or cosine/,
  ],
  "too large a batch": [
    () => call("createEngine", { spec, batchSize: 2 ** 32 }),
    /batchSize: 4294967296, expected a whole number from 1 to 2147483648/,
  ],
  "a handler without options": [
    () => call("createHandler", spikelet.encodeModel(model)),
    /^options: undefined, expected an object with kernels/,
  ],
  "a handler of a path": [
    () => call("createHandler", "model.safetensors", { kernels }),
    /^model: string, expected the bytes of a model file/,
  ],
  "origins as a text": [
    () => call("createHandler", spikelet.encodeModel(model), { kernels, cors: "https://a.example" }),
    /cors: "https:\/\/a.example", expected a list of strings, such as/,
  ],
  "hosts as a text": [
    () => call("createHandler", spikelet.encodeModel(model), { kernels, hosts: "a.example" }),
    /hosts: "a.example", expected a list of strings/,
  ],
  "no number of bytes": [
    () => call("createHandler", spikelet.encodeModel(model), { kernels, mostBytes: NaN }),
    /mostBytes: NaN, expected a number of bytes/,
  ],
  "no time of a body": [
    () => call("createHandler", spikelet.encodeModel(model), { kernels, bodyTime: NaN }),
    /bodyTime: NaN, expected a number of milliseconds/,
  ],
  "a classifier of no seed": [
    () => new spikelet.Classifier(model, { kernels, seed: NaN }),
    /seed: NaN, expected/,
  ],
};

for (const [what, [misuse, message]] of Object.entries(MISUSE)) {
  Deno.test(`${what}: is refused with what was expected`, async () => {
    await assert.rejects(async () => await misuse(), (error) => {
      assert.ok(error instanceof spikelet.SpikeletError || error instanceof RangeError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

gpuTest("webgpu refuses misuse as wasm does and stays usable", async () => {
  using engine = await spikelet.createWebGpuEngine({ spec });
  await assert.rejects(engine.trace(batch), { name: "OptionError", message: /recordStates: true/ });
  const evaluated: unknown = Reflect.apply(engine.evaluate, engine, [{ ...batch, indices: [0] }]);
  await assert.rejects(Promise.resolve(evaluated), { name: "OptionError" });
  assert.equal((await engine.evaluate(batch)).total, 1);
});
