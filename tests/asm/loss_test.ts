import assert from "node:assert/strict";
import { testOnBothBuilds } from "./both_builds.ts";
import { assertClose, uniformFloats } from "./numbers.ts";

/** Log-softmax and softmax in float64, stabilised by the largest logit. */
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

testOnBothBuilds("meanSquaredError() matches float64 for 1 to 17 classes", ({ memory }) => {
  for (let classes = 1; classes <= 17; classes++) {
    for (const label of new Set([0, classes >> 1, classes - 1])) {
      const logits = uniformFloats(classes, classes, 3), scale = Math.fround(0.0125);
      const gradients = memory.output(classes);
      const loss = memory.kernels.meanSquaredError(
        memory.floats(logits),
        classes,
        label,
        0.9,
        -0.1,
        scale,
        gradients,
      );
      const distances = Array.from(logits, (z, i) => z - (i === label ? 0.9 : -0.1));
      const expected = distances.reduce((sum, d) => sum + d * d, 0) / classes;
      assertClose([loss], [expected], `${classes} classes`, { relative: 1e-14, absolute: 0 });
      const close = { relative: 1e-7, absolute: 1e-12 };
      const slopes = distances.map((d) => scale * 2 * d / classes);
      assertClose(memory.floatsAt(gradients, classes), slopes, `${classes} classes`, close);
      memory.clear();
    }
  }
});

testOnBothBuilds("addToRows() adds to the units of every step and not to their padding", ({ memory }) => {
  for (const steps of [0, 1, 5]) {
    for (let count = 1; count <= 12; count++) {
      const units = 4 * Math.ceil(count / 4);
      const before = uniformFloats(count, steps * units), rows = memory.updated(before);
      memory.kernels.addToRows(rows, steps, count, units, 0.25);
      const expected = before.map((value, i) => i % units < count ? value + 0.25 : value);
      assert.deepEqual(memory.floatsAt(rows, steps * units), expected);
      memory.clear();
    }
  }
});
