import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, uniformFloats } from "./numbers.ts";

testOnBothBuilds("readStates() sums the steps of a window", ({ memory }) => {
  for (const units of [4, 8, 12, 36]) {
    for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9, 128, 129, 301]) {
      for (
        const [first, last] of [[0, steps - 1], [0, steps - 2], [steps >> 1, steps - 1], [
          steps - 1,
          steps - 1,
        ]] as const
      ) {
        const potentials = uniformFloats(steps + units, steps * units);
        const logits = memory.output(units);
        memory.kernels.readStates(memory.floats(potentials), first, last, units, 0.375, logits);
        const expected = new Float64Array(units);
        potentials.forEach((u, i) => {
          const step = Math.floor(i / units);
          if (step >= first && step <= last) expected[i % units]! += 0.375 * u;
        });
        assertClose(memory.floatsAt(logits, units), expected, `steps ${first} to ${last} of ${steps}`);
        memory.clear();
      }
    }
  }
});

/** Windows of steps that a readout can have. */
function windows(steps: number): [first: number, last: number][] {
  return [[0, steps - 1], [0, steps - 2], [steps >> 1, steps - 1], [steps - 1, steps - 1]];
}

testOnBothBuilds(
  "readLargest() finds the first maximum, and readLargestBack() writes the gradient to its step",
  ({ memory }) => {
    for (const units of [4, 12]) {
      for (const steps of [1, 2, 5, 9]) {
        for (const [first, last] of windows(steps)) {
          for (const zero of [0, 1]) {
            // Few different numbers, so that many are equal; one unit has only negative ones.
            const values = uniformFloats(steps + units, steps * units).map((value, i) =>
              i % units === 1 ? value - 2 : Math.round(2 * value) / 2 + 0 // no −0
            );
            const logits = memory.output(units), at = memory.output(units);
            memory.kernels.readLargest(memory.floats(values), first, last, units, zero, logits, at);
            const gradients = uniformFloats(units, units), rows = memory.output(steps * units);
            memory.kernels.readLargestBack(memory.floats(gradients), at, steps, units, rows);
            const expected = new Float32Array(steps * units);
            for (let n = 0; n < units; n++) {
              const read = Array.from(
                { length: Math.max(0, last - first + 1) },
                (_, i) => values[(first + i) * units + n]!,
              );
              if (zero) {
                read.unshift(0);
              }
              const largest = read.length > 0 ? Math.max(...read) : 0;
              assert.equal(memory.floatsAt(logits + 4 * n, 1)[0], largest);
              const step = read.indexOf(largest) + (zero ? first - 1 : first);
              const isZero = read.length === 0 || (zero === 1 && read.indexOf(largest) === 0);
              if (!isZero) expected[step * units + n] = gradients[n]!;
              assert.equal(memory.integersAt(at + 4 * n, 1)[0], isZero ? -1 : step);
            }
            assert.deepEqual(memory.floatsAt(rows, steps * units), expected);
            memory.clear();
          }
        }
      }
    }
  },
);

testOnBothBuilds(
  "readStatesBack() writes the gradient to each step of the window, and 0 to the others",
  ({ memory }) => {
    for (const units of [4, 12]) {
      for (const steps of [1, 2, 5, 9]) {
        for (const [first, last] of windows(steps)) {
          const gradients = uniformFloats(units, units), rows = memory.output(steps * units);
          memory.kernels.readStatesBack(memory.floats(gradients), first, last, steps, units, rows);
          const expected = Float32Array.from({ length: steps * units }, (_, i) => {
            const step = Math.floor(i / units);
            return step >= first && step <= last ? gradients[i % units]! : 0;
          });
          assert.deepEqual(memory.floatsAt(rows, steps * units), expected);
          memory.clear();
        }
      }
    }
  },
);
