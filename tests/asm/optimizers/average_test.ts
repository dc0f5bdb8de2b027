import { testOnBothBuilds } from "../both_builds.ts";
import { assertSameBits, uniformFloats } from "../numbers.ts";

testOnBothBuilds("average() moves an average by its share towards the parameters", ({ memory }) => {
  const { fround } = Math;
  for (const count of [4, 8, 12, 36, 784]) {
    for (const share of [1, 0.9, 0.5, 1e-3, 0].map(fround)) {
      const w = uniformFloats(count, count), a = uniformFloats(count + 1, count);
      const average = memory.updated(a), parameters = memory.floats(w);
      memory.kernels.average(average, parameters, count, share);
      const moved = a.map((before, i) => fround(before + fround(share * fround(w[i]! - before))));
      assertSameBits(memory.floatsAt(average, count), moved, `${count} parameters, a share of ${share}`);
      memory.clear();
    }
  }
});
