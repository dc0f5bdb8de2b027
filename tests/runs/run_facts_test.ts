import assert from "node:assert/strict";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine, type WasmEngineOptions } from "../../src/engine/wasm/wasm_engine.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { fingerprint } from "../../src/runs/run_facts.ts";
import { drawSamples } from "../engine/network_cases.ts";

const spec = notebookNetwork({ inputs: 9, hidden: 6, classes: 3, steps: 5 });
const [relaxed, plain] = [await loadKernels("relaxed"), await loadKernels("plain")];

Deno.test("Engine.kernels differs between builds, but not with threads or tiles, which change no bit", () => {
  const kernels = (options: Partial<WasmEngineOptions>) => {
    using engine = createWasmEngine({ spec, kernels: relaxed, threads: 0, ...options });
    return engine.kernels;
  };
  const one = kernels({});
  for (const same of [{ threads: 1 }, { threads: 3 }, { tile: "f32-4x8-load" }] as const) {
    assert.equal(kernels(same), one);
  }
  for (const tile of ["i16-4x8", "i8-4x4x2"] as const) {
    assert.equal(kernels({ precision: "i16", tile }), one);
  }
  assert.notEqual(kernels({ kernels: plain }), one);
});

Deno.test("fingerprint() differs with the number and the labels of training samples", async () => {
  const samples = drawSamples(spec, 1, 20, false);
  const found = await fingerprint(samples);
  assert.equal(found.samples, 20);
  assert.match(found.labelsSha256, /^[0-9a-f]{64}$/);
  assert.deepEqual(await fingerprint({ ...samples, labels: samples.labels.slice() }), found);
  const label = (samples.labels[7]! + 1) % 3;
  assert.notEqual(
    (await fingerprint({ ...samples, labels: samples.labels.with(7, label) })).labelsSha256,
    found.labelsSha256,
  );
});
