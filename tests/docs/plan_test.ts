import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

Deno.test("docs/internals/plan.md has a row for every step of a plan, and for no other", async () => {
  const page = await Deno.readTextFile(new URL("docs/internals/plan.md", ROOT));
  const types = await Deno.readTextFile(new URL("src/engine/plan/plan.ts", ROOT));
  const kinds = [...types.matchAll(/readonly kind: "(\w+)"/g)].map(([, kind]) => kind!);
  assert.ok(kinds.length > 30);
  const [, tables = ""] = /^## All steps$([\s\S]*?)^## /m.exec(page) ?? [];
  const rows = [...tables.matchAll(/^\| `(\w+)`/gm)].map(([, kind]) => kind!);
  assert.deepEqual([...new Set(rows)].toSorted(), [...new Set(kinds)].toSorted());
});
