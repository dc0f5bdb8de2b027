import assert from "node:assert/strict";
import {
  areIndices,
  faultOfNames,
  filledNames,
  indexNames,
  listNames,
  shownName,
} from "../../src/network/class_names.ts";
import { classNamesOf } from "../../src/network/output_names.ts";
import { notebookNetwork } from "../../src/network/presets.ts";

Deno.test("classNamesOf() names classes by their index if they have no names", () => {
  const spec = notebookNetwork({ classes: 3 });
  assert.deepEqual(classNamesOf({ spec }), ["0", "1", "2"]);
  assert.deepEqual(classNamesOf({ spec, classes: ["a", "b", "c"] }), ["a", "b", "c"]);
});

Deno.test("filledNames() names the remaining outputs by their index, and no two alike", () => {
  assert.deepEqual(filledNames(["a", "b"], 4), ["a", "b", "2", "3"]);
  assert.deepEqual(filledNames(["3", "output 3"], 5), ["3", "output 3", "2", "output output 3", "4"]);
  assert.equal(faultOfNames(filledNames(["3", "4"], 256), 256), undefined);
  assert.ok(areIndices(filledNames(indexNames(3), 10)));
  assert.ok(!areIndices(["0", "2"]));
});

Deno.test("shownName() and listNames() are short, on one line, and without control characters", () => {
  assert.equal(shownName("\u001b[2Jcat\n"), "\\u{1b}[2Jcat\\u{a}");
  assert.equal(shownName(" cat"), '" cat"');
  assert.equal(shownName("x".repeat(41)), `${"x".repeat(40)}…`);
  assert.equal(shownName("x".repeat(17), 16), `${"x".repeat(16)}…`);
  assert.equal(listNames(["a", "b"]), "a, b");
  assert.equal(listNames(indexNames(14)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more");
});
