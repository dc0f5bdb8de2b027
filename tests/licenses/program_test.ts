import assert from "node:assert/strict";
import { join } from "node:path";
import { InputError } from "../../src/errors.ts";
import { withDependencies } from "../../src/licenses/packages.ts";
import { readProgram } from "../../src/licenses/program.ts";
import { PROJECT } from "../cli/spikelet.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** A module's imports by `deno info`. */
interface Graph {
  readonly modules: readonly { readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, { readonly dependencies: readonly string[] }>>;
}

/** A module's packages by `deno info`, but for those of types. */
async function packagesByDeno(folder: string, module: string): Promise<string[]> {
  const lock = join(folder, "deno.lock");
  await Deno.copyFile(join(PROJECT, "deno.lock"), lock);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `--lock=${lock}`, module],
    cwd: PROJECT,
    stderr: "inherit",
  }).output();
  const { modules, npmPackages }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const found = new Set<string>();
  const reach = (name: string) => {
    if (found.has(name) || /^(@types\/|@webgpu\/types@|@typescript\/|typescript@)/.test(name)) return;
    found.add(name);
    npmPackages[name]?.dependencies.forEach(reach);
  };
  for (const { npmPackage } of modules) if (npmPackage !== undefined) reach(npmPackage);
  return [...found].map((name) => /^@?[^@]+@[^_]+/.exec(name)?.[0] ?? name).toSorted();
}

Deno.test("readProgram() finds the packages of `deno info`, and the workers' modules", async () => {
  const { named, packages } = await readProgram([join(PROJECT, "main.ts")]);
  assert.deepEqual(
    named.map((path) => path.slice(PROJECT.length)).filter((path) => path.includes("worker")),
    ["src/engine/wasm/worker.ts", "src/serve/server_worker.ts"],
  );
  await inTemporaryFolder(async (folder) => {
    const found = packages.map(({ name, version }) => `${name}@${version}`).toSorted();
    assert.ok(found.includes("valibot@1.5.0"));
    assert.deepEqual(found, await packagesByDeno(folder, "main.ts"));
  });
});

Deno.test("readProgram() names a package that is in no node_modules", async () => {
  await inTemporaryFolder(async (folder) => {
    const module = join(folder, "main.ts");
    await Deno.writeTextFile(
      module,
      '// import "a";\nimport type { B } from "b";\nimport {\n  c,\n} from "c/d";\n',
    );
    await assert.rejects(readProgram([module]), (error: Error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /^c: .*main\.ts imports it, and it is in no node_modules/);
      return true;
    });
  });
});

Deno.test("withDependencies() throws on a package that names no licence", async () => {
  await inTemporaryFolder(async (root) => {
    const folder = join(root, "node_modules", "some");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "package.json"), '{ "name": "some", "version": "1.0.0" }');
    await assert.rejects(
      withDependencies([folder]),
      /package\.json: expected a name, a version and a licence/,
    );
  });
});
