/**
 * On every engine, means and gradients over tens of thousands of steps have the precision of float32, where plain sums of
 * float32 drift by one part in a thousand.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createEngine } from "../../src/engine/create_engine.ts";
import { graded, integrator, layer, lif, network } from "../../src/network/builder.ts";
import type { LayerSpec, NetworkSpec } from "../../src/network/spec.ts";
import { drawKey } from "../../src/random.ts";
import { sizeOf } from "../../src/network/shape.ts";
import { structureOf } from "../../src/network/structure.ts";
import { numbersFrom } from "../asm/numbers.ts";
import { batchOf } from "./batches.ts";
import { engineTest, type StartEngine } from "./engines.ts";
import { gpuTest } from "./gpu/gpu.ts";
import { encodeSample, gradientOf, runForward, widen } from "./reference_network.ts";

/** The gradient of one batch, and its logits. */
async function batchOn(
  start: StartEngine,
  spec: NetworkSpec,
  parameters: Map<string, Float32Array>,
  features: Float32Array,
) {
  using engine = await start({ spec, batchSize: 1 });
  await engine.setParameters(parameters);
  const batch = batchOf({
    name: "long",
    count: 1,
    size: features.length,
    features,
    labels: Uint8Array.of(0),
  });
  const { logits, spikes } = await engine.classify(batch);
  await engine.train(batch, { learningRate: 0, momentum: 0 });
  const gradient = (await engine.getState()).moments.get("velocity")!;
  return { logits, spikes: spikes[0]!, gradient };
}

function assertNear(found: number, expected: number, label: string): void {
  assert.ok(Math.abs(found / expected - 1) <= 1e-6, `${label}: ${found}, expected ${expected}`);
}

/** A constant input has a constant mean z and a gradient in closed form: 2·z·∂z for z². */
engineTest("means and gradients of constants over many steps are exact to 1e-6", async (start) => {
  for (const [steps, values] of [[300, [0.1, 0.7, 3.3]], [65_536, [0.7]]] as const) {
    for (const value of values.map(Math.fround)) {
      for (const encoder of ["constant", "direct"] as const) {
        for (const decay of [0, 1]) {
          const isSum = decay === 1; // a sum without leak, read at the end
          const spec = network({
            inputs: 1,
            steps,
            encoder: { kind: encoder },
            layers: [layer(1, integrator({ decay }))],
            readout: { reduce: isSum ? "last" : "mean" },
            loss: { kind: "meanSquaredError", correct: 0 },
          });
          const features = new Float32Array(encoder === "constant" ? 1 : steps).fill(value);
          const parameters = new Map([["fc1.weight", Float32Array.of(1)], ["fc1.bias", Float32Array.of(0)]]);
          const { logits, gradient } = await batchOn(start, spec, parameters, features);
          const times = isSum ? steps : 1, z = value * times;
          const label = `${steps} steps of ${value}, ${encoder}, decay ${decay}`;
          assertNear(logits[0]!, z, `${label}: what is read`);
          assertNear(gradient.get("fc1.weight")![0]!, 2 * z * times * value, `${label}: w`);
          assertNear(gradient.get("fc1.bias")![0]!, 2 * z * times, `${label}: b`);
        }
      }
    }
  }
});

const INPUTS = 5, HIDDEN = 6;
const top = layer(3, integrator({ decay: 0.5, trainable: ["decay"] }));
/** One network for each backward pass through a layer below the top, with potentials that float32 has exactly. */
const NETWORKS: Readonly<Record<string, readonly LayerSpec[]>> = {
  "spikes alone": [layer(HIDDEN, graded({ decay: 0.5, threshold: 0.5, penalty: 0.25 })), top],
  "spikes of two layers": [
    layer(HIDDEN, graded({ decay: 0.5, threshold: 0.5, penalty: 0.25 })),
    layer(HIDDEN, graded({ decay: 0, threshold: 0.5, penalty: 0.25 })),
    top,
  ],
  "learned constants": [
    layer(
      HIDDEN,
      graded({ decay: 0.5, threshold: 0.5, penalty: 0.25, trainable: ["decay", "threshold", "scale"] }),
    ),
    top,
  ],
  "a surrogate": [
    layer(
      HIDDEN,
      lif({
        decay: 0.5,
        threshold: 0.5,
        reset: "zero",
        start: 0.25,
        trainable: ["decay", "threshold", "start"],
      }),
    ),
    top,
  ],
  "a surrogate, recurrent": [
    layer(HIDDEN, lif({ decay: 0.5, threshold: 0.5, reset: "zero", trainable: ["threshold"] }), {
      recurrent: true,
    }),
    top,
  ],
};

/** Weights in eighths, with a bias that makes units spike often. */
function eighths(spec: NetworkSpec, seed: number): Map<string, Float32Array> {
  const next = numbersFrom(seed);
  const drawn = (count: number, add = 0) =>
    Float32Array.from({ length: count }, () => Math.round(6 * next()) / 8 + add);
  return new Map(
    structureOf(spec).tensors.map(({ name, shape, role, first = 0 }) => {
      const size = sizeOf(shape);
      if (role === "constant") return [name, new Float32Array(size).fill(first)];
      return [name, drawn(size, role === "bias" ? 0.5 : 0)];
    }),
  );
}

/** Gradients agree to 1e-6 of the largest one of their tensor. */
engineTest("gradients over many steps agree with float64 to 1e-6", async (start) => {
  const steps = 1501;
  const next = numbersFrom(3);
  const features = Float32Array.from({ length: steps * INPUTS }, () => next() > 0.2 ? 1 : 0);
  for (const [what, layers] of Object.entries(NETWORKS)) {
    // The loss is the squared error: a device's exponentials are less exact than the sums.
    const spec = network({ inputs: INPUTS, steps, layers, loss: { kind: "meanSquaredError" } });
    const parameters = eighths(spec, 7), wide = widen(parameters);
    const samples = { name: "long", count: 1, size: features.length, features, labels: Uint8Array.of(0) };
    const x = encodeSample(spec, samples, 0, drawKey(0, 0, 0, 0));
    const forward = runForward(spec, wide, x, 0);
    const { logits, spikes, gradient } = await batchOn(start, spec, parameters, features);
    assert.ok(spikes > steps, `${what}: ${spikes} spikes`);
    assert.equal(spikes, forward.spikes, what);
    forward.logits.forEach((z, i) =>
      assert.ok(Math.abs(logits[i]! - z) <= 1e-6 * Math.abs(z), `${what}: logit ${i}`)
    );
    for (const [tensor, expected] of gradientOf(wide, forward)) {
      const found = gradient.get(tensor)!;
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(largest > 0, `${what}: ${tensor}`);
      expected.forEach((value, i) => {
        const off = Math.abs(found[i]! - value) / largest;
        assert.ok(
          off <= 1e-6,
          `${what}: ${tensor}[${i}] is ${found[i]}, expected ${value}: off by ${off.toExponential(1)}`,
        );
      });
    }
  }
});

gpuTest(
  "webgpu refuses a network whose loops a software adapter would end early without an error",
  async () => {
    const spec = network({
      inputs: 3,
      steps: 500,
      encoder: { kind: "constant" },
      layers: [layer(70, lif(), { recurrent: true }), layer(2, integrator())],
    });
    await assert.rejects(
      createEngine({ spec, engine: "webgpu" }),
      /^EngineError: llvmpipe.*: layer 1 takes 71,500 turns of a loop, .* after 65,535: take --engine wasm$/,
    );
  },
);
