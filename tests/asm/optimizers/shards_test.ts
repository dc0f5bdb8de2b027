import assert from "node:assert/strict";
import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";

testOnBothBuilds("sumShards() sums into the first shard and returns the sum's squared norm", ({ memory }) => {
  const { fround } = Math;
  for (const [count, row] of [[4, 4], [8, 8], [12, 20], [36, 36], [1024, 8192]] as const) {
    for (const shards of [1, 2, 3, 24]) {
      const g = uniformFloats(count + shards, shards * row);
      const gradients = memory.updated(g);
      const squared = memory.kernels.sumShards(gradients, count, 4 * row, shards);
      const sums = Float32Array.from({ length: count }, (_, i) => {
        let sum = g[i]!;
        for (let shard = 1; shard < shards; shard++) sum = fround(sum + g[shard * row + i]!);
        return sum;
      });
      const case_ = `${count} parameters, ${shards} shards`;
      assertSameBits(memory.floatsAt(gradients, count), sums, case_);
      assertSameBits(
        memory.floatsAt(gradients, shards * row).slice(count),
        g.slice(count),
        "the other shards",
      );
      const lanes = [0, 0, 0, 0];
      sums.forEach((sum, i) => lanes[i % 4]! += sum * sum); // a product of two float32 is exact in float64
      assert.equal(squared, lanes[0]! + lanes[1]! + lanes[2]! + lanes[3]!, case_);
      memory.clear();
    }
  }
});

testOnBothBuilds(
  "addShards() gives the bits of sumShards() and returns the squared norm to 1e-6",
  ({ memory }) => {
    for (const [count, row] of [[4, 4], [16, 16], [20, 32], [36, 36], [1024, 8192]] as const) {
      for (const shards of [1, 3, 24]) {
        const g = uniformFloats(count + shards, shards * row);
        const [one, other] = [memory.updated(g), memory.updated(g)];
        const exact = memory.kernels.sumShards(one, count, 4 * row, shards);
        const squared = memory.kernels.addShards(other, count, 4 * row, shards);
        const case_ = `${count} parameters, ${shards} shards`;
        assertSameBits(memory.floatsAt(other, shards * row), memory.floatsAt(one, shards * row), case_);
        assert.ok(Math.abs(squared - exact) <= 1e-6 * exact, `${case_}: ${squared} and ${exact}`);
        memory.clear();
      }
    }
  },
);
