/**
 * The norms of a batch's gradient, layer by layer, against PyTorch's gradients and closed forms.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Update } from "../../src/engine/engine.ts";
import { integrator, layer, lif, network } from "../../src/network/builder.ts";
import { structureOf } from "../../src/network/structure.ts";
import { assertClose } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest } from "./engines.ts";
import { drawSamples } from "./network_cases.ts";
import { PYTORCH_CASES, readPytorchCase } from "./pytorch_cases.ts";

const SGD: Update = { learningRate: 0.1, momentum: 0 };

/** The norm of each layer's tensors together. */
function normsOf(gradient: ReadonlyMap<string, Float32Array>, layers: number): number[] {
  return Array.from({ length: layers }, (_, i) => {
    const own = [...gradient].filter(([name]) => /^[a-z]+(\d+)\./.exec(name)?.[1] === String(i + 1));
    assert.ok(own.length >= 2, `layer ${i + 1}: ${own.map(([name]) => name)}`);
    return Math.hypot(...own.flatMap(([, values]) => [...values]));
  });
}

engineTest("train() gives PyTorch's norm of each layer's gradient", async (start, engine) => {
  const few = PYTORCH_CASES.filter((name) => /^small$|recurrent|learn/.test(name)).slice(0, 4);
  for (const name of engine === "wasm" ? PYTORCH_CASES : few) {
    const { spec, samples, parameters, gradient } = readPytorchCase(name);
    using opened = await start({ spec, batchSize: samples.count });
    await opened.setParameters(parameters);
    const { gradientNorms } = await opened.train(batchOf(samples), { ...SGD, clip: 1e-3 }); // before clipping
    assert.ok(gradientNorms);
    const expected = normsOf(gradient, structureOf(spec).populations.length);
    assertClose(gradientNorms, expected, name, { relative: 2e-4, absolute: 1e-7 });
    const evaluated = await opened.evaluate(batchOf(samples));
    assert.equal(evaluated.gradientNorms, undefined);
  }
});

engineTest("train() gives the gradient norms of layers larger than a block", async (start) => {
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
  using engine = await start({ spec });
  const { gradientNorms } = await engine.train(batchOf(samples), SGD);
  const velocity = (await engine.getState()).moments.get("velocity")!;
  assertClose(gradientNorms!, normsOf(velocity, 3), "norms", { relative: 1e-6, absolute: 0 });
});

/**
 * One unit without spikes, z = w·x + b, and the loss (z − y)²: ∂L/∂w = 2·(z − y)·x, ∂L/∂b = 2·(z − y), in closed form.
 */
const LARGE_AND_SMALL = [
  ...[[3, 2, 1, 1], [3, 2, 1, 1000], [1, 1, 1, 1], [1e-20, 0, 1e-10, 1], [1e9, 1, 0, 1], [1e13, 1, 0, 1]],
  ...[[1e17, 1, 0, 0.5], [1e18, 1, 0, 1e-3], [1.2e19, 1, 0, 1]],
];

engineTest("train() gives and clips gradients of any finite norm", async (start) => {
  for (const [x = 0, w = 0, y = 0, clip = 0] of LARGE_AND_SMALL) {
    const spec = network({
      inputs: 1,
      steps: 1,
      layers: [layer(1, integrator({ decay: 0 }))],
      loss: { kind: "meanSquaredError", correct: y },
    });
    using opened = await start({ spec, batchSize: 1 });
    await opened.setParameters(
      new Map([["fc1.weight", Float32Array.of(w)], ["fc1.bias", Float32Array.of(0)]]),
    );
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
      [velocity.get("fc1.weight")![0]!, velocity.get("fc1.bias")![0]!],
      gradient.map((g) => factor * g),
      case_,
      { relative: 1e-4, absolute: 1e-30 },
    );
  }
});
