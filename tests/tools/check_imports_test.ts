import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { checkImports, findWrongImports, readImports } from "../../tools/check_imports.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** Files with their texts, written to a folder. */
async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeTextFile(join(folder, path), text);
  }
}

Deno.test("checkImports() refuses a circle of files, also of type imports", async () => {
  await inTemporaryFolder(async (folder) => {
    await write(folder, {
      "src/data/a.ts": `import { b } from "./b.ts";\nexport const a = b;\n`,
      "src/data/b.ts": `export { c as b } from "./c.ts";\n`,
      "src/data/c.ts": `import type {\n  A,\n} from "./a.ts";\nexport const c = 1;\n`,
    });
    assert.throws(
      () => checkImports(folder),
      /^SpikeletError: a circle of imports: src\/data\/a.ts → src\/data\/b.ts → src\/data\/c.ts → src\/data\/a.ts\n/,
    );
    await write(folder, { "src/data/c.ts": "export const c = 1;\n" });
    checkImports(folder);
  });
});

Deno.test("checkImports() refuses an arrow that is not in the list, also of import()", async () => {
  await inTemporaryFolder(async (folder) => {
    await write(folder, {
      "src/errors.ts": `import "./data/samples.ts";\n`,
      "src/network/spec.ts":
        `import { errors } from "../errors.ts";\nconst s = await import("../data/samples.ts");\n`,
      "src/data/samples.ts": `import { x } from "../../tests/x.ts";\n`,
      "tests/x.ts": "export const x = 1;\n",
      "asm/index.ts": `export * from "./neurons/lif";\n`,
      "asm/neurons/lif.ts": `// import { x } from "../../src/errors";\n`,
    });
    assert.deepEqual(findWrongImports(readImports(folder)), [
      "src/data/samples.ts imports tests/x.ts: tests is not among what src/data may import from",
      "src/errors.ts imports src/data/samples.ts: src/data is not among what src may import from",
      "src/network/spec.ts imports src/data/samples.ts: src/data is not among what src/network may import from",
    ]);
    await write(folder, { "asm/neurons/lif.ts": `import { x } from "../../src/errors";\n` });
    assert.equal(
      findWrongImports(readImports(folder))[0],
      "asm/neurons/lif.ts imports src/errors.ts: src is not among what asm/neurons may import from",
    );
  });
});
