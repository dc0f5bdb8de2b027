import assert from "node:assert/strict";
import { Classifier } from "../../src/classify/classifier.ts";
import { encodeModel } from "../../src/network/model_file.ts";
import { createHandler, type HandlerOptions } from "../../src/serve/handler.ts";
import { digit, kernels, MODEL } from "./served_model.ts";

const MODEL_BYTES = encodeModel(MODEL);
const EXPECTED = new Classifier(MODEL, { kernels }).classify(digit(0), 3);

/** A handler's answer at a path. */
function handlerOf(options: Partial<HandlerOptions>) {
  const handler = createHandler(MODEL_BYTES, { kernels, ...options });
  return (path: string, init?: RequestInit) => handler(new Request(`http://localhost${path}`, init));
}

/** A request of one digit. */
function post(headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    body: digit(0),
    headers: { "content-type": "application/octet-stream", ...headers },
  };
}

Deno.test("createHandler() puts a base path before each route, and redirects it to a path with a slash", async () => {
  const ask = handlerOf({ basePath: "/a/digits" });
  assert.deepEqual(await (await ask("/a/digits/classify", post())).json(), EXPECTED);
  assert.deepEqual(await (await ask("/a/digits/health")).json(), { status: "ok" });
  assert.match(await (await ask("/a/digits/")).text(), /action="classify"/);
  const bare = await ask("/a/digits");
  assert.deepEqual([bare.status, bare.headers.get("location")], [308, "/a/digits/"]);
  for (const path of ["/", "/health", "/a/digit/health", "/a/digitsx/health", "//health", "/a/health"]) {
    assert.equal((await ask(path)).status, 404, path);
  }
  for (const basePath of ["digits", "/digits/", "/", "/a b"]) {
    assert.throws(() => handlerOf({ basePath }), {
      name: "RangeError",
      message: /^basePath ".*": expected a path/,
    });
  }
});

Deno.test("createHandler() serves neither page nor model if its options say so", async () => {
  const ask = handlerOf({ page: false, publishesModel: false });
  for (const path of ["/", "/model", "/model.safetensors"]) assert.equal((await ask(path)).status, 404, path);
  assert.deepEqual((await (await ask("/")).json()).error, "no such path: expected /health, /classify");
  assert.deepEqual(await (await ask("/classify", post())).json(), EXPECTED);
  const page = await (await handlerOf({ publishesModel: false })("/")).text();
  assert.match(page, /<form action="classify"/);
  assert.doesNotMatch(page, /href="model"/);
});

Deno.test("hooks can answer requests, receive answers, and break nothing if they throw", async () => {
  const heard: unknown[] = [], reported: unknown[] = [], lines: unknown[] = [];
  const ask = handlerOf({
    onRequest: async (request) => {
      if (new URL(request.url).pathname === "/mine") return new Response(await request.text());
      if (request.headers.get("authorization") === "Bearer broken") throw new Error("a hook's own");
      if (request.headers.get("authorization") !== "Bearer 7") return new Response("who?", { status: 401 });
    },
    onAnswer: (answers, request) => {
      heard.push(answers, request.method);
    },
    log: ({ path, status, samples }) => lines.push([path, status, samples]),
    report: (error) => reported.push(error),
  });
  assert.equal((await ask("/classify", post())).status, 401);
  assert.equal(await (await ask("/mine", { method: "POST", body: "seven" })).text(), "seven");
  assert.deepEqual(heard, []);
  const answered = await ask("/classify", post({ authorization: "Bearer 7" }));
  assert.deepEqual(await answered.json(), EXPECTED);
  assert.deepEqual(heard, [[EXPECTED], "POST"]);
  const broken = await ask("/classify", post({ authorization: "Bearer broken" }));
  assert.deepEqual([broken.status, await broken.json()], [500, {
    error: "something went wrong here: try again",
  }]);
  assert.equal(String(reported), "Error: a hook's own");
  assert.deepEqual(lines, [["/classify", 401, 0], ["/mine", 200, 0], ["/classify", 200, 1], [
    "/classify",
    500,
    0,
  ]]);
});

Deno.test("HEAD has the length of GET at every path, and constant answers have an ETag", async () => {
  const ask = handlerOf({});
  for (const path of ["/", "/health", "/model", "/model.safetensors", "/nowhere"]) {
    const get = await ask(path), head = await ask(path, { method: "HEAD" });
    const length = String((await get.arrayBuffer()).byteLength);
    assert.deepEqual([get.status, get.headers.get("content-length")], [head.status, length], path);
    assert.deepEqual([head.headers.get("content-length"), await head.text()], [length, ""], path);
  }
  for (const path of ["/", "/model.safetensors"]) {
    const etag = (await ask(path)).headers.get("etag") ?? assert.fail(path);
    assert.equal((await ask(path, { headers: { "if-none-match": etag } })).status, 304);
  }
});
