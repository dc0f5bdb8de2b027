import { testOnBothBuilds } from "./both_builds.ts";
import { assertSameBits, uniformFloats } from "./numbers.ts";

testOnBothBuilds(
  "sumTerm() writes or adds rows shifted either way, zeros outside of the sample",
  ({ memory }) => {
    for (const [steps, units] of [[1, 4], [5, 4], [7, 12]] as const) {
      for (const delay of [0, 1, 3, 9, -1, -2, -9]) {
        for (const isRow of [false, true]) {
          for (const [begin, end] of [[0, steps], [steps - 1, steps]] as const) {
            for (const isFirst of [true, false]) {
              const from = uniformFloats(delay + 20, isRow ? units : steps * units);
              const before = uniformFloats(3, steps * units), to = memory.updated(before);
              // deno-fmt-ignore
              memory.kernels.sumTerm(memory.floats(from), isRow ? 0 : 4 * units, to, 4 * units, units, delay, steps,
              begin, end, isFirst ? 1 : 0);
              const expected = before.slice();
              for (let t = begin; t < end; t++) {
                for (let unit = 0; unit < units; unit++) {
                  const source = t - delay, isInside = source >= 0 && source < steps;
                  const term = isInside ? from[(isRow ? 0 : source * units) + unit]! : 0;
                  const at = t * units + unit;
                  expected[at] = isFirst ? term : isInside ? before[at]! + term : before[at]!;
                }
              }
              assertSameBits(memory.floatsAt(to, steps * units), expected, `${steps} steps, delay ${delay}`);
              memory.clear();
            }
          }
        }
      }
    }
  },
);

testOnBothBuilds("addVector() adds one row to the rows of some steps", ({ memory }) => {
  const steps = 5, units = 8, vector = uniformFloats(1, units), before = uniformFloats(2, steps * units);
  const to = memory.updated(before);
  memory.kernels.addVector(memory.floats(vector), to, 4 * units, units, 1, 4);
  const expected = before.map((value, at) => {
    const step = Math.floor(at / units);
    return step >= 1 && step < 4 ? value + vector[at % units]! : value;
  });
  assertSameBits(memory.floatsAt(to, steps * units), expected, "rows 1 to 3");
  memory.clear();
});
