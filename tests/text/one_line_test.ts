import assert from "node:assert/strict";
import fc from "fast-check";
import { oneLine, quotedValue } from "../../src/text/one_line.ts";

Deno.test("oneLine() does not change ordinary names", () => {
  for (const name of ["w1", "encoder.layers.0/weight", "größe θ", "𝛼 [1, 2]"]) {
    assert.equal(oneLine(name), name);
  }
});

Deno.test("oneLine() escapes invisible characters and shortens long texts", () => {
  assert.equal(oneLine(""), '""');
  assert.equal(
    oneLine("a\r\nb\x1b[31m\u202e\u2028\ud800"),
    "a\\u{d}\\u{a}b\\u{1b}[31m\\u{202e}\\u{2028}\\u{d800}",
  );
  assert.equal(oneLine("x".repeat(81)), `${"x".repeat(80)}…`);
});

Deno.test("oneLine() gives one line without control characters for any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const line = oneLine(text);
    assert.ok(!/[\p{C}\p{Zl}\p{Zp}]/u.test(line) && line.length > 0 && line.length < 900);
  }));
});

Deno.test("quotedValue() quotes short values and shortens long ones with an ellipsis", () => {
  assert.equal(quotedValue("x".repeat(40)), `"${"x".repeat(40)}"`);
  assert.equal(quotedValue("x".repeat(41)), `"${"x".repeat(40)}…"`);
  assert.equal(quotedValue(""), '""');
});
