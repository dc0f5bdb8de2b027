import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decodeModel } from "../../src/network/model_file.ts";
import { affine, integrator, network } from "../../src/network/builder.ts";
import { describePage, readBuiltPage } from "../../src/serve/built_page.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { appOf, MODEL } from "./served_model.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const INDEX = '<html data-model=""><script src="main.js"></script></html>';

Deno.test("GET / is the playground with the served model, if it is built", async () => {
  await inTemporaryFolder(async (folder) => {
    const url = pathToFileURL(`${folder}/`);
    assert.equal(await readBuiltPage(new URL("nothing/", url)), undefined);
    assert.equal(await readBuiltPage(url), undefined);
    await Deno.writeTextFile(join(folder, "index.html"), INDEX);
    await Deno.writeTextFile(join(folder, "main.js"), "start()");
    await Deno.writeTextFile(join(folder, "chunk-5TBO732O.js"), "named by its contents");
    await Deno.writeTextFile(join(folder, "k.wasm"), "kernels");
    await Deno.writeTextFile(join(folder, "model.safetensors"), "another model");
    const page = await readBuiltPage(url);
    assert.ok(page);
    const app = appOf(MODEL, { page });
    const get = async (path: string) => {
      const response = await app.request(path);
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    const index = await get("/");
    assert.equal(index.text, INDEX.replace('""', '"model.safetensors"'));
    assert.match(index.headers.get("content-type")!, /^text\/html/);
    for (const path of ["/", "/main.js", "/k.wasm"]) {
      const { headers, status } = await get(path);
      assert.equal(status, 200);
      assert.match(
        headers.get("content-security-policy")!,
        /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/,
      );
      assert.doesNotMatch(headers.get("content-security-policy")!, /unsafe-inline/);
      assert.equal(headers.get("cross-origin-embedder-policy"), "require-corp");
      assert.equal(headers.get("x-content-type-options"), "nosniff");
    }
    assert.equal((await get("/main.js")).text, "start()");
    const cached = async (path: string) => (await get(path)).headers.get("cache-control");
    assert.equal(await cached("/chunk-5TBO732O.js"), "public, max-age=31536000, immutable");
    for (const path of ["/", "/main.js", "/model.safetensors"]) {
      assert.equal(await cached(path), "no-cache", path);
    }
    assert.equal(await (await appOf(MODEL, { page, publishesModel: false }).request("/")).text(), INDEX);
    assert.equal((await get("/k.wasm")).headers.get("content-type"), "application/wasm");
    assert.equal((await get("/index.html")).status, 404);
    assert.equal((await app.request("/", { method: "POST" })).status, 405);
  });
});

Deno.test("GET /model.safetensors is the served model's file", async () => {
  const response = await appOf().request("/model.safetensors");
  assert.equal(response.headers.get("content-type"), "application/octet-stream");
  const { spec, parameters, metadata } = decodeModel(new Uint8Array(await response.arrayBuffer()), "served");
  assert.deepEqual([spec, metadata], [MODEL.spec, MODEL.metadata]);
  assert.deepEqual([...parameters], [...MODEL.parameters]);
});

Deno.test("readBuiltPage() reads a page's files unchanged", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeFile(join(folder, "index.html"), bytes(INDEX));
    assert.deepEqual((await readBuiltPage(pathToFileURL(`${folder}/`)))?.get("index.html"), bytes(INDEX));
  });
});

Deno.test("describePage() tells what `serve` shows for pictures, sequences and other samples", () => {
  const taking = (inputs: number, kind: "constant" | "direct") =>
    network({
      steps: 3,
      input: { shape: [inputs], encoder: { kind } },
      nodes: [affine(2), integrator()],
    });
  const pictures = taking(64, "constant"), sequences = taking(3, "direct"), others = taking(13, "constant");
  const site = new Map(), builds = /; `.+ page` builds the one that learns$/;
  for (const spec of [pictures, sequences]) {
    assert.equal(describePage(site, spec), "page: the one that learns, begun with this model");
  }
  assert.match(describePage(undefined, pictures), /^page: a form; /);
  assert.match(describePage(undefined, sequences), /^page: how to send JSON; /);
  for (const spec of [pictures, sequences]) assert.match(describePage(undefined, spec), builds);
  for (const built of [site, undefined]) {
    assert.equal(
      describePage(built, others),
      "page: how to send JSON, since this network takes neither square pictures nor sequences",
    );
  }
  assert.equal(describePage(false, pictures), "page: none");
});
