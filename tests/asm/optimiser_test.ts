import { testOnBothBuilds } from "./both_builds.ts";
import { assertSameBits, uniformFloats } from "./numbers.ts";

testOnBothBuilds("sgd() adds shards in their order and moves as PyTorch does, bit for bit", ({ memory }) => {
  const { fround } = Math;
  for (const count of [4, 8, 12, 36, 784]) {
    for (const shards of [1, 2, 3, 5, 32]) {
      for (const [learningRate, momentum] of [[0.1, 0.5], [1, 0], [0, 0.9]].map((pair) => pair.map(fround))) {
        const w = uniformFloats(count, count), v = uniformFloats(count + 1, count);
        const g = uniformFloats(shards, shards * count);
        const parameters = memory.updated(w), velocity = memory.updated(v);
        memory.kernels.sgd(parameters, velocity, memory.floats(g), count, shards, learningRate!, momentum!);

        const moved = v.map((before, i) => {
          let gradient = g[i]!;
          for (let shard = 1; shard < shards; shard++) gradient = fround(gradient + g[shard * count + i]!);
          return fround(fround(momentum! * before) + gradient);
        });
        const case_ = `${count} parameters, ${shards} shards`;
        assertSameBits(memory.floatsAt(velocity, count), moved, case_);
        assertSameBits(
          memory.floatsAt(parameters, count),
          w.map((before, i) => fround(before - fround(learningRate! * moved[i]!))),
          case_,
        );
        memory.clear();
      }
    }
  }
});
