import assert from "node:assert/strict";
import { checkRunName, defaultRunName } from "../../src/runs/run_folder.ts";

Deno.test("defaultRunName() is the model and the time, and a name that checkRunName() takes", () => {
  const name = defaultRunName("notebook", new Date("2026-03-04T05:06:07.890Z"));
  assert.equal(name, "notebook-20260304-050607");
  checkRunName(name);
});

Deno.test("checkRunName() takes only names that a folder can have on every system", () => {
  for (const name of ["a", "7", "first.run", "A_b-C.9", "x".repeat(100)]) checkRunName(name);
  for (const name of ["", ".", "..", "../a", "a/b", "a\\b", "-a", ".a", "a b", "ü", "a\n", "x".repeat(101)]) {
    assert.throws(() => checkRunName(name), { name: "OptionError", message: /^--name "/ });
  }
});
