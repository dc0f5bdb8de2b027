/**
 * The norms of a batch's gradient, layer by layer, held to PyTorch's gradients and to closed forms.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createEngine } from "../../src/engine/choose.ts";
import type { Step } from "../../src/engine/engine.ts";
import { integrator, layer, lif, network } from "../../src/network/builder.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf, startEngine } from "./batches.ts";
import { gpuTest } from "./gpu/gpu.ts";
import { drawSamples } from "./network_cases.ts";
import { PYTORCH_CASES, readPytorchCase } from "./pytorch_cases.ts";

const SGD: Step = { learningRate: 0.1, momentum: 0 };

/** The norm of each layer's tensors together. */
function normsOf(gradient: ReadonlyMap<string, Float32Array>, layers: number): number[] {
  return Array.from({ length: layers }, (_, i) => {
    const own = [...gradient].filter(([name]) => name.replace(/^[a-z]+/, "") === String(i + 1));
    assert.ok(own.length >= 2, `layer ${i + 1}: ${own.map(([name]) => name)}`);
    return Math.hypot(...own.flatMap(([, values]) => [...values]));
  });
}

function checkCase(engine: "wasm" | "webgpu" | "hybrid", name: string) {
  return async () => {
    const { spec, samples, parameters, gradient } = readPytorchCase(name);
    using opened = await createEngine({ spec, engine, threads: 1, batchSize: samples.count });
    await opened.setParameters(parameters);
    const { gradientNorms } = await opened.train(batchOf(samples), { ...SGD, clip: 1e-3 }); // before clipping
    assert.ok(gradientNorms);
    assertClose(gradientNorms, normsOf(gradient, spec.layers.length), name, {
      relative: 2e-4,
      absolute: 1e-7,
    });
    const evaluated = await opened.evaluate(batchOf(samples));
    assert.equal(evaluated.gradientNorms, undefined);
  };
}

for (const name of PYTORCH_CASES) {
  Deno.test(
    `train() gives the norm of each layer's gradient, as PyTorch has it: ${name}`,
    checkCase("wasm", name),
  );
}
for (const engine of ["webgpu", "hybrid"] as const) {
  for (const name of ["small", ...PYTORCH_CASES.filter((name) => /recurrent|learn/.test(name)).slice(0, 3)]) {
    gpuTest(
      `${engine} gives the norm of each layer's gradient, as PyTorch has it: ${name}`,
      checkCase(engine, name),
    );
  }
}

Deno.test("gradient norms of layers larger than a block are those of the gradient, on any number of threads", async () => {
  const spec = network({
    inputs: 130,
    steps: 3,
    layers: [
      layer(37, lif({ decay: 0.5 })),
      layer(67, lif({ decay: 0.5 })),
      layer(3, integrator({ decay: 0.5 })),
    ],
  });
  const samples = drawSamples(spec, 1, 40, false);
  for (const threads of [0, 1, 2, 3]) {
    using engine = await startEngine({ spec, threads, batchSize: 40 });
    const { gradientNorms } = await engine.train(batchOf(samples), SGD);
    const velocity = (await engine.getState()).moments.get("velocity")!;
    assertClose(gradientNorms!, normsOf(velocity, 3), `${threads} threads`, { relative: 1e-6, absolute: 0 });
  }
});

/**
 * One unit without spikes, z = w·x + b, and the loss (z − y)²: ∂L/∂w = 2·(z − y)·x, ∂L/∂b = 2·(z − y), in closed form.
 */
const LARGE_AND_SMALL = [
  ...[[3, 2, 1, 1], [3, 2, 1, 1000], [1, 1, 1, 1], [1e-20, 0, 1e-10, 1], [1e9, 1, 0, 1], [1e13, 1, 0, 1]],
  ...[[1e17, 1, 0, 0.5], [1e18, 1, 0, 1e-3], [1.2e19, 1, 0, 1]],
];

function checkClosedForm(engine: "wasm" | "webgpu" | "hybrid") {
  return async () => {
    for (const [x = 0, w = 0, y = 0, clip = 0] of LARGE_AND_SMALL) {
      const spec = network({
        inputs: 1,
        steps: 1,
        layers: [layer(1, integrator({ decay: 0 }))],
        loss: { kind: "meanSquaredError", correct: y },
      });
      using opened = await createEngine({ spec, engine, threads: 1, batchSize: 1 });
      await opened.setParameters(new Map([["w1", Float32Array.of(w)], ["b1", Float32Array.of(0)]]));
      const samples = {
        name: "one",
        count: 1,
        size: 1,
        features: Float32Array.of(x),
        labels: Uint8Array.of(0),
      };
      const { gradientNorms } = await opened.train(batchOf(samples), { ...SGD, clip });
      const velocity = (await opened.getState()).moments.get("velocity")!;
      const gradient = [2 * (w * x - y) * x, 2 * (w * x - y)], norm = Math.hypot(...gradient);
      const factor = Math.min(1, clip / (norm + 1e-6));
      const case_ = `x ${x}, w ${w}, y ${y}, clip ${clip}`;
      assertClose(gradientNorms!, [norm], case_, { relative: 1e-5, absolute: 1e-30 });
      assertClose(
        [velocity.get("w1")![0]!, velocity.get("b1")![0]!],
        gradient.map((g) => factor * g),
        case_,
        { relative: 1e-4, absolute: 1e-30 },
      );
    }
  };
}

Deno.test("wasm tells and clips gradients of any finite norm", checkClosedForm("wasm"));
gpuTest("hybrid tells and clips gradients of any finite norm", checkClosedForm("hybrid"));
gpuTest("webgpu tells and clips gradients of any finite norm", checkClosedForm("webgpu"));
