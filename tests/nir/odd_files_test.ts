/** Odd files: what is accepted, repaired with a warning, or refused, as odd.json says. */
import assert from "node:assert/strict";
import * as v from "valibot";
import { InputError } from "../../src/errors.ts";
import { readNir } from "../../src/nir/read_nir.ts";
import { missesOf, nirFile, nirJson, verdictOf } from "./nir_files.ts";

const answer = v.picklist(["accept", "repair", "refuse"]);
const oddSchema = v.object({
  files: v.array(v.object({
    file: v.string(),
    wrong: v.string(),
    answer,
    /** Another answer that will do, with reasons. */
    also: v.exactOptional(v.string()),
    names: v.array(v.string()),
    run: v.exactOptional(v.object({ io: v.string(), dt: v.number(), reset: v.literal("value") })),
  })),
});
const { files } = v.parse(oddSchema, await nirJson("odd/odd.json"));

for (const { file, wrong, answer, also, names, run } of files) {
  Deno.test(`readNir() answers ${file} as it should: ${wrong}`, async () => {
    const { bytes } = await nirFile(`odd/${file}`);
    const read = readNir(bytes, {}, file);
    const repairs = also?.startsWith("repair") === true;
    if (answer === "refuse" && !repairs) {
      await assert.rejects(read, (error) => {
        assert.ok(error instanceof InputError);
        for (const name of names) {
          assert.ok(error.message.toLowerCase().includes(name.toLowerCase()), error.message);
        }
        assert.ok(!error.message.includes("\n") && error.message.startsWith(`${file}: `));
        return true;
      });
      return;
    }
    const { warnings } = await read;
    if (answer === "accept") assert.deepEqual(warnings, []);
    for (const name of names) {
      assert.ok(warnings.some((warning) => warning.includes(name)), warnings.join("; "));
    }
    const { io, dt, reset } = run!;
    assert.deepEqual(missesOf(await verdictOf(`odd/${file}`, `odd/${io}`, { dt, reset })), []);
  });
}
