import assert from "node:assert/strict";
import { instantiate } from "../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";

for (const variant of ["relaxed", "plain"] as const) {
  Deno.test(`the ${variant} build imports nothing, and each instance has its own memory`, async () => {
    const { module } = await loadKernels(variant);
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const one = instantiate(module), other = instantiate(module);
    const at = one.heapBase();
    new Uint8Array(one.memory.buffer)[at] = 7;
    assert.equal(new Uint8Array(other.memory.buffer)[at], 0);
  });
}

Deno.test("the two builds export the same names", async () => {
  const [relaxed, plain] = await Promise.all((["relaxed", "plain"] as const).map(loadKernels));
  assert.deepEqual(
    WebAssembly.Module.exports(relaxed!.module),
    WebAssembly.Module.exports(plain!.module),
  );
});
