import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";

/** The numeric arguments of a call, as float32. */
function constantsOf(
  decay: number,
  shrink: number,
  factor: number,
): Readonly<
  Record<
    "factor" | "rate" | "toMean" | "keep" | "toSquare" | "correction" | "epsilon" | "decay" | "shrink",
    number
  >
> {
  const { fround } = Math;
  return {
    factor: fround(factor),
    rate: fround(0.01),
    toMean: fround(0.1),
    keep: fround(0.999),
    toSquare: fround(0.001),
    correction: fround(0.3),
    epsilon: fround(1e-8),
    decay: fround(decay),
    shrink: fround(shrink),
  };
}

testOnBothBuilds(
  "adam() sums shards in order and updates parameters with the bits of its equations",
  ({ memory }) => {
    const { fround } = Math;
    for (const count of [4, 8, 12, 36, 784]) {
      for (const shards of [1, 2, 5]) {
        for (const c of [constantsOf(0, 1, 1), constantsOf(0.1, 1, 0.5), constantsOf(0, 0.99, 0.25)]) {
          const w = uniformFloats(count, count), m = uniformFloats(count + 1, count);
          const s = uniformFloats(count + 2, count).map(Math.abs);
          const g = uniformFloats(shards, shards * count);
          g[0] = s[0] = m[0] = 0; // as in padding: 0 / 0 must not occur
          for (let shard = 1; shard < shards; shard++) g[shard * count] = 0;
          const parameters = memory.updated(w), mean = memory.updated(m), square = memory.updated(s);
          // deno-fmt-ignore
          memory.kernels.adam(parameters, mean, square, memory.floats(g), count, shards, c.factor, c.rate, c.toMean,
          c.keep, c.toSquare, c.correction, c.epsilon, c.decay, c.shrink);

          const gradient = w.map((before, i) => {
            let sum = g[i]!;
            for (let shard = 1; shard < shards; shard++) sum = fround(sum + g[shard * count + i]!);
            return fround(fround(c.factor * sum) + fround(c.decay * before));
          });
          const means = m.map((before, i) =>
            fround(before + fround(c.toMean * fround(gradient[i]! - before)))
          );
          const squares = s.map((before, i) =>
            fround(fround(c.keep * before) + fround(fround(c.toSquare * gradient[i]!) * gradient[i]!))
          );
          const moved = w.map((before, i) => {
            const root = fround(Math.sqrt(squares[i]!));
            const share = fround(means[i]! / fround(fround(root / c.correction) + c.epsilon));
            return fround(fround(c.shrink * before) - fround(c.rate * share));
          });
          const case_ = `${count} parameters, ${shards} shards`;
          assertSameBits(memory.floatsAt(mean, count), means, `mean, ${case_}`);
          assertSameBits(memory.floatsAt(square, count), squares, `square, ${case_}`);
          assertSameBits(memory.floatsAt(parameters, count), moved, case_);
          memory.clear();
        }
      }
    }
  },
);
