import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";

testOnBothBuilds("sgd() sums shards in order and updates parameters by PyTorch's equations", ({ memory }) => {
  const { fround } = Math;
  const constants = [[0.1, 0.5, 0, 1], [1, 0, 0, 1], [0, 0.9, 0, 1], [0.1, 0.9, 0.01, 1], [
    0.2,
    0.5,
    0.3,
    0.37,
  ]];
  for (const count of [4, 8, 12, 36, 784]) {
    for (const shards of [1, 2, 3, 5, 32]) {
      for (
        const [learningRate = 0, momentum = 0, decay = 0, factor = 0] of constants.map((c) => c.map(fround))
      ) {
        const w = uniformFloats(count, count), v = uniformFloats(count + 1, count);
        const g = uniformFloats(shards, shards * count);
        const parameters = memory.updated(w), velocity = memory.updated(v);
        // deno-fmt-ignore
        memory.kernels.sgd(parameters, velocity, memory.floats(g), count, shards, factor, learningRate, momentum, decay);

        const moved = v.map((before, i) => {
          let gradient = g[i]!;
          for (let shard = 1; shard < shards; shard++) gradient = fround(gradient + g[shard * count + i]!);
          gradient = fround(factor * gradient);
          if (decay > 0) gradient = fround(gradient + fround(decay * w[i]!));
          return fround(fround(momentum * before) + gradient);
        });
        const case_ = `${count} parameters, ${shards} shards`;
        assertSameBits(memory.floatsAt(velocity, count), moved, case_);
        assertSameBits(
          memory.floatsAt(parameters, count),
          w.map((before, i) => fround(before - fround(learningRate * moved[i]!))),
          case_,
        );
        memory.clear();
      }
    }
  }
});
