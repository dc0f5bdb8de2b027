import assert from "node:assert/strict";
import { chooseAdapter, describeAdapter, findAdapters, type Gpu } from "../../../src/engine/gpu/adapter.ts";
import { openDevice } from "../../../src/engine/gpu/device.ts";
import { createWebGpuEngine } from "../../../src/engine/webgpu/webgpu_engine.ts";
import { notebookNetwork } from "../../../src/network/presets.ts";
import { gpuTest } from "./gpu.ts";

const NONE: Gpu = { requestAdapter: () => Promise.resolve(null) };

Deno.test("chooseAdapter() says what to do if there is no adapter", async () => {
  await assert.rejects(chooseAdapter(NONE), {
    name: "EngineError",
    message: /^no GPU adapter was found: .*driver.*--engine wasm$/,
  });
});

Deno.test("findAdapters() returns an empty list if there is no adapter", async () => {
  assert.deepEqual(await findAdapters(NONE), []);
});

Deno.test("createWebGpuEngine() rejects with an EngineError if there is no adapter", async () => {
  await assert.rejects(createWebGpuEngine({ spec: notebookNetwork(), gpu: NONE }), { name: "EngineError" });
});

gpuTest("findAdapters() names each adapter once, with its limits", async () => {
  const found = await findAdapters();
  const names = found.map(({ description }) => JSON.stringify(description));
  assert.ok(names.length > 0);
  assert.equal(new Set(names).size, names.length);
  for (const { description } of found) {
    assert.notEqual(description.name, "");
    assert.doesNotMatch(description.vendor, /^(65541|4318)$/); // a word, not a number
    assert.ok(description.limits.maxStorageBufferBindingSize >= 2 ** 27); // WebGPU's minimum
    assert.ok(description.limits.maxBufferSize >= 2 ** 28);
  }
});

gpuTest("describeAdapter() distinguishes a software adapter from a GPU", async () => {
  const { adapter, description } = await chooseAdapter();
  assert.equal(description.isSoftware, /llvmpipe|swiftshader/i.test(adapter.info.description));
  const isSoftware = (info: object) =>
    describeAdapter(Object.create(adapter, { info: { value: info }, limits: { value: adapter.limits } }))
      .isSoftware;
  assert.ok(
    isSoftware({
      vendor: "google",
      architecture: "swiftshader",
      device: "",
      description: "SwiftShader Device",
    }),
  );
  assert.ok(
    isSoftware({ vendor: "", architecture: "", device: "", description: "", isFallbackAdapter: true }),
  );
  assert.ok(
    !isSoftware({
      vendor: "4318",
      architecture: "",
      device: "8976",
      description: "NVIDIA H100",
      isFallbackAdapter: false,
    }),
  );
});

gpuTest("openDevice() names the adapter that refuses a device", async () => {
  const { adapter, description } = await chooseAdapter();
  // An adapter gives one device, by the standard. Deno's gives more, so this one requests more than its limits allow.
  await adapter.requestDevice();
  const greedy = Object.create(adapter, {
    limits: { value: { maxBufferSize: Number.MAX_SAFE_INTEGER } },
    requestDevice: { value: adapter.requestDevice.bind(adapter) },
    info: { value: adapter.info },
  });
  await assert.rejects(openDevice({ adapter: { adapter: greedy, description } }), {
    name: "EngineError",
    message: /: it refused a device: /,
  });
});
