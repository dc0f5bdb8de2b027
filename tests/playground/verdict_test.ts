import assert from "node:assert/strict";
import { MARGIN, verdictOf, wordOfClass } from "../../playground/logic/verdict.ts";

Deno.test("verdictOf() names the most probable class, and the second", () => {
  assert.deepEqual(verdictOf([0.05, 0.15, 0.8]), { kind: "sure", first: 2, second: 1 });
  assert.deepEqual(verdictOf([1]), { kind: "sure", first: 0, second: 0 });
});

Deno.test("verdictOf() is unsure below the margin, and has no verdict on a tie", () => {
  const share = (1 - MARGIN) / 2;
  assert.equal(verdictOf([share, share + MARGIN - 0.01, 0.01]).kind, "unsure");
  assert.equal(verdictOf([share, share + MARGIN + 0.01, 0.01]).kind, "sure");
  assert.deepEqual(verdictOf(new Array(10).fill(0.1)), { kind: "tie" });
  assert.deepEqual(verdictOf(Float64Array.of(0.4, 0.2, 0.4 + 1e-9)), { kind: "tie" });
});

Deno.test("wordOfClass() calls classes digits where their names are those", () => {
  assert.equal(wordOfClass(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]), "digit");
  assert.equal(wordOfClass(["0", "1"]), "class");
  assert.equal(wordOfClass(["coat", "1", "2", "3", "4", "5", "6", "7", "8", "9"]), "class");
});
