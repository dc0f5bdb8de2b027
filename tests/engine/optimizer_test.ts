import assert from "node:assert/strict";
import type { Engine, EngineState, Update } from "../../src/engine/engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { formerTensorName } from "../../src/network/former_names.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { parseSafetensors } from "../../src/network/safetensors.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchesOf, batchOf, bitsOf, startEngine } from "./batches.ts";
import { answered } from "./deadline.ts";
import { engineTest } from "./engines.ts";
import { drawSamples } from "./network_cases.ts";
import { readPytorchCase } from "./pytorch_cases.ts";

const pytorch = readPytorchCase("small");
const moved = parseSafetensors(
  Deno.readFileSync(new URL("../reference/optimizers/small.safetensors", import.meta.url)),
  "optimizers/small",
);
const cases: Record<string, Update> = JSON.parse(moved.metadata.cases!);

const CLOSE = { relative: 1e-4, absolute: 1e-6 };

engineTest("train() updates parameters as PyTorch does, with every optimizer", async (start) => {
  using engine = await start({ spec: pytorch.spec, batchSize: 5 });
  await assertMovesAsPytorch(engine);
});

Deno.test("train() updates parameters as PyTorch does, with every optimizer, on wasm's plain build", async () => {
  const kernels = await loadKernels("plain");
  using engine = createWasmEngine({ spec: pytorch.spec, kernels, threads: 0, batchSize: 5 });
  await assertMovesAsPytorch(engine);
});

async function assertMovesAsPytorch(engine: Engine): Promise<void> {
  for (const [name, step] of Object.entries(cases)) {
    await engine.setParameters(pytorch.parameters);
    let compared = 0;
    for (let number = 1; number <= 6; number++) {
      await engine.train(batchOf(pytorch.samples), step);
      for (const [key, found] of await engine.getParameters()) {
        const expected = moved.tensors.get(`${name}.${formerTensorName(key)}_after${number}`)?.data;
        if (expected === undefined) continue;
        assert.ok(expected instanceof Float32Array);
        assertClose(found, expected, `${name}: ${key} after step ${number}`, CLOSE);
        compared++;
      }
    }
    assert.equal(compared, 3 * 4);
  }
}

const SPEC = notebookNetwork({
  inputs: 61,
  hidden: 43,
  classes: 4,
  steps: 10,
  threshold: 0.5,
  penalty: 0.75,
});
const SAMPLES = drawSamples(SPEC, 1, 90, false);
const SGD: Update = { learningRate: 0.1, momentum: 0.5 };
const ADAM: Update = { kind: "adam", learningRate: 0.01 };
const STEPS: Readonly<Record<string, Update>> = {
  "sgd, clipped": { learningRate: 0.1, momentum: 0.5, clip: 0.01 },
  adam: ADAM,
  "adamw, clipped": { kind: "adamw", learningRate: 0.01, clip: 0.02 },
  "adam, averaged": { ...ADAM, ema: 0.9 },
  "sgd, clipped and averaged": { learningRate: 0.1, momentum: 0.5, clip: 0.01, ema: 0.2 },
};

for (const [name, step] of Object.entries(STEPS)) {
  Deno.test(`train() gives the same bits on any number of threads: ${name}`, async () => {
    const states: EngineState[] = [], norms: unknown[] = [];
    for (const threads of [0, 1, 2, 3, 5]) {
      using engine = await startEngine({ spec: SPEC, threads, batchSize: 40 });
      const trained = batchesOf(SAMPLES, 40).map((batch) => engine.train(batch, step));
      norms.push((await answered(Promise.all(trained))).map(({ gradientNorms }) => gradientNorms));
      states.push(await engine.getState());
    }
    const inBits = states.map(({ parameters, moments, average, updates }) => ({
      parameters: bitsOf(parameters),
      average: average && bitsOf(average),
      moments: [...moments].map(([key, moment]) => [key, bitsOf(moment)]),
      updates,
    }));
    for (const other of inBits.slice(1)) assert.deepEqual(other, inBits[0]);
    for (const other of norms.slice(1)) assert.deepEqual(other, norms[0]);
    assert.equal(states[0]!.updates, 3);
    assert.equal(states[0]!.average !== undefined, step.ema !== undefined);
  });

  engineTest(`train() from a restored state ends in the same bits: ${name}`, async (start) => {
    const batches = batchesOf(SAMPLES, 30);
    using whole = await start({ spec: SPEC });
    using resumed = await start({ spec: SPEC });
    await whole.train(batches[0]!, step);
    const state = await whole.getState();
    assert.equal(state.updates, 1);
    await resumed.setParameters(initialParameters(SPEC, 1));
    await resumed.train(batches[2]!, SGD); // which setState() undoes
    await resumed.setState(state);
    for (const engine of [whole, resumed]) {
      for (const batch of batches.slice(1)) await engine.train(batch, step);
    }
    assert.deepEqual(await resumed.getState(), await whole.getState());
  });
}

engineTest(
  "train() with another optimizer begins with moments of 0 before the first update",
  async (start) => {
    using fresh = await start({ spec: SPEC });
    using other = await start({ spec: SPEC });
    const { parameters, moments } = await fresh.getState();
    // The moments of a state of 0 updates are ignored.
    const strange = new Map([...parameters].map(([name, tensor]) => [name, tensor.map(() => 9)]));
    await other.setState({ parameters, moments: new Map([["velocity", strange]]), updates: 0 });
    assert.deepEqual([...moments.keys()], ["velocity"]);
    for (const engine of [fresh, other]) await engine.train(batchOf(SAMPLES), ADAM);
    assert.deepEqual(await other.getState(), await fresh.getState());
  },
);

engineTest(
  "train() clips a gradient to its norm and does not change a shorter one",
  async (start) => {
    const gradientOf = async (clip?: number) => {
      using engine = await start({ spec: SPEC });
      await engine.train(batchOf(SAMPLES), { ...SGD, ...(clip !== undefined && { clip }) });
      const velocity = (await engine.getState()).moments.get("velocity")!;
      return Float64Array.from([...velocity.values()].flatMap((tensor) => [...tensor]));
    };
    const normOf = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const whole = await gradientOf();
    const norm = normOf(whole);
    assert.ok(norm > 0.05, `${norm}`);
    const clipped = await gradientOf(0.05);
    assertClose([normOf(clipped)], [0.05], "norm", { relative: 1e-4, absolute: 0 });
    assertClose(clipped, whole.map((value) => value * 0.05 / norm), "direction", {
      relative: 1e-4,
      absolute: 1e-9,
    });
    assert.deepEqual(await gradientOf(1.01 * norm), whole);
  },
);

engineTest("adam's moments are (1 − β₁)·g and (1 − β₂)·g² after one update", async (start) => {
  using sgd = await start({ spec: SPEC });
  await sgd.train(batchOf(SAMPLES), SGD);
  const gradient = (await sgd.getState()).moments.get("velocity")!;
  using adam = await start({ spec: SPEC });
  await adam.train(batchOf(SAMPLES), { kind: "adam", learningRate: 0.01, beta1: 0.75, beta2: 0.9 });
  const { moments, updates } = await adam.getState();
  assert.deepEqual([...moments.keys(), updates], ["mean", "square", 1]);
  for (const [name, g] of gradient) {
    assertClose(moments.get("mean")!.get(name)!, g.map((value) => 0.25 * value), name, { absolute: 1e-9 });
    assertClose(moments.get("square")!.get(name)!, g.map((value) => 0.1 * value * value), name, {
      absolute: 1e-12,
    });
  }
});

engineTest(
  "train() refuses to continue from another optimizer's moments and changes nothing",
  async (start) => {
    using engine = await start({ spec: SPEC });
    using other = await start({ spec: SPEC });
    for (const each of [engine, other]) await each.train(batchOf(SAMPLES), SGD);
    await assert.rejects(engine.train(batchOf(SAMPLES), ADAM), {
      name: "RangeError",
      message: /adam needs mean and square, but after 1 updates of sgd the engine has velocity/,
    });
    for (const each of [engine, other]) await each.train(batchOf(SAMPLES), SGD);
    assert.deepEqual(bitsOf(await engine.getParameters()), bitsOf(await other.getParameters()));

    // setParameters() clears the moments; adam and adamw have the same ones.
    await engine.setParameters(await other.getParameters());
    await engine.train(batchOf(SAMPLES), ADAM);
    await engine.train(batchOf(SAMPLES), { ...ADAM, kind: "adamw" });
    await assert.rejects(engine.train(batchOf(SAMPLES), SGD), /sgd needs velocity/);
    assert.equal((await engine.getState()).updates, 2);
  },
);

engineTest("setState() refuses moments that no optimizer has, and changes nothing", async (start) => {
  using engine = await start({ spec: SPEC });
  await engine.train(batchOf(SAMPLES), SGD);
  const before = await engine.getState();
  const { parameters, moments } = before;
  const zero = moments.get("velocity")!;
  const strange: [names: string[], found: RegExp][] = [
    [[], /no moments/],
    [["mean"], /the moments mean:/],
    [
      ["mean", "square", "velocity"],
      /mean and square and velocity: expected velocity \(sgd's\), or mean and square/,
    ],
  ];
  for (const [names, message] of strange) {
    const state = { parameters, moments: new Map(names.map((name) => [name, zero])), updates: 7 };
    await assert.rejects(engine.setState(state), { name: "RangeError", message });
  }
  const short = new Map([["mean", zero], ["square", new Map([...zero, ["fc2.bias", new Float32Array(1)]])]]);
  await assert.rejects(
    engine.setState({ parameters, moments: short, updates: 7 }),
    /fc2\.bias: 1 values, expected 4/,
  );
  assert.deepEqual(await engine.getState(), before);
});

engineTest(
  "train() rejects an optimizer's constant out of its range with its name, and changes nothing",
  async (start) => {
    using engine = await start({ spec: SPEC });
    const adam = { kind: "adam", learningRate: 0.01 } as const;
    const refused: [step: unknown, message: RegExp][] = [
      [{ learningRate: -1, momentum: 0 }, /^step\.learningRate: -1, expected a number, 0 or more$/],
      [{ learningRate: NaN, momentum: 0 }, /^step\.learningRate: NaN/],
      [{ learningRate: 1e39, momentum: 0 }, /^step\.learningRate: 1e\+39/],
      [{ learningRate: 0.1 }, /^step\.momentum: undefined, expected a number, 0 to less than 1$/],
      [{ learningRate: 0.1, momentum: 1 }, /^step\.momentum: 1/],
      [{ learningRate: 0.1, momentum: 0, clip: 0 }, /^step\.clip: 0, expected a number above 0$/],
      [
        { learningRate: 0.1, momentum: 0, weightDecay: -1 },
        /^step\.weightDecay: -1, expected a number, 0 or more$/,
      ],
      [{ learningRate: 0.1, momentum: 0, ema: 1 }, /^step\.ema: 1, expected a number, 0 to less than 1$/],
      [{ ...adam, ema: -0.1 }, /^step\.ema: -0\.1/],
      [{ ...adam, ema: "0.9" }, /^step\.ema: 0\.9/],
      [{ ...adam, beta1: 1 }, /^step\.beta1: 1, expected a number, 0 to less than 1$/],
      [{ ...adam, beta2: -0.1 }, /^step\.beta2: -0\.1/],
      [{ ...adam, epsilon: 0 }, /^step\.epsilon: 0, expected a number, above 0$/],
      [{ ...adam, kind: "lion" }, /^step\.kind: lion, expected sgd or adam or adamw$/],
      [undefined, /^step: undefined, expected an optimizer's constants, such as a learningRate$/],
    ];
    const before = await engine.getState();
    for (const [step, message] of refused) {
      const trained: unknown = Reflect.apply(engine.train, engine, [batchOf(SAMPLES), step]);
      await assert.rejects(answered(Promise.resolve(trained)), { name: "RangeError", message });
    }
    assert.deepEqual(await engine.getState(), before);
  },
);
