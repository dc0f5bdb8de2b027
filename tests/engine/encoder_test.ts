import assert from "node:assert/strict";
import fc from "fast-check";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import type { Samples } from "../../src/data/samples.ts";
import { drawKey, STREAM } from "../../src/random.ts";
import { structureOf } from "../../src/network/structure.ts";
import { batchOf, bitsOf } from "./batches.ts";
import { networkCases, networkSpecs, withEncoder } from "./network_cases.ts";
import { encodeSample } from "./reference_network.ts";

const SEED = 23, EPOCH = 1;
const kernels = await loadKernels();

/** The bits of a batch's gradient, and its result. */
async function trained(spec: NetworkSpec, samples: Samples, parameters: Map<string, Float32Array>) {
  using engine = createWasmEngine({ spec, kernels, threads: 0, seed: SEED, batchSize: samples.count });
  await engine.setParameters(parameters);
  const result = await engine.train(batchOf(samples, undefined, EPOCH), { learningRate: 0.1, momentum: 0 });
  return { ...result, parameters: bitsOf(await engine.getParameters()) };
}

Deno.test("an encoded sample gives the same bits as a sequence of the encoder's spikes", async () => {
  const spiking = networkSpecs.filter(({ input: { encoder } }) =>
    ["poisson", "latency", "delta"].includes(encoder.kind)
  );
  let spikes = 0;
  await fc.assert(
    fc.asyncProperty(
      networkCases({ samples: 3, specs: spiking, unequal: true }),
      async ({ spec, samples, parameters }) => {
        const { count } = samples;
        const { inputs } = structureOf(spec);
        const size = spec.steps * inputs, features = new Float32Array(count * size);
        for (let sample = 0; sample < count; sample++) {
          encodeSample(spec, samples, sample, drawKey(SEED, STREAM.training, EPOCH, sample))
            .forEach((row, step) => features.set(row, sample * size + step * inputs));
        }
        const encoded = { ...samples, size, features };
        const direct = withEncoder(spec, { kind: "direct", offset: 0 });
        assert.deepEqual(
          await trained(spec, samples, parameters),
          await trained(direct, encoded, parameters),
        );
        spikes += features.filter((value) => value !== 0).length;
      },
    ),
    { seed: 5, numRuns: 150 },
  );
  assert.ok(spikes > 5000, `${spikes} spikes`);
});
