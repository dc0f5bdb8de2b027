import assert from "node:assert/strict";
import type { Batch, Engine, Update } from "../../src/engine/engine.ts";
import { withFallback } from "../../src/engine/fallback.ts";
import { createHybridEngine } from "../../src/engine/hybrid/hybrid_engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWebGpuEngine } from "../../src/engine/webgpu/webgpu_engine.ts";
import { EngineError } from "../../src/errors.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { train } from "../../src/training/trainer.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf, bitsOf, startEngine } from "./batches.ts";
import { answered } from "./deadline.ts";
import { gpuTest, watchedGpu } from "./gpu/gpu.ts";
import { drawSamples } from "./network_cases.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };
const SPEC = notebookNetwork({ inputs: 13, hidden: 11, classes: 4, steps: 9, threshold: 0.5, penalty: 0.75 });
const SAMPLES = drawSamples(SPEC, 1, 60, false);
const batch = (epoch: number): Batch => batchOf(SAMPLES, [epoch % 60, (epoch * 7) % 60, 3], epoch);

const start = () => startEngine({ spec: SPEC, threads: 0 });

/** An engine that fails at a training batch: that call and all later ones reject. */
function breakAt(engine: Engine & Disposable, batches: number): Engine & Disposable {
  let left = batches;
  const verbs = new Set([
    "train",
    "evaluate",
    "trace",
    "getParameters",
    "getState",
    "setState",
    "setParameters",
  ]);
  return new Proxy(engine, {
    get(target, name) {
      if (!verbs.has(String(name))) {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      }
      return (...args: unknown[]) => {
        if (name === "train") left--;
        if (left < 0) return Promise.reject(new EngineError("it broke"));
        return Reflect.apply(Reflect.get(target, name, target), target, args);
      };
    },
  });
}

/** Calls of all kinds, made without awaiting one another. */
function callsOf(engine: Engine, batches: number, step: Update = STEP): Promise<unknown>[] {
  return Array.from({ length: batches }, (_, i) => [
    engine.train(batch(i), step),
    ...(i % 10 === 0 ? [engine.evaluate(batch(i)), engine.getState()] : []),
  ]).flat();
}

for (const failsAt of [0, 1, 17, 49, 50, 51, 120, 139]) {
  Deno.test(`withFallback() replaces an engine that fails at batch ${failsAt} of 140 and changes no bit`, async () => {
    const failures: string[] = [];
    using whole = await start();
    using engine = withFallback(breakAt(await start(), failsAt), {
      open: start,
      onFailure: ({ message }) => failures.push(message),
    });
    assert.deepEqual(
      await answered(Promise.all(callsOf(engine, 140))),
      await Promise.all(callsOf(whole, 140)),
    );
    assert.deepEqual(failures, ["it broke"]);
    assert.deepEqual(bitsOf(await engine.getParameters()), bitsOf(await whole.getParameters()));
  });
}

Deno.test("withFallback() keeps a moving average on another engine, from a state that was set", async () => {
  const averaged = { ...STEP, ema: 0.99 };
  using source = await start();
  await Promise.all(callsOf(source, 3, averaged));
  const state = await source.getState();
  using whole = await start();
  using engine = withFallback(breakAt(await start(), 12), { open: start });
  const answers = [whole, engine].map(async (each) => {
    await each.setState(state);
    await answered(Promise.all(callsOf(each, 20, averaged)));
    return await each.getState();
  });
  const [expected, found] = await Promise.all(answers);
  assert.ok(expected?.average);
  assert.deepEqual(found, expected);
});

Deno.test("train() on an engine that fails reports every batch once and in order", async () => {
  using whole = await start();
  using engine = withFallback(breakAt(await start(), 5), { open: start });
  const options = { samples: SAMPLES, epochs: 2, batchSize: 8, step: STEP, seed: 1 };
  const reports: Record<string, unknown[]> = { whole: [], engine: [] };
  for (const [name, each] of Object.entries({ whole, engine })) {
    await train(each, {
      ...options,
      onBatch: ({ seconds: _seconds, ...report }) => reports[name]!.push(report),
    });
  }
  assert.equal(reports.engine!.length, 16);
  assert.deepEqual(reports.engine, reports.whole);
});

Deno.test("withFallback() resumes from the state of setState(), even after the caller has changed its arrays", async () => {
  using whole = await start();
  using engine = withFallback(breakAt(await start(), 6), { open: start });
  for (const each of [whole, engine]) {
    for (let i = 0; i < 3; i++) await each.train(batch(i), STEP);
    const state = await each.getState();
    await each.train(batch(9), STEP);
    await each.setState(state);
    for (const values of state.parameters.values()) values.fill(7);
    const indices = Uint32Array.of(1, 2, 3);
    const trained = each.train({ ...batch(4), indices }, STEP);
    await trained;
    indices.fill(0);
    for (let i = 5; i < 9; i++) await each.train(batch(i), STEP);
  }
  assert.deepEqual(bitsOf(await engine.getParameters()), bitsOf(await whole.getParameters()));
});

Deno.test("withFallback() passes a RangeError of the caller on, and keeps its engine", async () => {
  const failures: string[] = [];
  using engine = withFallback(await start(), {
    open: start,
    onFailure: ({ message }) => failures.push(message),
  });
  await assert.rejects(engine.train(batchOf(SAMPLES, []), STEP), RangeError);
  await assert.rejects(engine.setParameters(new Map()), RangeError);
  await engine.train(batch(0), STEP);
  assert.deepEqual(failures, []);
});

Deno.test("close() rejects calls before a failure, while the second engine opens, and after that", async () => {
  const closed = { name: "EngineError", message: /closed/ };
  const first = withFallback(await start(), { open: start });
  const before = first.train(batch(0), STEP);
  first.close();
  await assert.rejects(answered(before), closed);
  await assert.rejects(answered(first.evaluate(batch(0))), closed);

  const gate = Promise.withResolvers<void>();
  const between = withFallback(breakAt(await start(), 0), {
    open: async () => {
      await gate.promise;
      return await start();
    },
  });
  const calls = [between.train(batch(0), STEP), between.evaluate(batch(0))];
  await new Promise((resolve) => setTimeout(resolve));
  between.close();
  for (const call of [...calls, between.getState()]) {
    await assert.rejects(answered(Promise.resolve<unknown>(call)), closed);
  }
  gate.resolve();

  const second = withFallback(breakAt(await start(), 0), { open: start });
  await second.train(batch(0), STEP);
  second.close();
  await assert.rejects(answered(second.evaluate(batch(0))), closed);
});

Deno.test("every call rejects with the error of the second engine if that one cannot be opened", async () => {
  using engine = withFallback(breakAt(await start(), 1), {
    open: () => Promise.reject(new EngineError("no second")),
  });
  await engine.train(batch(0), STEP);
  const calls = await Promise.allSettled([1, 2].map((i) => answered(engine.train(batch(i), STEP))));
  for (const call of calls) assert.match(String(Reflect.get(call, "reason")), /no second/);
  await assert.rejects(answered(engine.evaluate(batch(0))), EngineError);
});

/** Ways in which a device fails during training. */
const FAILURES: Record<string, (device: GPUDevice) => void> = {
  "is lost": (device) => device.destroy(),
  "refuses a buffer": (device) => {
    Object.defineProperty(device, "createBuffer", {
      value() {
        throw new TypeError("not enough memory left");
      },
    });
  },
  "says that it is out of memory": (device) => {
    const error = new GPUOutOfMemoryError("not enough memory left");
    device.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
  },
};

for (const [name, fail] of Object.entries(FAILURES)) {
  for (const kind of ["hybrid", "webgpu"] as const) {
    gpuTest(
      `training continues with wasm and loses no batch when the device of ${kind} ${name}`,
      async () => {
        const { gpu, devices } = watchedGpu();
        const kernels = await loadKernels();
        const failures: string[] = [];
        const first = kind === "hybrid"
          ? await createHybridEngine({ spec: SPEC, kernels, threads: 0, gpu })
          : await createWebGpuEngine({ spec: SPEC, gpu });
        using engine = withFallback(first, {
          open: start,
          onFailure: ({ message }) => failures.push(message),
        });
        using whole = await start();
        const losses: Record<string, number[]> = { whole: [], engine: [] };
        for (const [which, each] of Object.entries({ whole, engine })) {
          await each.setParameters(initialParameters(SPEC, 0));
          await train(each, {
            samples: SAMPLES,
            epochs: 1,
            batchSize: 8,
            step: { learningRate: 0.01, momentum: 0.5 },
            seed: 1,
            onBatch({ batch, score }) {
              losses[which]!.push(score.loss);
              if (each === engine && batch === 3) fail(devices[0]!);
            },
          });
        }
        assert.equal(failures.length, 1);
        assert.match(failures[0]!, /lost|out of memory/);
        assert.equal(engine.name, "wasm");
        assertClose(losses.engine!, losses.whole!, "losses");
        for (const [tensor, values] of await whole.getParameters()) {
          assertClose((await engine.getParameters()).get(tensor)!, values, tensor);
        }
      },
    );
  }
}
