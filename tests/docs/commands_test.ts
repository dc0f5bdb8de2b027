import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { COMMANDS_PAGE, fillTables } from "../../tools/command_tables.ts";

Deno.test("docs/commands.md has the options of --help, and the permissions of deno.json", async () => {
  const text = await Deno.readTextFile(COMMANDS_PAGE);
  assert.equal(fillTables(text), text, "run `deno task docs`");
});

Deno.test("fillTables() refuses a page without a command's table, and a table that no command fills", async () => {
  const text = await Deno.readTextFile(COMMANDS_PAGE);
  assert.throws(() => fillTables(text.replace("<!-- table: serve -->", "")), InputError);
  assert.throws(() => fillTables(`${text}<!-- table: nothing -->\n<!-- end -->\n`), InputError);
});
