import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT } from "../cli/spikelet.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { writeDigit } from "./mnist_digit.ts";

const ESBUILD = "esbuild@0.28.2";

/** A program of another's, in plain JavaScript. */
const PROGRAM = `
import { readFile } from "node:fs/promises";
import { createHandler, createWasmEngine, initialParameters, integrator, layer, lif, loadClassifier, loadKernels, network, train } from "@spikelet/spikelet";

const model = await readFile("model.safetensors"), digit = new Uint8Array(await readFile("digit.bin"));
const kernels = await loadKernels();
console.log(JSON.stringify(loadClassifier(model, { kernels }).classify(digit)));

const handler = createHandler(model, { kernels });
const headers = { "content-type": "application/octet-stream" };
const response = await handler(new Request("http://x/classify", { method: "POST", body: digit, headers }));
console.log(await response.text());

const layers = [layer(5, lif()), layer(2, integrator())];
const spec = network({ inputs: 784, steps: 4, encoder: { kind: "constant" }, layers });
const samples = { name: "two", count: 2, size: 784, features: new Uint8Array(1568).fill(9), labels: Uint8Array.of(0, 1) };
const engine = createWasmEngine({ spec, kernels, threads: 0 });
await engine.setParameters(initialParameters(spec, 0));
const step = { learningRate: 0.1, momentum: 0.5 };
const { score } = await train(engine, { samples, epochs: 2, batchSize: 2, step, seed: 0 });
console.log(score.total);
`;

/** And in TypeScript, for its types. */
const TYPED = `
import { type Answer, type Classifier, createWasmEngine, type KernelModule, loadClassifier, loadKernels } from "@spikelet/spikelet";

const kernels: KernelModule = await loadKernels("plain");
const classifier: Classifier = loadClassifier(await Deno.readFile("model.safetensors"), { kernels });
const answer: Answer = classifier.classify(await Deno.readFile("digit.bin"));
console.log(JSON.stringify(answer));
// @ts-expect-error a class is a number
const text: string = answer.label;

const engine = createWasmEngine({ spec: classifier.spec, kernels, threads: 2, batchSize: 1 });
console.log((await engine.getParameters()).size, typeof text);
engine.close();
`;

async function run(folder: string, program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd: folder, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, `${program} ${args.join(" ")}: ${decoder.decode(stderr)}${decoder.decode(stdout)}`);
  return decoder.decode(stdout);
}

/** Node's version, or why there is none. */
async function findNode(): Promise<string | undefined> {
  try {
    return await run(".", "node", "--version");
  } catch {
    return undefined;
  }
}

const node = await findNode();
const isOld = node === undefined || Number(/^v(\d+)/.exec(node)?.[1]) < 20;
Deno.test({
  ...named(
    "the npm package, packed and installed in an empty folder, classifies a digit under Node, bundled and typed",
    NO_TOOLS ?? (isOld ? `it needs Node 20, here is ${node ?? "none"}` : undefined),
  ),
  fn: async (t) => {
    await inTemporaryFolder(async (folder) => {
      const packed = join(folder, "packed.tgz"), built = join(folder, "npm"), empty = join(folder, "empty");
      await t.step("it is built", async () => {
        const deno = Deno.execPath();
        await run(PROJECT, deno, "pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", packed);
        const permissions = ["--no-prompt", "--unstable-bundle", "--allow-read", `--allow-write=${folder}`];
        await run(PROJECT, deno, "run", ...permissions, "tools/npm.ts", packed, built);
        for await (const path of filesOf(built)) {
          if (!/\.js$/.test(path)) continue;
          const code = (await Deno.readTextFile(path)).replace(/\/\*.*?\*\//gs, "");
          assert.doesNotMatch(code, /from "[^"]+\.ts"|withResolvers|^\s*using /m, path);
        }
      });
      await Deno.mkdir(empty);
      const expected = await writeDigit(empty);
      await t.step("it is installed", async () => {
        const archive = (await run(folder, "npm", "pack", "--silent", built)).trim();
        await Deno.writeTextFile(join(empty, "package.json"), '{ "private": true, "type": "module" }');
        await run(
          empty,
          "npm",
          ...["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"],
          ...[join(folder, archive), ESBUILD],
        );
      });
      await Deno.writeTextFile(join(empty, "program.js"), PROGRAM);
      await Deno.writeTextFile(join(empty, "typed.ts"), TYPED);
      await t.step("it runs under Node", async () => {
        assert.equal(await run(empty, "node", "program.js"), `${expected}\n${expected}\n2\n`);
      });
      await t.step("it has types, and threads where there are workers", async () => {
        const found = await run(
          empty,
          Deno.execPath(),
          "run",
          "--check",
          "--no-lock",
          "--allow-read=.",
          "typed.ts",
        );
        assert.equal(found, `${expected}\n4 number\n`);
      });
      await t.step("it runs when esbuild has bundled it, without what it was bundled from", async () => {
        const alone = join(folder, "alone");
        const options = ["--bundle", "--minify", "--format=esm", "--platform=node", `--outdir=${alone}`];
        await run(empty, "node", join("node_modules", "esbuild", "bin", "esbuild"), "program.js", ...options);
        for (const name of ["model.safetensors", "digit.bin", "package.json"]) {
          await Deno.rename(join(empty, name), join(alone, name));
        }
        assert.equal(await run(alone, "node", "program.js"), `${expected}\n${expected}\n2\n`);
      });
    });
  },
});

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* filesOf(path);
    else yield path;
  }
}
