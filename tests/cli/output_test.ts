import assert from "node:assert/strict";
import { INVOCATION } from "../../src/cli/command.ts";
import { wrapLine } from "../../src/cli/output.ts";

Deno.test("wrapLine() breaks between words, and never inside a word or a command", () => {
  assert.deepEqual(wrapLine("first  85.08 %: 8,508 of 10,000 test images", 30), [
    "first  85.08 %: 8,508 of",
    "  10,000 test images",
  ]);
  assert.deepEqual(wrapLine("  layer 1  silent", 12), ["  layer 1", "    silent"]);
  assert.deepEqual(wrapLine("short", 60), ["short"]);
  const path = "/a/path/that/is/longer/than/the/terminal";
  assert.deepEqual(wrapLine(`Page   ${path}, open it`, 20), ["Page", `  ${path},`, "  open it"]);
  assert.deepEqual(wrapLine(`  ${INVOCATION} train --resume name`, 10), [
    `  ${INVOCATION} train --resume name`,
  ]);
});
