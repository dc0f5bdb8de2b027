import assert from "node:assert/strict";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { TILES } from "../../src/engine/wasm/precision.ts";
import { timeTiles } from "../../src/engine/wasm/tuning.ts";

Deno.test("timeTiles() times every tile of a precision and returns the fastest", async () => {
  const kernels = await loadKernels();
  for (const precision of ["f32", "i16"] as const) {
    const { tile, microseconds } = timeTiles(kernels, precision);
    assert.deepEqual(Object.keys(microseconds), [...TILES[precision]]);
    const least = Math.min(...Object.values(microseconds));
    assert.ok(least > 0 && Number.isFinite(least));
    assert.equal(microseconds[tile], least);
  }
});
