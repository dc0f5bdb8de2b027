import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Classifier } from "../../src/classify/classifier.ts";
import { loadMnist } from "../../src/data/mnist.ts";
import { decodeModel, encodeModel, type Model, type ModelEncoding } from "../../src/network/model_file.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { assertOneLine, type Outcome, PROJECT } from "../cli/spikelet.ts";
import { named, NO_TOOLS } from "../deno_version.ts";
import { greyFile } from "../data/png_files.ts";
import { noticesIn } from "../licenses/read_notices.ts";
import { COLOUR_MODEL, colourFile, colourPicture, kernels, modelOf } from "../serve/served_model.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { findWorkerd, withWorkerd } from "./workerd.ts";

/** The notebook's network at its full size. */
const MODEL = modelOf(notebookNetwork(), { seed: "11" });
const COUNT = 100;
const test = await loadMnist(undefined, "test");
const DIGITS = Uint8Array.from(test.features.subarray(0, 784 * COUNT));
const digit = (i: number) => DIGITS.subarray(784 * i, 784 * (i + 1));

/** The bits of the answers under Deno, as text. */
const classifier = new Classifier(MODEL, { kernels });
const EXPECTED = JSON.stringify(Array.from({ length: COUNT }, (_, i) => classifier.classify(digit(i))));

/** Runs the program of `deno task edge` with a model and an output folder. */
async function edge(folder: string, args: readonly string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--unstable-bundle", "--allow-read", `--allow-write=${folder}`],
      ...["tools/edge.ts", ...args],
    ],
    cwd: PROJECT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Bundles a model in a new folder. */
async function bundled(
  use: (folder: string, outcome: Outcome) => Promise<void>,
  served: Model = MODEL,
  encoding: ModelEncoding = {},
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const model = join(folder, "model.safetensors"), out = join(folder, "new", "edge");
    await Deno.writeFile(model, encodeModel(served, encoding));
    const outcome = await edge(folder, ["--model", model, "--out", out]);
    assert.equal(outcome.code, 0, outcome.stderr);
    await use(out, outcome);
  });
}

/** Classifies all digits, as bytes. */
function request(url = "http://localhost"): Request {
  const headers = { "content-type": "application/octet-stream" };
  return new Request(`${url}/classify`, { method: "POST", body: DIGITS, headers });
}

const WRITES = "edge writes a bundle that knows no Deno, no Node, no worker and no compiler";
Deno.test({ ...named(WRITES, NO_TOOLS), fn: writesBundle });
async function writesBundle(): Promise<void> {
  await bundled(async (folder, { stdout }) => {
    const code = await Deno.readTextFile(join(folder, "spikelet.js"));
    for (
      const word of [
        /\bDeno\./,
        /["']node:/,
        /\bnew Worker\b/,
        /WebAssembly\.compile/,
        /\brequire\(/,
        /\bprocess\./,
      ]
    ) {
      assert.doesNotMatch(code, word);
    }
    for (const [, name, bytes] of stdout.matchAll(/^\S+new.edge.(\S+): ([\d,]+) bytes$/gm)) {
      const { size } = await Deno.stat(join(folder, name!));
      assert.equal(size.toLocaleString("en"), bytes);
    }
    assert.match(stdout, /^ {2}deno serve --host 127\.0\.0\.1 \S+fetch\.js /m); // by default it listens at every address
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    assert.deepEqual(names, [
      ".spikelet-build",
      "LICENSES.txt",
      "config.capnp",
      "fetch.js",
      "kernels.plain.wasm",
      "model.safetensors",
      "package.json",
      "spikelet.js",
      "worker.js",
      "wrangler.jsonc",
    ]);
    // The packages in the bundle, and the library in the kernels.
    const titles = [...noticesIn(await Deno.readTextFile(join(folder, "LICENSES.txt"))).keys()];
    const owners = titles.map((title) => title.split(" ")[0] ?? "");
    assert.deepEqual(owners.slice(0, 2), ["Spikelet", "assemblyscript"]);
    for (const owner of ["hono", "pako", "valibot"]) {
      assert.ok(owners.includes(owner), owner);
    }
    const { fetch } = await import(pathToFileURL(join(folder, "fetch.js")).href);
    assert.equal(await (await fetch(request())).text(), EXPECTED, "fetch.js under Deno");
  });
}

Deno.test({
  ...named("the bundle of a convolutional model answers to a picture in colours", NO_TOOLS),
  fn: () =>
    bundled(async (folder) => {
      const { fetch } = await import(pathToFileURL(join(folder, "fetch.js")).href);
      const post = (body: Uint8Array<ArrayBuffer>, type: string) =>
        new Request("http://localhost/classify", { method: "POST", body, headers: { "content-type": type } });
      const classifier = new Classifier(COLOUR_MODEL, { kernels });
      for (let i = 0; i < 5; i++) {
        const expected = JSON.stringify(classifier.classify(colourPicture(i)));
        assert.equal(await (await fetch(post(colourFile(i), "image/png"))).text(), expected);
        assert.equal(
          await (await fetch(post(colourPicture(i), "application/octet-stream"))).text(),
          expected,
        );
      }
    }, COLOUR_MODEL),
});

Deno.test({
  ...named("the bundle of a model of int8 keeps it so, and answers as its weights do", NO_TOOLS),
  fn: () =>
    bundled(
      async (folder) => {
        const file = await Deno.readFile(join(folder, "model.safetensors"));
        assert.ok(file.length < encodeModel(MODEL).length / 3);
        const { fetch } = await import(pathToFileURL(join(folder, "fetch.js")).href);
        const rounded = new Classifier(decodeModel(file, "model"), { kernels });
        const expected = Array.from({ length: COUNT }, (_, i) => rounded.classify(digit(i)));
        assert.deepEqual(await (await fetch(request())).json(), expected);
      },
      MODEL,
      { weights: "int8" },
    ),
});

/** Classifies the digits of the file `digits` with the module, and prints the answers. */
const NODE_PROGRAM = `import { fetch } from "./fetch.js";
import { readFileSync } from "node:fs";
const headers = { "content-type": "application/octet-stream" };
const request = new Request("http://localhost/classify", { method: "POST", body: readFileSync("digits"), headers });
process.stdout.write(await (await fetch(request)).text());
`;

const node = await new Deno.Command("node", { args: ["--version"] }).output().catch(() => undefined);
Deno.test({
  ...named(
    "the bundle runs under Node without changes",
    NO_TOOLS ?? (node ? undefined : "there is no Node"),
  ),
  fn: () =>
    bundled(async (folder) => {
      await Deno.writeTextFile(join(folder, "program.js"), NODE_PROGRAM);
      await Deno.writeFile(join(folder, "digits"), DIGITS);
      const { stdout, stderr } = await new Deno.Command("node", { args: ["program.js"], cwd: folder })
        .output();
      const decoder = new TextDecoder();
      assert.deepEqual([decoder.decode(stderr), decoder.decode(stdout)], ["", EXPECTED]);
    }),
});

const workerd = NO_TOOLS === undefined ? await findWorkerd() : { reason: NO_TOOLS };
Deno.test({
  ...named(
    `workerd gives the same answers as Deno, bit for bit, to ${COUNT} test digits`,
    "reason" in workerd ? workerd.reason : undefined,
  ),
  fn: async () => {
    assert.ok("path" in workerd);
    await bundled(async (folder) => {
      await withWorkerd(workerd.path, join(folder, "config.capnp"), async (url) => {
        assert.equal(await (await fetch(request(url))).text(), EXPECTED);
        const single = Array.from({ length: 5 }, async (_, i) => {
          const body = greyFile(28, 28, digit(i)), headers = { "content-type": "image/png" };
          return await (await fetch(`${url}/classify`, { method: "POST", body, headers })).json();
        });
        assert.deepEqual(await Promise.all(single), JSON.parse(EXPECTED).slice(0, 5));
        assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: "ok" });
        const head = await fetch(`${url}/model.safetensors`, { method: "HEAD" });
        assert.equal(Number(head.headers.get("content-length")), encodeModel(MODEL).length);
        const tagged = { headers: { "if-none-match": head.headers.get("etag") ?? "" } };
        assert.equal((await fetch(`${url}/model.safetensors`, tagged)).status, 304);
        const elsewhere = { "content-type": "application/octet-stream", "sec-fetch-site": "cross-site" };
        const foreign = await fetch(`${url}/classify`, {
          method: "POST",
          body: digit(0),
          headers: elsewhere,
        });
        assert.equal(foreign.status, 403);
        await foreign.body?.cancel();
        const cut = await fetch(`${url}/classify`, { method: "POST", body: digit(0).subarray(1) });
        assert.equal(cut.status, 415);
        await cut.body?.cancel();
        assert.equal(await (await fetch(request(url))).text(), EXPECTED);
      });
    });
  },
});

const REFUSES = "edge refuses a model that is damaged or not there, and a folder that cannot be";
Deno.test({ ...named(REFUSES, NO_TOOLS), fn: refuses });
async function refuses(): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const model = join(folder, "m.safetensors"), out = join(folder, "out");
    await Deno.writeTextFile(model, "not a model");
    assertOneLine(await edge(folder, ["--model", model, "--out", out]), 1, /m\.safetensors: its header /);
    assertOneLine(await edge(folder, ["--model", "none", "--out", out]), 1, /^none: no model there/);
    assertOneLine(await edge(folder, []), 2, /^required option '--model <run-or-file>' not specified/);
    assert.equal((await Array.fromAsync(Deno.readDir(folder))).length, 1);
    await Deno.writeFile(model, encodeModel(MODEL));
    assertOneLine(await edge(folder, ["--model", model, "--out", join(model, "a")]), 1, /is not a folder/);
    assertOneLine(await edge(folder, ["--model", model]), 1, /^dist.edge: Deno may not write it/);
  });
}
