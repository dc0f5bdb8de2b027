import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, assertSameBits, uniformFloats, upTo } from "./numbers.ts";

testOnBothBuilds("weighSpikes() weighs outputs by their steps' shares, and counts spikes", ({ memory }) => {
  for (const steps of [1, 2, 7, 128, 129, 300]) {
    for (const units of [4, 12, 36]) {
      for (const isBinary of [false, true]) {
        const distances = uniformFloats(steps + units, steps * units), shares = uniformFloats(steps, steps);
        const outputs = distances.map((v) => v > 0 ? isBinary ? 1 : v : 0);
        const sums = memory.output(units), counts = memory.output(units);
        const [distancesAt, outputsAt] = [memory.floats(distances), memory.floats(outputs)];
        // deno-fmt-ignore
        const total = memory.kernels.weighSpikes(distancesAt, isBinary ? 0 : outputsAt, steps, units,
          memory.floats(shares), sums, counts);
        const expected = upTo(units).map((n) =>
          shares.reduce((sum, share, step) => sum + share * outputs[step * units + n]!, 0)
        );
        const fired = upTo(units).map((n) =>
          upTo(steps).filter((step) => distances[step * units + n]! > 0).length
        );
        assertClose(memory.floatsAt(sums, units), expected, `${steps} steps`, {
          absolute: 1e-6 * Math.sqrt(steps),
        });
        assert.deepEqual([...memory.integersAt(counts, units)], fired);
        assert.equal(total, fired.reduce((a, b) => a + b));
        memory.clear();
      }
    }
  }
});

testOnBothBuilds("weighSpikes() loses nothing over many steps", ({ memory }) => {
  const steps = 50_000,
    shares = new Float32Array(steps).fill(0.1),
    distances = new Float32Array(4 * steps).fill(1);
  const sums = memory.output(4);
  // deno-fmt-ignore
  memory.kernels.weighSpikes(memory.floats(distances), 0, steps, 4, memory.floats(shares), sums, memory.output(4));
  assertClose(memory.floatsAt(sums, 4), new Float64Array(4).fill(steps * Math.fround(0.1)), "sums", {
    relative: 2e-7,
  });
  memory.clear();
});

testOnBothBuilds(
  "multiplyRow() and multiplyRowBack() are a product of one row, and its gradients",
  ({ memory }) => {
    for (const inputs of [4, 12, 36]) {
      for (const units of [4, 12, 20]) {
        const x = uniformFloats(1, inputs), w = uniformFloats(2, inputs * units), b = uniformFloats(3, units);
        const delta = uniformFloats(4, units), share = 2.5, scale = 0.25, y = memory.output(units);
        const [xAt, wAt, bAt] = [memory.floats(x), memory.floats(w), memory.floats(b)];
        memory.kernels.multiplyRow(xAt, wAt, bAt, share, scale, y, inputs, units);
        const expected = upTo(units).map((n) =>
          scale * (share * b[n]! + x.reduce((sum, value, k) => sum + value * w[k * units + n]!, 0))
        );
        assertClose(memory.floatsAt(y, units), expected, "y", { absolute: 1e-6 * inputs });
        const beforeW = uniformFloats(5, inputs * units), beforeB = uniformFloats(6, units);
        const dx = memory.output(inputs), dw = memory.updated(beforeW), db = memory.updated(beforeB);
        memory.kernels.multiplyRowBack(xAt, wAt, memory.floats(delta), share, inputs, units, dx, dw, db);
        const toX = upTo(inputs).map((k) => delta.reduce((sum, d, n) => sum + d * w[k * units + n]!, 0));
        assertClose(memory.floatsAt(dx, inputs), toX, "δx", { absolute: 1e-6 * units });
        const toW = Float64Array.from(beforeW, (g, i) => g + x[Math.floor(i / units)]! * delta[i % units]!);
        assertClose(memory.floatsAt(dw, inputs * units), toW, "∂L/∂W");
        assertClose(
          memory.floatsAt(db, units),
          Float64Array.from(beforeB, (g, n) => g + share * delta[n]!),
          "∂L/∂b",
        );
        memory.clear();
      }
    }
  },
);

testOnBothBuilds("spreadRow() gives each step its share of a row", ({ memory }) => {
  const row = uniformFloats(1, 12), shares = uniformFloats(2, 5), rows = memory.output(60);
  memory.kernels.spreadRow(memory.floats(row), memory.floats(shares), 5, 12, rows);
  const expected = Float32Array.from({ length: 60 }, (_, i) => row[i % 12]! * shares[Math.floor(i / 12)]!);
  assertSameBits(memory.floatsAt(rows, 60), expected, "rows");
  memory.clear();
});
