import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { layOutForMatmul } from "./matmul_layout.ts";
import { assertSameBits, numbersFrom, uniformFloats } from "./numbers.ts";

testOnBothBuilds(
  "matmulSparse() gives the bits of matmulF32() for inputs of any density, at every remainder",
  ({ memory }) => {
    const { kernels } = memory;
    for (const inputs of [4, 12, 36]) {
      for (const steps of [1, 3, 4, 5, 10]) {
        for (const units of [1, 4, 7, 8, 9, 24, 25, 33, 64, 70]) {
          const density = [0, 0.1, 0.5, 1][(inputs + steps + units) % 4]!;
          const next = numbersFrom(inputs * steps * units);
          const padded = 4 * Math.ceil(steps / 4), panels = Math.ceil(units / 8);
          const values = Array.from(
            { length: padded * inputs },
            () => Math.abs(next()) < density ? next() : 0,
          );
          const x = memory.floats(
            layOutForMatmul(steps, inputs, (step, input) => values[step * inputs + input]!),
          );
          const packed = memory.floats(uniformFloats(units, panels * inputs * 8));
          const bias = memory.floats(uniformFloats(units + 1, panels * 8));
          const dense = memory.output(panels * padded * 8), sparse = memory.output(panels * padded * 8);
          kernels.matmulF32(x, packed, bias, dense, padded, inputs, units);

          const counts = memory.output(padded);
          const total = kernels.countInputs(x, steps, inputs, counts);
          const expected = values.slice(0, steps * inputs).filter((value) => value !== 0).length;
          assert.equal(total, expected, "inputs that are not zero");
          const entries = memory.output(2 * (total + padded));
          kernels.listInputs(x, steps, inputs, counts, entries);
          kernels.matmulSparse(counts, entries, packed, bias, sparse, steps, inputs, units);

          // [panels][steps][8], without padding steps and without units that matmulF32() does not write.
          const writtenBy = (at: number) => {
            const currents = memory.floatsAt(at, panels * padded * 8);
            return currents.filter((_, i) => Math.floor(i / 8) % padded < steps && i % 8 < 4);
          };
          assertSameBits(
            writtenBy(sparse),
            writtenBy(dense),
            `${steps} steps, ${inputs} inputs, ${units} units`,
          );
          memory.clear();
        }
      }
    }
  },
);
