import assert from "node:assert/strict";
import { findKinds } from "../../tools/check_kinds.ts";

Deno.test("findKinds() finds kinds in strings, identifiers and file names", () => {
  const kindsIn = (code: string) =>
    findKinds("src/engine/x.ts", code).map((line) => /: (.*) names/.exec(line)?.[1]);
  assert.deepEqual(kindsIn('if (node.kind === "affine") return;'), ["affine"]);
  assert.deepEqual(kindsIn("kernels.stepLif(1);"), ["Lif"]);
  assert.deepEqual(kindsIn("const GRADED_PENALTY = 1;"), ["GRADED"]);
  assert.deepEqual(kindsIn('case "scale":\nif (kind !== "delay") forwardScale();'), [
    'case "scale"',
    "forwardScale",
    '!== "delay"',
  ]);
  assert.equal(findKinds("src/engine/graded_scan.ts", "").length, 1);
  assert.match(findKinds("src/engine/x.ts", "\n\nlif();")[0]!, /^src\/engine\/x\.ts:3: lif /);
});

Deno.test("findKinds() leaves comments alone, and words that mean something else", () => {
  for (
    const code of [
      "/** An integrator, or lif. */ run(); // as graded",
      "/*\n * affine\n */",
      'const url = "https://a.b/c"; // flatten',
      "const { delay, scale } = port; const featureScale = scale;",
      'unitConstants.get("scale")',
      "lifetime(); clif();",
    ]
  ) assert.deepEqual(findKinds("src/engine/x.ts", code), [], code);
});
