import assert from "node:assert/strict";
import { join } from "node:path";
import configuration from "../deno.json" with { type: "json" };
import * as everything from "../mod.ts";
import * as portable from "../src/portable.ts";
import { PROJECT } from "./cli/spikelet.ts";
import { named, NO_TOOLS } from "./deno_version.ts";
import { inTemporaryFolder } from "./temporary_folder.ts";

/** Exports without Deno that the portable module leaves out: they describe exports that need it. */
const OF_DENO = ["ENGINES", "sizeOfEngine"];

/**
 * Bundles each export of mod.ts alone, and prints those whose bundle uses Deno or a module of Node. It is a program, since
 * tests have no bundler.
 */
const PROGRAM = `
const [folder, ...names] = Deno.args;
const { outputFiles } = await Deno.bundle({
  entrypoints: names.map((name) => folder + "/" + name + ".ts"), outputDir: folder + "/out",
  platform: "browser", format: "esm", write: false, minify: true,
});
const needing = outputFiles.filter(({ contents }) => {
  const code = new TextDecoder().decode(contents).replace(/import ?"node:[^"]+";/g, ""); // nothing of it is used
  return /\\bDeno\\./.test(code) || /from ?"node:/.test(code);
});
console.log(JSON.stringify(needing.map(({ path }) => /([^/\\\\]+)\\.js$/.exec(path)[1])));
`;

/** Those of these exports of mod.ts that use Deno. */
async function usingDeno(names: readonly string[]): Promise<string[]> {
  let found: string[] = [];
  await inTemporaryFolder(async (folder) => {
    for (const name of names) {
      await Deno.writeTextFile(join(folder, `${name}.ts`), `export { ${name} } from "${PROJECT}mod.ts";`);
    }
    await Deno.writeTextFile(join(folder, "program.js"), PROGRAM);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--no-check", "--unstable-bundle", "--allow-read", "--config"],
        ...[join(PROJECT, "deno.json"), join(folder, "program.js"), folder, ...names],
      ],
      cwd: PROJECT,
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    found = JSON.parse(new TextDecoder().decode(stdout));
  });
  return found;
}

Deno.test({
  ...named("the portable module has every export of mod.ts that uses no Deno", NO_TOOLS),
  async fn() {
    // Exports of one name may differ in the two: mod.ts has defaults that need Deno.
    const here: ReadonlyMap<string, unknown> = new Map(Object.entries(portable));
    const others = Object.entries(everything).filter(([name, value]) => here.get(name) !== value);
    const names = others.map(([name]) => name).filter((name) => !OF_DENO.includes(name));
    assert.ok(names.includes("loadMnist") && !names.includes("parseTensors"));
    assert.deepEqual((await usingDeno(names)).toSorted(), names.toSorted());
  },
});

Deno.test("mod.ts has every export of the portable module", () => {
  assert.deepEqual(Object.keys(portable).filter((name) => !(name in everything)), []);
});

Deno.test("VERSION is the one in deno.json", () => {
  assert.equal(portable.VERSION, configuration.version);
});
