import assert from "node:assert/strict";
import { alignColumns } from "../../src/text/columns.ts";
import { count, counted, duration, percent, timeLeft } from "../../src/text/figures.ts";

Deno.test("duration() keeps about three digits at every size", () => {
  const cases: [number, string][] = [
    [0.004, "0.00 s"],
    [9.994, "9.99 s"],
    [9.996, "10.0 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min 00 s"],
    [125.4, "2 min 05 s"],
    [3600, "1 h 00 min"],
  ];
  for (const [seconds, text] of cases) assert.equal(duration(seconds), text);
});

Deno.test("timeLeft() rounds up, so that it is 0 only at the end", () => {
  const cases: [number, string][] = [
    [0, "0 s"],
    [0.1, "1 s"],
    [59.5, "1 min 00 s"],
    [3599.5, "1 h 00 min"],
    [11_520, "3 h 12 min"],
  ];
  for (const [seconds, text] of cases) assert.equal(timeLeft(seconds), text);
});

Deno.test("count(), counted() and percent() format numbers", () => {
  assert.deepEqual([count(60_000), count(2.5), count(0)], ["60,000", "3", "0"]);
  assert.deepEqual([counted(1, "epoch"), counted(1000, "epoch")], ["1 epoch", "1,000 epochs"]);
  assert.deepEqual([percent(0.8555), percent(1), percent(0)], ["85.55 %", "100.00 %", "0.00 %"]);
});

Deno.test("alignColumns() aligns left and right, and leaves no space at the end", () => {
  assert.deepEqual(
    alignColumns([["tensor", "values", ""], ["u1", "19,200", "MISS"], ["w"]], ["left", "right"]),
    ["tensor  values", "u1      19,200  MISS", "w"],
  );
});
