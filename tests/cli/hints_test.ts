import assert from "node:assert/strict";
import { hintLines } from "../../src/cli/hints.ts";

Deno.test("hintLines() puts texts beside short commands and below long ones", () => {
  const long = `deno task train ${"--option value ".repeat(5)}`.trim();
  assert.deepEqual(
    hintLines([["deno task report a", "see it"], [long, "all of it"], ["deno task runs", "list them"]]),
    [
      "  deno task report a  see it",
      `  ${long}`,
      "    all of it",
      "  deno task runs      list them",
    ],
  );
});
