import assert from "node:assert/strict";
import { parseLcov, unreachedOf } from "../../tools/coverage.ts";

Deno.test("unreachedOf() joins the lines that no test reaches, across lines that cannot run", () => {
  const [first, second, ...others] = parseLcov([
    ...["SF:/a.ts", "DA:1,3", "DA:2,0", "DA:4,0", "DA:5,1", "DA:9,0", "end_of_record"],
    ...["SF:/b.ts", "DA:1,1", "end_of_record", ""],
  ].join("\n"));
  assert.deepEqual([first!.path, unreachedOf(first!)], ["/a.ts", ["2-4", "9"]]);
  assert.deepEqual([second!.path, unreachedOf(second!)], ["/b.ts", []]);
  assert.deepEqual(others, []);
});
