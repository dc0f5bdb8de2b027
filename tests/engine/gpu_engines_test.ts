/**
 * What holds for every engine with a device, whichever part of the work is the device's.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Batch, Engine, Step } from "../../src/engine/engine.ts";
import { createHybridEngine, type HybridEngine } from "../../src/engine/hybrid/hybrid_engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWebGpuEngine, type WebGpuEngineOptions } from "../../src/engine/webgpu/webgpu_engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { parseSafetensors } from "../../src/network/safetensors.ts";
import { readReferenceCase } from "../../src/verify/reference_case.ts";
import { isWithin, verifyCase } from "../../src/verify/verify.ts";
import { assertClose } from "../asm/numbers.ts";
import { referencePath } from "../cli/spikelet.ts";
import { batchesOf, batchOf, startEngine } from "./batches.ts";
import { answered } from "./deadline.ts";
import { gpuTest } from "./gpu/gpu.ts";
import { drawSamples } from "./network_cases.ts";
import { PYTORCH_CASES, readPytorchCase } from "./pytorch_cases.ts";

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
const kernels = await loadKernels();

/** An engine with a device, which tells what it asks of it. */
type Open = (options: WebGpuEngineOptions) => Promise<HybridEngine>;

const ENGINES: Readonly<Record<string, Open>> = {
  webgpu: (options) => createWebGpuEngine(options),
  "hybrid on 0 threads": (options) => createHybridEngine({ ...options, kernels, threads: 0 }),
  "hybrid on 2 threads": (options) => createHybridEngine({ ...options, kernels, threads: 2 }),
};

for (const engine of ["webgpu", "hybrid"] as const) {
  for (const name of PYTORCH_CASES) {
    gpuTest(`${engine} passes the reference case ${name}`, async () => {
      const deviations = await verifyCase(await readReferenceCase(referencePath(name)), {
        engine,
        threads: 1,
      });
      assert.deepEqual(deviations.filter((deviation) => !isWithin(deviation)), []);
      assert.ok(deviations.length > 15);
    });
  }
}

for (const [name, open] of Object.entries(ENGINES)) {
  /** An engine with its network's first parameters. */
  const start = async (options: Partial<WebGpuEngineOptions> = {}) => {
    const engine = await open({ spec: SPEC, ...options });
    await engine.setParameters(initialParameters(options.spec ?? SPEC, 0));
    return engine;
  };

  gpuTest(`a batch in many chunks comes to the same as in one, but for the last bits, ${name}`, async () => {
    const ends = [];
    for (const gpuMemory of [1024, 1]) {
      using engine = await start({ gpuMemory });
      const result = await engine.train(batchOf(SAMPLES), STEP);
      ends.push({ result, parameters: await engine.getParameters(), dispatches: engine.counts.dispatches });
      const { bytes } = engine.memory;
      assert.ok(bytes <= gpuMemory * 2 ** 20, `${bytes} bytes of ${gpuMemory} MiB`);
    }
    const [whole, cut] = ends;
    assert.ok(cut!.dispatches > 2 * whole!.dispatches, `${cut!.dispatches} and ${whole!.dispatches}`);
    const { gradientNorms: norms = [], ...samples } = cut!.result;
    const { gradientNorms: expected = [], ...wholeSamples } = whole!.result;
    assert.deepEqual(samples, wholeSamples); // sample by sample, for scans cross no chunk
    assertClose(norms, expected, "gradient norms", { relative: 1e-5, absolute: 0 });
    for (const [tensor, expected] of whole!.parameters) {
      assertClose(cut!.parameters.get(tensor)!, expected, tensor, { absolute: 1e-6 });
    }
  });

  gpuTest(`calls give the same whether or not they are awaited one by one, ${name}`, async () => {
    using patient = await start({ recordStates: true });
    using hasty = await start({ recordStates: true });
    const calls = (engine: Engine, batch: Batch) => [
      () => engine.train(batch, STEP),
      () => engine.evaluate(batch),
      () => engine.trace(batch),
      () => engine.getParameters(),
      () => engine.getState(),
    ];
    const expected: unknown[] = [];
    for (const batch of BATCHES) for (const call of calls(patient, batch)) expected.push(await call());
    const found = BATCHES.flatMap((batch) => calls(hasty, batch).map((call): Promise<unknown> => call()));
    assert.deepEqual(await answered(Promise.all(found), 20), expected);
  });

  gpuTest(`training from a state that was taken before ends in the same bits, ${name}`, async () => {
    using whole = await start();
    using resumed = await start();
    await whole.train(BATCHES[0]!, STEP);
    const state = await whole.getState();
    await resumed.setState(state);
    for (const engine of [whole, resumed]) {
      for (const batch of BATCHES.slice(1)) await engine.train(batch, STEP);
    }
    assert.deepEqual(await resumed.getState(), await whole.getState());
    assert.deepEqual([state.steps, (await whole.getState()).steps], [1, BATCHES.length]);
  });

  gpuTest(`what is wrong with a call is told, and the engine goes on without it, ${name}`, async () => {
    using engine = await start({ batchSize: 200 });
    using other = await start({ batchSize: 200 });
    const strange = { ...SAMPLES, labels: SAMPLES.labels.with(41, 4) };
    await assert.rejects(engine.train(batchOf(SAMPLES, []), STEP), /0 samples: expected 1 to 200/);
    await assert.rejects(engine.evaluate(batchOf(SAMPLES, [3, 200])), /no sample 200/);
    await assert.rejects(engine.evaluate(batchOf(strange)), /label 4 at 41.* 4 classes/);
    await assert.rejects(engine.setParameters(new Map()), /w1: no values, expected 551/);
    const { parameters } = await engine.getState();
    await assert.rejects(engine.setState({ parameters, moments: new Map(), steps: 3 }), /velocity/);
    const trained: unknown = Reflect.apply(engine.train, engine, [batchOf(SAMPLES)]);
    await assert.rejects(Promise.resolve(trained), { name: "RangeError", message: /learningRate/ });
    for (const each of [engine, other]) for (const batch of BATCHES) await each.train(batch, STEP);
    assert.deepEqual(await engine.getState(), await other.getState());
  });

  gpuTest(`close() rejects the calls that are not answered yet, and all later ones, ${name}`, async () => {
    const engine = await start();
    const calls = () => [
      engine.train(BATCHES[0]!, STEP),
      engine.evaluate(BATCHES[0]!),
      engine.getParameters(),
      engine.getState(),
    ];
    const before = calls();
    engine.close();
    for (const call of [...before, ...calls(), engine.setParameters(new Map())]) {
      await assert.rejects(answered(Promise.resolve<unknown>(call)), {
        name: "EngineError",
        message: /closed/,
      });
    }
    engine.close();
  });

  gpuTest(`pictures are moved as wasm moves them, ${name}`, async () => {
    const spec = notebookNetwork({
      inputs: 63,
      hidden: 19,
      classes: 4,
      steps: 9,
      threshold: 0.5,
      penalty: 0.75,
    });
    const samples = { ...drawSamples(spec, 5, 20, true), picture: { rows: 7, columns: 9 } };
    const moved = { ...batchOf(samples), augmentation: { shift: 2, rotate: 20, elastic: 1 } };
    const ends = [];
    using found = await start({ spec });
    using expected = await startEngine({ spec, threads: 0 });
    for (const engine of [found, expected]) {
      const [still, result] = [await engine.train(batchOf(samples), STEP), await engine.train(moved, STEP)];
      assert.notEqual(result.loss, still.loss);
      ends.push({ result, parameters: await engine.getParameters() });
    }
    assertClose([ends[0]!.result.loss], [ends[1]!.result.loss], "loss");
    for (const [tensor, values] of ends[1]!.parameters) {
      assertClose(ends[0]!.parameters.get(tensor)!, values, tensor);
    }
  });

  gpuTest(`parameters move as PyTorch moves them, with every optimizer, ${name}`, async () => {
    const path = new URL("../reference/optimizers/small.safetensors", import.meta.url);
    const { tensors, metadata } = parseSafetensors(Deno.readFileSync(path), "optimizers/small");
    const cases: Record<string, Step> = JSON.parse(metadata.cases!);
    const { spec, samples, parameters } = readPytorchCase("small");
    using engine = await open({ spec, batchSize: 5 });
    let compared = 0;
    for (const [key, step] of Object.entries(cases)) {
      await engine.setParameters(parameters);
      for (let number = 1; number <= 6; number++) {
        await engine.train(batchOf(samples), step);
        for (const [tensor, found] of await engine.getParameters()) {
          const expected = tensors.get(`${key}.${tensor}_after${number}`)?.data;
          if (!(expected instanceof Float32Array)) continue;
          const label = `${key}: ${tensor} after step ${number}`;
          assertClose(found, expected, label, { relative: 1e-4, absolute: 1e-6 });
          compared++;
        }
      }
    }
    assert.equal(compared, 3 * 4 * Object.keys(cases).length);
  });
}
