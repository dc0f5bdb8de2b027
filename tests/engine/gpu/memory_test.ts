import assert from "node:assert/strict";
import { samplesThatFit } from "../../../src/engine/gpu/memory.ts";

const MIB = 2 ** 20;
const ADAPTER = {
  name: "some adapter",
  vendor: "some vendor",
  architecture: "",
  isSoftware: false,
  limits: {
    maxBufferSize: 256 * MIB,
    maxStorageBufferBindingSize: 128 * MIB,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupStorageSize: 16_384,
    maxComputeWorkgroupsPerDimension: 65_535,
  },
};
const needOf = (weights = 4 * MIB, inputs = MIB) => (samples: number) => ({
  total: 10 * MIB + 2 * samples * inputs,
  buffers: [{ what: "one layer's weights", bytes: weights }, { what: "the inputs", bytes: samples * inputs }],
});
const NEED = needOf();

Deno.test("samplesThatFit() keeps to the budget", () => {
  assert.equal(samplesThatFit(ADAPTER, NEED, 1000, 30), 10);
  assert.equal(samplesThatFit(ADAPTER, NEED, 1000, 31), 10);
  assert.equal(samplesThatFit(ADAPTER, NEED, 1000, 12), 1);
});

Deno.test("samplesThatFit() keeps to the largest buffer and to the requested number", () => {
  assert.equal(samplesThatFit(ADAPTER, NEED, 1000, 4096), 128);
  assert.equal(samplesThatFit(ADAPTER, NEED, 100, 4096), 100);
});

Deno.test("samplesThatFit() says how much memory one sample takes if the budget is smaller", () => {
  assert.throws(() => samplesThatFit(ADAPTER, NEED, 1000, 11), {
    name: "EngineError",
    message:
      "--gpu-memory 11: this network takes 12 MiB for one sample alone: give at least 12, or take --engine wasm",
  });
});

Deno.test("samplesThatFit() names the buffer that is too large for the adapter", () => {
  assert.throws(() => samplesThatFit(ADAPTER, needOf(129 * MIB), 1000, 4096), {
    name: "EngineError",
    message: /^some adapter: one layer's weights take 129 MiB in one buffer, but its largest has 128 MiB: /,
  });
  assert.throws(() => samplesThatFit(ADAPTER, needOf(MIB, 200 * MIB), 1000, 4096), {
    name: "EngineError",
    message: /^some adapter: the inputs take 200 MiB in one buffer, but its largest has 128 MiB: /,
  });
});
