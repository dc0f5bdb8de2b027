import assert from "node:assert/strict";
import { findOldNames } from "../../tools/check_names.ts";

Deno.test("findOldNames() finds an old name in a text and in a file's name, but not where it is allowed", () => {
  assert.deepEqual(findOldNames("src/purpose.ts", "export const a = 1;\nexport const PURPOSE = a;\n"), [
    "src/purpose.ts: purpose is called stream (of draws)",
    "src/purpose.ts:2: PURPOSE is called stream (of draws)",
  ]);
  assert.deepEqual(findOldNames("src/licenses/absent.ts", "a particular purpose"), []);
  assert.deepEqual(findOldNames("src/repurpose.ts", "STREAM"), []);
});
