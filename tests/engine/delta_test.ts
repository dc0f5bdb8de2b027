/**
 * The delta encoder spikes on a change of exactly the threshold, though float32 may round the change below it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SampleFeatures } from "../../src/data/augment.ts";
import type { DenseFeatures } from "../../src/data/events.ts";
import type { Samples } from "../../src/data/samples.ts";
import { encodeRows, packSamples, uploadPixels } from "../../src/engine/gpu/encoding.ts";
import { openBackend } from "../../src/engine/gpu/tfjs_backend.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { graded, layer, network } from "../../src/network/builder.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { drawKey } from "../../src/random.ts";
import { batchOf } from "./batches.ts";
import { gpuTest } from "./gpu/gpu.ts";
import { encodeSample } from "./reference_network.ts";

const kernels = await loadKernels();
const identity = graded({ decay: 0, threshold: 0, penalty: 0 });

/** One channel, encoded as two inputs, and a layer whose outputs are its inputs. */
const specOf = (steps: number, threshold: number, offset = 0) =>
  network({ inputs: 2, steps, encoder: { kind: "delta", threshold, offset }, layers: [layer(2, identity)] });

const sampleOf = (features: Float32Array | Uint8Array): Samples<DenseFeatures> => ({
  name: "a ramp",
  count: 1,
  size: features.length,
  features,
  labels: Uint8Array.of(0),
});

/** By WASM's encoder: 1 where the channel rises, −1 where it falls. */
async function onWasm(spec: NetworkSpec, samples: Samples<DenseFeatures>): Promise<number[]> {
  using engine = createWasmEngine({ spec, kernels, threads: 0, batchSize: 1, recordStates: true });
  await engine.setParameters(
    new Map([["fc1.weight", Float32Array.of(1, 0, 0, 1)], ["fc1.bias", new Float32Array(2)]]),
  );
  const { outputs: [o] } = await engine.trace(batchOf(samples));
  return Array.from({ length: spec.steps }, (_, t) => o![2 * t]! - o![2 * t + 1]!);
}

/** The same by the reference network. */
const inReference = (spec: NetworkSpec, samples: Samples<DenseFeatures>): Promise<number[]> =>
  Promise.resolve(encodeSample(spec, samples, 0, drawKey(0, 0, 0, 0)).map(([on, off]) => on! - off!));

/** Compares an encoder's spikes with the expected ones, for decimals and for bytes of up to `mostLevels` per step. */
async function checkOn(
  encode: (spec: NetworkSpec, samples: Samples<DenseFeatures>) => Promise<number[]>,
  mostLevels: number,
) {
  const spikes = (features: Float32Array | Uint8Array, threshold: number, offset = 0) =>
    encode(specOf(features.length, threshold, offset), sampleOf(features));
  assert.deepEqual(await spikes(Float32Array.of(1, 2, 2.9, 3, 3.9), 1), [0, 1, 0, 0, 0]);
  assert.deepEqual(await spikes(Float32Array.of(0, 1, 0, 2, 8, -20, 20), 1), [0, 1, -1, 1, 1, -1, 1]);
  for (const step of [0.1, 0.2, 0.3, 0.05, 1e-3, 7.7]) {
    const ramp = Float32Array.from({ length: 11 }, (_, t) => Math.round(t * step * 1e6) / 1e6);
    const rising = [0, ...Array(10).fill(1)];
    assert.deepEqual(await spikes(ramp, step), rising, `by ${step}`);
    assert.deepEqual(await spikes(ramp.toReversed(), step), rising.map((on) => 0 - on), `down by ${step}`);
    // A change short of the threshold by a thousandth is no spike.
    assert.deepEqual(await spikes(ramp, 1.001 * step), Array(11).fill(0), `short of ${step}`);
  }
  // Where the threshold is below the last place of the numbers, equal numbers are no change.
  assert.deepEqual(await spikes(Float32Array.of(3e7, 3e7, 3e7 + 2), 0.1), [0, 0, 1]);
  for (let level = 1; level <= mostLevels; level++) {
    const bytes = Uint8Array.from({ length: Math.floor(255 / level) + 1 }, (_, t) => t * level);
    const rising = Array.from(bytes, (_, t) => t === 0 ? 0 : 1);
    for (const offset of [0, -0.5]) {
      assert.deepEqual(await spikes(bytes, level / 255, offset), rising, `${level}/255, offset ${offset}`);
    }
    assert.deepEqual(
      await spikes(bytes, (level + 0.5) / 255),
      rising.fill(0),
      `half a level above ${level}/255`,
    );
  }
  assert.deepEqual(await spikes(Uint8Array.of(0, 51, 102, 153, 204, 255), 0.2), [0, 1, 1, 1, 1, 1]);
}

Deno.test("the delta encoder spikes on a change of exactly the threshold, on wasm", () =>
  checkOn(onWasm, 64));

Deno.test("the delta encoder spikes on a change of exactly the threshold, in the reference network", () =>
  checkOn(inReference, 64));

gpuTest(
  "the delta encoder spikes on a change of exactly the threshold, on a device",
  async () => {
    const backend = await openBackend();
    try {
      await checkOn(async (spec, samples) => {
        const packed = packSamples(spec, batchOf(samples), {
          sources: new SampleFeatures(0),
          count: 1,
          seed: 0,
        });
        const [x] = await backend.scoped(() =>
          backend.read(encodeRows(backend, spec, uploadPixels(backend, spec), packed))
        );
        return Array.from({ length: spec.steps }, (_, t) => x![2 * t]! - x![2 * t + 1]!);
      }, 16);
    } finally {
      backend.close();
    }
  },
);
