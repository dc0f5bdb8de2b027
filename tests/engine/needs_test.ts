import assert from "node:assert/strict";
import { EngineError } from "../../src/errors.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { compilePlan } from "../../src/engine/plan/compile.ts";
import { convNetwork } from "../../src/network/conv_presets.ts";
import { lifNetwork } from "../../src/network/presets.ts";

const kernels = await loadKernels();

Deno.test("an engine says what a thread and a batch need, and needs more for more steps and samples", () => {
  const needsOf = (steps: number, batchSize: number) => {
    using engine = createWasmEngine({ spec: lifNetwork({ steps }), kernels, threads: 0, batchSize });
    return engine.needs;
  };
  const small = needsOf(25, 100), long = needsOf(100, 100), wide = needsOf(25, 1000);
  // Parameters and gradients: 784 · 128 + 128 · 10 weights and more.
  assert.ok(small.thread > 2 * 4 * (784 * 128 + 128 * 10), String(small.thread));
  assert.ok(small.thread < 2 ** 23, String(small.thread));
  assert.ok(long.thread > small.thread + 75 * 128 * 4);
  assert.equal(long.batch, small.batch);
  assert.ok(wide.batch > small.batch);
});

Deno.test("samples of a batch that meet keep only what they need from pass to pass", () => {
  const spec = convNetwork(), { values, forward } = compilePlan(spec);
  const needsOf = (trainingBatch: number) => {
    using engine = createWasmEngine({ spec, kernels, threads: 0, batchSize: 128, trainingBatch });
    return engine.needs.thread;
  };
  const sample = (needsOf(128) - needsOf(64)) / 64;
  const all = values.reduce((sum, { units, rows }) => sum + 4 * units * (rows === "one" ? 1 : spec.steps), 0);
  const made = forward.flatMap((step) => step.kind === "sumBatch" ? [step.operator] : []).length;
  assert.equal(made, 2);
  assert.ok(sample > 0.2 * all && sample < 0.8 * all, `${sample} of ${all} bytes`);
});

Deno.test("an engine refuses a network that no memory of WebAssembly has room for, and allocates nothing", () => {
  const spec = lifNetwork({ steps: 65_536, hidden: 4096 });
  const before = Deno.memoryUsage().rss;
  assert.throws(
    () => createWasmEngine({ spec, kernels, threads: 0 }),
    (error) =>
      error instanceof EngineError &&
      /needs [\d,]+ MiB of memory in each thread: WebAssembly has 4 GiB at most; take fewer steps, or smaller layers/
        .test(error.message),
  );
  assert.ok(Deno.memoryUsage().rss - before < 256 * 2 ** 20);
});
