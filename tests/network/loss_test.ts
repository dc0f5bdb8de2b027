import assert from "node:assert/strict";
import { chanceOf } from "../../src/network/loss.ts";
import { learningStatusOf } from "../../src/training/guessing.ts";
import { warningsOf } from "../../src/runs/run_summary.ts";

const close = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 1e-12, `${found}`);
const even = Uint8Array.from({ length: 1000 }, (_, i) => i % 10);
/** Nine tenths of class 1, the rest of class 0, none of class 2. */
const skewed = Uint8Array.from({ length: 1000 }, (_, i) => i % 10 === 0 ? 0 : 1);

Deno.test("chanceOf() gives the loss and the accuracy of the best constant answer, for each loss", () => {
  close(chanceOf({ kind: "crossEntropy" }, 10, even).loss, Math.log(10));
  close(chanceOf({ kind: "crossEntropy" }, 10, even).accuracy, 0.1);
  close(chanceOf({ kind: "crossEntropy" }, 3, skewed).loss, -0.9 * Math.log(0.9) - 0.1 * Math.log(0.1));
  close(chanceOf({ kind: "crossEntropy" }, 3, skewed).accuracy, 0.9);
  // Ten outputs of 0.1 each: one is 0.9 off, nine are 0.1 off.
  close(chanceOf({ kind: "meanSquaredError" }, 10, even).loss, (0.81 + 9 * 0.01) / 10);
  // Targets 2 and −1. By hand: the outputs are 2·0.1 − 0.9 = −0.7, 1.7 and −1.
  const far = { kind: "meanSquaredError", correct: 2, incorrect: -1 } as const;
  close(chanceOf(far, 3, skewed).loss, (0.1 * (2.7 ** 2 + 2.7 ** 2) + 0.9 * (0.3 ** 2 + 0.3 ** 2)) / 3);
});

Deno.test("warningsOf() compares a result with guessing by its own loss, and with its own labels", () => {
  const score = (loss: number, accuracy: number) => ({
    loss,
    accuracy,
    correct: 1000 * accuracy,
    total: 1000,
  });
  const squared = chanceOf({ kind: "meanSquaredError" }, 10, even);
  // Below ln(10) = 2.3, yet nothing has been learned.
  assert.deepEqual(warningsOf(score(0.0905, 0.11), squared), [
    "no better than guessing (loss 0.0900): nothing learned, or diverged",
  ]);
  assert.deepEqual(warningsOf(score(0.03, 0.9), squared), []);
  // A constant answer is right nine times of ten here.
  const often = chanceOf({ kind: "crossEntropy" }, 3, skewed);
  assert.match(warningsOf(score(0.33, 0.9), often)[0]!, /^no better than guessing \(loss 0\.3251\)/);
  assert.equal(learningStatusOf(score(0.3, 0.91), often), "learned");
  const rare = chanceOf({ kind: "crossEntropy" }, 10, even);
  assert.match(
    warningsOf(score(3.1, 0.6), rare)[0]!,
    /^the loss is above that of guessing \(2\.3026\): where it is wrong/,
  );
  const one = chanceOf({ kind: "crossEntropy" }, 1, new Uint8Array(5));
  assert.deepEqual(warningsOf(score(0, 1), one), [
    "all test samples are of one class: its accuracy says nothing",
  ]);
});
