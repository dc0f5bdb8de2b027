import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT } from "../cli/spikelet.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { VERSION } from "../../src/version.ts";
import { nirPath } from "../nir/nir_files.ts";
import { noticesIn } from "../licenses/read_notices.ts";
import { writeDigit, writePicture } from "./mnist_digit.ts";

const ESBUILD = "esbuild@0.28.2";
const TYPESCRIPT = ["typescript@5.9.3", "@types/node@20.19.25"];

/** The files that it reads. */
const SAMPLES = ["model.safetensors", "digit.bin", "colours.safetensors", "picture.png"];

/** A user's program in JavaScript. */
const PROGRAM = `
import { readFile } from "node:fs/promises";
import {
  createHandler, createWasmEngine, initialParameters, integrator, layer, lif, loadClassifier, loadKernels, network,
  pictureSizeOf, readPicture, train,
} from "@spikelet/spikelet";

const model = await readFile("model.safetensors"), digit = new Uint8Array(await readFile("digit.bin"));
const kernels = await loadKernels();
console.log(JSON.stringify(loadClassifier(model, { kernels }).classify(digit)));

const handler = createHandler(model, { kernels });
const headers = { "content-type": "application/octet-stream" };
const response = await handler(new Request("http://x/classify", { method: "POST", body: digit, headers }));
console.log(await response.text());

const colours = loadClassifier(await readFile("colours.safetensors"), { kernels }), png = await readFile("picture.png");
console.log(JSON.stringify(colours.classify(readPicture(png, pictureSizeOf(colours.spec)))));

const layers = [layer(5, lif()), layer(2, integrator())];
const spec = network({ inputs: 784, steps: 4, encoder: { kind: "constant" }, layers });
const samples = { name: "two", count: 2, size: 784, features: new Uint8Array(1568).fill(9), labels: Uint8Array.of(0, 1) };
const engine = createWasmEngine({ spec, kernels, threads: 0 });
await engine.setParameters(initialParameters(spec, 0));
const step = { learningRate: 0.1, momentum: 0.5 };
const { score } = await train(engine, { samples, epochs: 2, batchSize: 2, step, seed: 0 });
console.log(score.total);
`;

/** Reads NIR files, the second of which needs the HDF5 library. */
const NIR = `
import { readFile } from "node:fs/promises";
import { readNir } from "@spikelet/spikelet";

for (const path of process.argv.slice(2)) {
  const { model } = await readNir(await readFile(path), { steps: 5 }, path);
  console.log(model.spec.nodes.map(({ id }) => id).join());
}
`;

/** A user's program in TypeScript, for its types. */
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

/** Data, first weights, training and checkpoints of the package: a run that is stopped and resumed ends in the same bits. */
const LEARNING = `
import {
  createWasmEngine, decodeCheckpoint, encodeCheckpoint, hashParameters, initialParameters, integrator, labelledImages,
  layer, lif, loadKernels, network, parseIdx, parseTensors, readIdxBlob, splitSamples, startFromData, train, VERSION,
} from "@spikelet/spikelet";
import type { Checkpoint, Idx, Samples, Start, TrainingCheckpoint } from "@spikelet/spikelet";
import type wasm from "@spikelet/spikelet/kernels.plain.wasm";

const count = 30, pixels = Uint8Array.from({ length: 64 * count }, (_, i) => (i * 7919) % 251);
const idx = (shape: number[], data: Uint8Array) =>
  Uint8Array.of(0, 0, 8, shape.length, ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]), ...data);
const images: Idx = parseIdx(idx([count, 8, 8], pixels), "images");
const written = idx([count], Uint8Array.from({ length: count }, (_, i) => i % 3));
const labels: Idx = await readIdxBlob(new Blob([written]), "labels");
const samples: Samples = await labelledImages("some", { name: "images", ...images }, { name: "labels", ...labels });
const layers = [layer(12, lif()), layer(3, integrator())];
const spec = network({ inputs: 64, steps: 8, encoder: { kind: "constant" }, layers });
const kernels = await loadKernels();
const start: Start = await startFromData(spec, samples, {
  seed: 0, open: (options) => createWasmEngine({ ...options, kernels, threads: 0 }),
});
const { training, validation } = splitSamples(samples.count, { seed: 0, validation: 0.2 });

async function learn(epochs: number, from?: Checkpoint): Promise<{ hash: string; kept: TrainingCheckpoint }> {
  const engine = createWasmEngine({ spec, kernels, threads: 0 });
  await engine.setParameters(start.parameters);
  let kept: TrainingCheckpoint | undefined;
  const checkpoints = {
    due: () => false,
    keep: (checkpoint: TrainingCheckpoint) => Promise.resolve(void (kept = checkpoint)),
  };
  const step = { learningRate: 0.1, momentum: 0.5 };
  await train(engine, { samples, epochs, batchSize: 8, step, seed: 0, checkpoints, ...(from && { from }) });
  const hash = await hashParameters(await engine.getParameters());
  engine.close();
  if (!kept) throw new Error("nothing was kept");
  return { hash, kept };
}
const whole = await learn(4), half = await learn(2);
const bytes = await encodeCheckpoint({ ...half.kept, spec, metadata: {} });
const resumed = await learn(4, await decodeCheckpoint(bytes, "kept"));
console.log(VERSION, training.length, validation.length, start.layers[0]?.reached, resumed.hash === whole.hash);
export type Compiled = typeof wasm;
export const others = [parseTensors, initialParameters];
`;

/** A strict project for Node, without the types of the DOM, and one for browsers. */
const PROJECTS = {
  node: { lib: ["es2022"], types: ["node"] },
  browser: { lib: ["es2022", "dom"], types: [] },
} as const;
const configuration = (name: keyof typeof PROJECTS) =>
  JSON.stringify({
    compilerOptions: {
      ...PROJECTS[name],
      ...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true },
      ...{ module: "nodenext", target: "es2022", outDir: "out" },
    },
    files: ["learning.ts"],
  });

async function run(folder: string, program: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd: folder, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, `${program} ${args.join(" ")}: ${decoder.decode(stderr)}${decoder.decode(stdout)}`);
  return decoder.decode(stdout);
}

/** Node's version, or why Node is missing. */
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
      await t.step("builds", async () => {
        const deno = Deno.execPath();
        await run(PROJECT, deno, "pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", packed);
        const permissions = ["--no-prompt", "--unstable-bundle", "--allow-read", `--allow-write=${folder}`];
        await run(PROJECT, deno, "run", ...permissions, "tools/npm.ts", "--packed", packed, "--out", built);
        for await (const path of filesOf(built)) {
          if (!/\.js$/.test(path)) continue;
          const code = (await Deno.readTextFile(path)).replace(/\/\*.*?\*\//gs, "");
          assert.doesNotMatch(code, /from "[^"]+\.ts"|withResolvers|^\s*using /m, path);
          // A browser loads it as it is. libhdf5 asks for Node's modules where it finds itself in Node.
          if (!path.endsWith("hdf5.js")) assert.doesNotMatch(code, /^import .*"node:/m, path);
        }
      });
      await Deno.mkdir(empty);
      const expected = await writeDigit(empty),
        printed = `${expected}\n${expected}\n${await writePicture(empty)}\n2\n`;
      await t.step("installs", async () => {
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
      await t.step("runs under Node", async () => {
        assert.equal(await run(empty, "node", "program.js"), printed);
      });
      await t.step("reads NIR files under Node, of an older and of a newer form", async () => {
        await Deno.writeTextFile(join(empty, "nir.js"), NIR);
        const files = [nirPath("odd/ordinary.nir"), nirPath("layouts/latest.nir")];
        assert.equal(await run(empty, "node", "nir.js", ...files), "fc1,lif1,fc2,lif2\nfc,lif\n");
      });
      await t.step("has types, and threads if there are workers", async () => {
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
      await t.step("runs from esbuild's bundle alone", async () => {
        const alone = join(folder, "alone");
        const options = ["--bundle", "--minify", "--format=esm", "--platform=node", `--outdir=${alone}`];
        await run(empty, "node", join("node_modules", "esbuild", "bin", "esbuild"), "program.js", ...options);
        for (const name of [...SAMPLES, "package.json"]) {
          await Deno.rename(join(empty, name), join(alone, name));
        }
        assert.equal(await run(alone, "node", "program.js"), printed);
      });
      await t.step(
        "works when installed from the folder alone, with strict types",
        async () => {
          const linked = join(folder, "linked");
          await Deno.mkdir(linked);
          await Deno.writeTextFile(join(linked, "package.json"), '{ "private": true, "type": "module" }');
          const quiet = ["--silent", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"];
          await run(linked, "npm", "install", ...quiet, built, ...TYPESCRIPT);
          assert.ok((await Deno.lstat(join(linked, "node_modules", "@spikelet", "spikelet"))).isSymlink);
          await Deno.writeTextFile(join(linked, "learning.ts"), LEARNING);
          for (const name of ["browser", "node"] as const) {
            await Deno.writeTextFile(join(linked, "tsconfig.json"), configuration(name));
            await run(linked, "npx", "--no-install", "tsc", "-p", ".");
          }
          assert.equal(await run(linked, "node", join("out", "learning.js")), `${VERSION} 24 6 true true\n`);
        },
      );
      await t.step("has the licences of the packages in it", async () => {
        const { dependencies } = JSON.parse(await Deno.readTextFile(join(built, "package.json")));
        assert.equal(dependencies, undefined);
        const titles = [...noticesIn(await Deno.readTextFile(join(built, "LICENSES.txt"))).keys()];
        const names = titles.map((title) => title.split(" ")[0] ?? "");
        assert.deepEqual(names.slice(0, 2), ["Spikelet", "assemblyscript"]);
        for (const name of ["hono", "pako", "valibot"]) {
          assert.ok(names.includes(name), name);
        }
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
