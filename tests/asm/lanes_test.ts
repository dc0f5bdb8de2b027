import assert from "node:assert/strict";
import { bestVariant, instantiate } from "../../src/engine/wasm/kernels.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { testOnBothBuilds } from "./both_builds.ts";
import { fusedMultiplyAdd } from "./rounding.ts";

Deno.test("fuses() is 0 in the plain build and 0 or 1 in the relaxed one", async () => {
  assert.equal(instantiate((await loadKernels("plain")).module).fuses(), 0);
  assert.ok([0, 1].includes(instantiate((await loadKernels("relaxed")).module).fuses()));
});

Deno.test("loadKernels() loads the best build for this runtime by default", async () => {
  assert.equal((await loadKernels()).variant, bestVariant());
});

testOnBothBuilds(
  "heapBase() lies after the module's constants and within its memory",
  ({ memory: { kernels } }) => {
    // The tables of exp and log lie before it: at 0 the host would overwrite them.
    assert.ok(kernels.heapBase() > 0);
    assert.ok(kernels.heapBase() <= kernels.memory.buffer.byteLength);
  },
);

Deno.test("the tests' fusedMultiplyAdd() rounds once where two roundings in float64 would differ", () => {
  assert.equal(fusedMultiplyAdd(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)), 2 ** -24);
  assert.equal(fusedMultiplyAdd(2, 3, 4), 10);
  // 1 + 2⁻²⁴ lies halfway between two float32 numbers; ±2⁻⁸⁰, which float64 loses, decides.
  const half = Math.fround(1 + 2 ** -23);
  assert.equal(fusedMultiplyAdd(2 ** -40, 2 ** -40, 1), 1);
  const exact = (1 + 2 ** -23) * (1 + 2 ** -1); // 1.5 + 1.5·2⁻²³: halfway
  assert.equal(exact, 1.5 + 1.5 * 2 ** -23);
  assert.equal(fusedMultiplyAdd(half, 1.5, 2 ** -100), 1.5 + 2 ** -22);
  assert.equal(fusedMultiplyAdd(half, 1.5, -(2 ** -100)), 1.5 + 2 ** -23);
  assert.equal(fusedMultiplyAdd(-half, 1.5, 2 ** -100), -(1.5 + 2 ** -23));
});
