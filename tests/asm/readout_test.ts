import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, uniformFloats } from "./numbers.ts";

testOnBothBuilds("readStates() sums the steps of any window", ({ memory }) => {
  for (const units of [4, 8, 12, 36]) {
    for (const steps of [1, 2, 3, 4, 5, 6, 7, 8, 9, 128]) {
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

/** −log softmax and its gradient in float64, by the largest logit as every textbook has it. */
function softmax(logits: ArrayLike<number>): { logProbabilities: number[]; probabilities: number[] } {
  const highest = Math.max(...Array.from(logits));
  const normaliser = highest +
    Math.log(Array.from(logits).reduce((sum, z) => sum + Math.exp(z - highest), 0));
  const logProbabilities = Array.from(logits, (z) => z - normaliser);
  return { logProbabilities, probabilities: logProbabilities.map(Math.exp) };
}

testOnBothBuilds(
  "crossEntropy() matches float64 for 1 to 17 classes and any size of logits",
  ({ memory }) => {
    for (let classes = 1; classes <= 17; classes++) {
      for (const size of [0, 1e-3, 1, 30, 1e4]) {
        for (const label of new Set([0, classes >> 1, classes - 1])) {
          const logits = uniformFloats(classes, classes, size);
          const scale = Math.fround(0.0125);
          const logProbabilities = memory.output(classes), gradients = memory.output(classes);
          const loss = memory.kernels.crossEntropy(
            memory.floats(logits),
            classes,
            label,
            scale,
            logProbabilities,
            gradients,
          );
          const expected = softmax(logits);
          const case_ = `${classes} classes, logits to ${size}`;
          assertClose([loss], [-expected.logProbabilities[label]!], case_, {
            relative: 1e-13,
            absolute: 1e-11,
          });
          assertClose(memory.floatsAt(logProbabilities, classes), expected.logProbabilities, case_, {
            relative: 1e-7,
            absolute: 1e-11,
          });
          assertClose(
            memory.floatsAt(gradients, classes),
            expected.probabilities.map((p, i) => scale * (p - (i === label ? 1 : 0))),
            case_,
            { relative: 1e-7, absolute: 1e-12 },
          );
          memory.clear();
        }
      }
    }
  },
);

testOnBothBuilds(
  "crossEntropy() of equal logits is log classes, and its gradients sum to 0",
  ({ memory }) => {
    const logProbabilities = memory.output(10), gradients = memory.output(10);
    const logits = memory.floats(new Float32Array(10).fill(-3e38));
    const loss = memory.kernels.crossEntropy(logits, 10, 3, 1, logProbabilities, gradients);
    assertClose([loss], [Math.log(10)], "loss", { relative: 1e-15, absolute: 0 });
    assert.ok(Math.abs(memory.floatsAt(gradients, 10).reduce((a, b) => a + b)) < 1e-6);
  },
);
