import assert from "node:assert/strict";
import { join } from "node:path";
import { assertOneLine, type Outcome, PROJECT } from "../cli/spikelet.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { forgetTimes } from "../../tools/program.ts";

/** Runs the program of `deno task compile` with a runtime that is no program, so that compiling fails. */
async function compile(output: string): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-read", "--allow-write", "--allow-run", "tools/compile.ts"],
      ...["--page", "none", "--output", output],
    ],
    cwd: PROJECT,
    env: { DENORT_BIN: join(PROJECT, "no", "runtime") },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("compile keeps the former program if it fails, and leaves no other file", async () => {
  await inTemporaryFolder(async (folder) => {
    const output = join(folder, "spikelet"), former = "…d3n0l4nd…@spikelet/spikelet…";
    await Deno.writeTextFile(output, former);
    const { code, stderr } = await compile(output);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /spikelet: not compiled, see above; what was there before is still there\n$/);
    assert.equal(await Deno.readTextFile(output), former);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["spikelet"]);
  });
});

Deno.test("compile replaces no file that it did not write", async () => {
  await inTemporaryFolder(async (folder) => {
    const output = join(folder, "main.ts");
    await Deno.writeTextFile(output, "mine");
    assertOneLine(
      await compile(output),
      1,
      /main\.ts: this file is there already, and is no program that `compile` made/,
    );
    assert.equal(await Deno.readTextFile(output), "mine");
  });
});

Deno.test("forgetTimes() sets the embedded files to one time, and changes nothing else", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, "program"), other = '{"t":1795980267792}';
    const list = (time: string) =>
      `[{"Dir":{"n":"src","e":[{"File":{"n":"a\\"]}.ts","t":${time}}},{"t":12,"x":[${time}]}]}}]`;
    await Deno.writeTextFile(path, `\u0000ELF ${other}${list("1795980267792")}${other}`);
    await forgetTimes(path);
    const expected = list("1795980267792").replace('"t":1795980267792', '"t":1000000000000');
    assert.equal(await Deno.readTextFile(path), `\u0000ELF ${other}${expected}${other}`);
  });
});
