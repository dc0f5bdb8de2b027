import assert from "node:assert/strict";
import { join, relative } from "node:path";
import configuration from "../../deno.json" with { type: "json" };
import { PROJECT } from "../cli/spikelet.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { writeDigit } from "./mnist_digit.ts";

const SCRIPT = `
import { createWasmEngine, loadClassifier, loadKernels } from "@spikelet/spikelet";
const kernels = await loadKernels("plain");
const classifier = loadClassifier(await Deno.readFile("model.safetensors"), { kernels });
console.log(JSON.stringify(classifier.classify(await Deno.readFile("digit.bin"))));
// A thread, with its source from the package's server.
using engine = createWasmEngine({ spec: classifier.spec, kernels, threads: 1, batchSize: 1 });
console.log((await engine.getParameters()).size);
`;

Deno.test("a program in an empty folder imports mod.ts from a server, as from a registry, and classifies a digit", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    const type = pathname.endsWith(".json") ? "application/json" : "application/typescript";
    return new Response(await Deno.readFile(join(PROJECT, pathname)), { headers: { "content-type": type } });
  });
  const host = `127.0.0.1:${server.addr.port}`;
  await inTemporaryFolder(async (folder) => {
    const expected = await writeDigit(folder);
    const imports = { ...configuration.imports, "@spikelet/spikelet": `http://${host}/mod.ts` };
    await Deno.writeTextFile(
      join(folder, "deno.json"),
      JSON.stringify({ imports, nodeModulesDir: "manual" }),
    );
    await Deno.writeTextFile(join(folder, "program.ts"), SCRIPT);
    await Deno.symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...[
          "run",
          "--no-prompt",
          "--no-lock",
          "--allow-read=.",
          `--allow-import=${host}`,
          `--allow-net=${host}`,
        ],
        "program.ts",
      ],
      cwd: folder,
      env: { DENO_DIR: join(folder, "cache") },
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stderr));
    assert.deepEqual(decoder.decode(stdout).trimEnd().split("\n"), [expected, "4"]);
  });
});

const BESIDE = `
import { createEngine, initialParameters, notebookNetwork } from "@spikelet/spikelet";
const spec = notebookNetwork({ inputs: 4, hidden: 8, classes: 2, steps: 16 });
using engine = await createEngine({ spec, engine: "wasm", threads: 1, batchSize: 4 });
await engine.setParameters(initialParameters(spec, 0));
console.log((await engine.getParameters()).size);
`;

Deno.test("a program beside a clone imports it as in docs/library.md, without a warning of Deno", async () => {
  const page = await Deno.readTextFile(join(PROJECT, "docs", "library.md"));
  const [, block = ""] = /one folder above:\n+```json\n(.*?)```/s.exec(page) ?? [];
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(
      join(folder, "deno.json"),
      block.replace('"./spikelet"', JSON.stringify(relative(folder, PROJECT))),
    );
    await Deno.writeTextFile(join(folder, "program.ts"), BESIDE);
    const run = async () => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", "--cached-only", "--allow-read", "program.ts"],
        cwd: folder,
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    };
    const first = await run(); // lists the packages that it installs
    assert.equal(first.code, 0, first.stderr);
    assert.doesNotMatch(first.stderr, /warning/i);
    assert.deepEqual(await run(), { code: 0, stdout: "4\n", stderr: "" });
  });
});
