import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { DOMParser } from "linkedom";
import { Classifier } from "../../src/classify/classifier.ts";
import { integrator, layer, network } from "../../src/network/builder.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { Answering } from "../../src/serve/answering.ts";
import { chunk, forgedFile, greyFile } from "../data/png_files.ts";
import { tinyParts } from "./hostile.ts";
import { appOf, ask, digit, kernels, MODEL, modelOf } from "./served_model.ts";

const BRACES =
  /^the body has more than 10,000 opening braces, and a sample has one: send more samples in several requests$/;
const PNG = "image/png", BYTES = "application/octet-stream", JSON_TYPE = "application/json";
const classifier = new Classifier(MODEL, { kernels });
const answerTo = (i: number, seed = 3) => classifier.classify(digit(i), seed);
const app = appOf();

/** Bytes one after the other. */
function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("POST /classify answers the same of a digit as PNG, bytes, JSON and in a form, bit for bit as a classifier", async () => {
  const form = new FormData();
  form.append("picture", new Blob([greyFile(28, 28, digit(0))], { type: PNG }));
  for (
    const [body, type] of [
      [greyFile(28, 28, digit(0)), PNG],
      [greyFile(28, 28, digit(0).map((value) => 255 - value)), `${PNG}; charset=binary`],
      [digit(0), BYTES],
      [JSON.stringify({ pixels: [...digit(0)] }), JSON_TYPE],
      [JSON.stringify({ pixels: [...digit(0)] }), "Application/JSON; charset=utf-8"],
      [form, undefined],
    ] as const
  ) {
    const { status, headers, value } = await ask(app, body, type);
    assert.deepEqual([status, headers.get("content-type")], [200, JSON_TYPE]);
    assert.deepEqual(value, answerTo(0));
  }
});

Deno.test("POST /classify answers many with a list, in their order", async () => {
  const form = new FormData();
  form.append("a", new Blob([greyFile(28, 28, digit(2))], { type: PNG }));
  form.append("b", new Blob([joined(digit(0), digit(1))], { type: BYTES }));
  const expected = [answerTo(2), answerTo(0), answerTo(1)];
  const pixels = [2, 0, 1].map((i) => ({ pixels: [...digit(i)] }));
  assert.deepEqual((await ask(app, joined(digit(2), digit(0), digit(1)), BYTES)).value, expected);
  assert.deepEqual((await ask(app, JSON.stringify(pixels), JSON_TYPE)).value, expected);
  assert.deepEqual((await ask(app, form)).value, expected);
  assert.deepEqual(
    (await ask(app, JSON.stringify(pixels.slice(0, 1)), JSON_TYPE)).value,
    expected.slice(0, 1),
  );
});

Deno.test("POST /classify answers of values as floats, and of sequences", async () => {
  const values = Array.from(digit(0), (pixel) => pixel / 255 - 0.5);
  const { value } = await ask(app, JSON.stringify({ values }), JSON_TYPE);
  assert.deepEqual(value, classifier.classify(Float32Array.from(values), 3));
  const spec = {
    ...notebookNetwork({ inputs: 3, hidden: 5, classes: 2, steps: 4 }),
    encoder: { kind: "direct", offset: 0 },
  } as const;
  const sequences = modelOf(spec), sequence = Array.from({ length: 12 }, (_, i) => i / 12);
  const answer = await ask(appOf(sequences), JSON.stringify([{ values: sequence }]), JSON_TYPE);
  assert.deepEqual(answer.value, [
    new Classifier(sequences, { kernels }).classify(Float32Array.from(sequence), 3),
  ]);
  const picture = await ask(appOf(sequences), greyFile(3, 4, sequence.map(() => 9)), PNG);
  assert.equal(picture.status, 415);
});

Deno.test("POST /classify takes a picture as its rows, and a sequence as its steps", async () => {
  const rows = Array.from({ length: 28 }, (_, row) => [...digit(0).subarray(28 * row, 28 * (row + 1))]);
  assert.deepEqual((await ask(app, JSON.stringify({ pixels: rows }), JSON_TYPE)).value, answerTo(0));
  const spec = {
    ...notebookNetwork({ inputs: 3, hidden: 5, classes: 2, steps: 4 }),
    encoder: { kind: "direct", offset: 0 },
  } as const;
  const sequences = appOf(modelOf(spec)), flat = Array.from({ length: 12 }, (_, i) => i / 12);
  const steps = [0, 3, 6, 9].map((at) => flat.slice(at, at + 3));
  const { value } = await ask(sequences, JSON.stringify({ values: flat }), JSON_TYPE);
  assert.deepEqual((await ask(sequences, JSON.stringify({ values: steps }), JSON_TYPE)).value, value);
  const turned = await ask(
    sequences,
    JSON.stringify({ values: steps[0]!.map(() => [1, 2, 3, 4]) }),
    JSON_TYPE,
  );
  assert.equal(turned.status, 400);
  assertError(
    turned.value,
    /^the sample: values: 3 lists of 4: expected 1 to 4 steps of 3 numbers, in one list or a list a step$/,
  );
});

Deno.test("POST /classify answers shorter sequences as a classifier does, in every form, alone and among others", async () => {
  const spec = {
    ...notebookNetwork({ inputs: 3, hidden: 5, classes: 2, steps: 4 }),
    encoder: { kind: "direct", offset: 0 },
  } as const;
  const model = { ...modelOf(spec), classes: ["rest", "wave"] };
  const sequences = appOf(model), own = new Classifier(model, { kernels });
  const two = [[1, 0, 1], [0, 1, 1]], four = [...two, ...two];
  const expected = [two, four].map((steps) => own.classify(steps, 3));
  assert.notDeepEqual(expected[0], expected[1]);
  const body = JSON.stringify([{ values: two.flat() }, { values: four }]);
  assert.deepEqual((await ask(sequences, body, JSON_TYPE)).value, expected);
  assert.deepEqual((await ask(sequences, JSON.stringify({ pixels: two }), JSON_TYPE)).value, expected[0]);
  assert.deepEqual((await ask(sequences, Uint8Array.from(two.flat()), BYTES)).value, expected[0]);
  assert.ok(["rest", "wave"].includes(expected[0]!.name));
  for (const bytes of [Uint8Array.of(1, 0), new Uint8Array(15)]) {
    const { status, value } = await ask(sequences, bytes, BYTES);
    assert.equal(status, 400);
    assertError(
      value,
      /expected 12 a sample, a byte a number, 3 a step, of which one sample alone may have fewer$/,
    );
  }
});

Deno.test("POST /classify of values refuses bytes that are given to a network of pixels as numbers", async () => {
  const learned = appOf(modelOf(MODEL.spec, { seed: "3", bytes: "pixels" }));
  const { status, value } = await ask(learned, JSON.stringify({ values: [...digit(0)] }), JSON_TYPE);
  assert.equal(status, 400);
  assertError(
    value,
    /^the sample: values: number \d+ is \d+: this network learned from pixels: give them as bytes, 0 to 255/,
  );
});

Deno.test("POST /classify is deterministic; ?seed asks for other noise, ?seed=random for noise that is never the same", async () => {
  const body = joined(...Array.from({ length: 40 }, (_, i) => digit(i)));
  const first = await ask(app, body, BYTES);
  assert.deepEqual(await ask(app, body, BYTES), { ...first, headers: first.headers });
  assert.deepEqual((await ask(app, body, BYTES, "?seed=3")).value, first.value);
  const other = await ask(app, body, BYTES, "?seed=9007199254740991");
  assert.deepEqual(other.value, Array.from({ length: 40 }, (_, i) => answerTo(i, 2 ** 53 - 1)));
  const random = await ask(app, body, BYTES, "?seed=random");
  assert.notDeepEqual((await ask(app, body, BYTES, "?seed=random")).value, random.value);
  const always = appOf(MODEL, { seed: "random" });
  assert.notDeepEqual((await ask(always, body, BYTES)).value, (await ask(always, body, BYTES)).value);
  assert.deepEqual((await ask(always, body, BYTES, "?seed=3")).value, first.value);
});

Deno.test("POST /classify takes a picture's ink as it is told", async () => {
  const inverted = greyFile(28, 28, digit(0).map((value) => 255 - value));
  assert.deepEqual((await ask(app, inverted, PNG, "?ink=dark")).value, answerTo(0));
  assert.notDeepEqual((await ask(app, inverted, PNG, "?ink=light")).value, answerTo(0));
});

Deno.test("GET /health, /model and / tell how it is, which network answers, and how to ask", async () => {
  let isStopping = false;
  const app = appOf(MODEL, { isStopping: () => isStopping });
  const get = async (path: string) => await app.request(path);
  assert.deepEqual(await (await get("/health")).json(), { status: "ok" });
  isStopping = true;
  assert.equal((await get("/health")).status, 503);
  assert.equal((await get("/model")).status, 503);
  isStopping = false;
  const model = await (await get("/model")).json();
  assert.deepEqual(model.network, MODEL.spec);
  assert.deepEqual(model.metadata, { seed: "3", accuracy: "0.1" });
  assert.deepEqual([model.sampleSize, model.pictureSide, model.kernels, model.seed], [784, 28, "plain", 3]);
  const page = await get("/");
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.match(await page.text(), /<form action="classify" method="post" enctype="multipart\/form-data">/);
  const head = await app.request("/health", { method: "HEAD" });
  assert.equal(await head.text(), "");
});

const pixels = [...digit(0)];
const big = deflateSync(new Uint8Array(2 ** 25), { level: 9 });
const json = (value: unknown) => JSON.stringify(value);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A form, and its boundary in the type. */
function form(file: Uint8Array<ArrayBuffer> | string, type: string): FormData {
  const data = new FormData();
  data.append("file", typeof file === "string" ? file : new Blob([file], { type }));
  return data;
}

/** What is refused: body, type, status, message, query. */
const REFUSED:
  readonly (readonly [what: string, BodyInit | null, string | undefined, number, RegExp, string?])[] = [
    ["nothing at all", null, undefined, 415, /^no content-type: expected image\/png, /],
    [
      "curl's own type",
      digit(0),
      "application/x-www-form-urlencoded",
      415,
      /^content-type application\/x-www-form-ur/,
    ],
    ["a type on two lines", digit(0), "a/b\tc", 415, /^content-type "a\/b\\tc": expected/],
    ["no bytes", new Uint8Array(0), BYTES, 400, /^the body: 0 bytes: expected 784 a sample/],
    ["a byte too few", digit(0).slice(1), BYTES, 400, /^the body: 783 bytes: expected 784 a sample/],
    ["a byte too many", joined(digit(0), Uint8Array.of(1)), BYTES, 400, /^the body: 785 bytes/],
    ["no PNG", digit(0), PNG, 400, /^the picture: 784 bytes that are no PNG/],
    ["no bytes of a PNG", new Uint8Array(0), PNG, 400, /^the picture: 0 bytes that are no PNG/],
    [
      "a PNG that is cut",
      greyFile(28, 28, pixels).slice(0, 99),
      PNG,
      400,
      /^the picture: a PNG that is cut short/,
    ],
    [
      "a PNG of a billion pixels",
      forgedFile({ width: 65535, height: 65535, depth: 8, colour: 0 }, new Uint8Array(9)),
      PNG,
      400,
      /^the picture: 65,535 × 65,535 pixels: expected at most/,
    ],
    [
      "a PNG that inflates to too much",
      forgedFile({ width: 28, height: 28, depth: 8, colour: 0 }, big),
      PNG,
      400,
      /inflate to more than/,
    ],
    ["no JSON", "{", JSON_TYPE, 400, /^the body is no JSON: expected \{ "pixels"/],
    ["JSON that is no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), JSON_TYPE, 400, /^the body is no JSON/],
    ["a deep nest", "[".repeat(100_000), JSON_TYPE, 400, /^the body is no JSON/],
    [
      "a closed deep nest",
      "[".repeat(9000) + "]".repeat(9000),
      JSON_TYPE,
      400,
      /^sample 0 is not of the form/,
    ],
    ["null", "null", JSON_TYPE, 400, /^the sample is not of the form/],
    ["an empty list", "[]", JSON_TYPE, 400, /^no samples/],
    ["a number", "7", JSON_TYPE, 400, /^the sample is not of the form/],
    ["another key", json({ image: pixels }), JSON_TYPE, 400, /^the sample is not of the form/],
    ["two keys", json({ pixels, values: pixels }), JSON_TYPE, 400, /^the sample is not of the form/],
    ["__proto__", `{"__proto__": {"pixels": [1]}}`, JSON_TYPE, 400, /^the sample is not of the form/],
    [
      "too few pixels",
      json({ pixels: [1, 2] }),
      JSON_TYPE,
      400,
      /^the sample: pixels: 2 numbers: expected 784 numbers$/,
    ],
    [
      "pixels as text",
      json({ pixels: "7" }),
      JSON_TYPE,
      400,
      /^the sample: pixels: no list: expected 784 numbers$/,
    ],
    [
      "a pixel of 256",
      json({ pixels: pixels.with(783, 256) }),
      JSON_TYPE,
      400,
      /^the sample: pixels: number 783 is 256: expected a whole number, 0 to 255$/,
    ],
    [
      "half a pixel",
      json({ pixels: pixels.with(0, 0.5) }),
      JSON_TYPE,
      400,
      /^the sample: pixels: number 0 is 0.5/,
    ],
    [
      "an infinite value",
      json(Array(2).fill({ values: pixels.map((byte) => byte / 256) })).replace(/,0]}]$/, ",1e39]}]"),
      JSON_TYPE,
      400,
      /^sample 1: values: number 783 is 1e\+39: expected a number, -1e9 to 1e9$/,
    ],
    [
      "two kinds",
      json([{ pixels }, { values: pixels }]),
      JSON_TYPE,
      400,
      /^sample 1 has values, the first one pixels/,
    ],
    [
      "values of which sums overflow",
      json({ values: pixels.map(() => 3.4e38) }),
      JSON_TYPE,
      400,
      /^the sample: values: number 0 is 3.4e\+38: expected a number, -1e9 to 1e9$/,
    ],
    [
      "a value beyond float64",
      json({ values: pixels }).replace("[0", "[1e999"),
      JSON_TYPE,
      400,
      /^the sample: values: number 0 is Infinity: expected a number/,
    ],
    [
      "a value that is null",
      json({ values: [null, ...pixels.slice(1)] }),
      JSON_TYPE,
      400,
      /number 0 is null: /,
    ],
    ["a value as text", json({ values: ["1", ...pixels.slice(1)] }), JSON_TYPE, 400, /number 0 is "1": /],
    [
      "rows of unequal lengths",
      json({ values: [[1, 2], [3]] }),
      JSON_TYPE,
      400,
      /^the sample: values: list 1 has 1 number, list 0 has 2: expected as many in each$/,
    ],
    [
      "rows that are too few",
      json({ pixels: [[1, 2], [3, 4]] }),
      JSON_TYPE,
      400,
      /^the sample: pixels: 2 lists of 2: expected 28 rows of 28 columns, or 784 numbers in one list$/,
    ],
    [
      "a row that is none",
      json({ pixels: [[1], null] }),
      JSON_TYPE,
      400,
      /^the sample: pixels: numbers stand beside lists, at 1: expected/,
    ],
    ["a hundred thousand objects", `[${"{},".repeat(1e5)}{}]`, JSON_TYPE, 400, BRACES],
    ["ten thousand braces in a text", json({ pixels: "{".repeat(10_001) }), JSON_TYPE, 400, BRACES],
    ["a hundred thousand texts", `["${'","'.repeat(1e5)}"]`, JSON_TYPE, 400, /^the body has too many texts/],
    ["a form without its boundary", "abc", "multipart/form-data", 400, /^the form has no boundary/],
    [
      "a form with too long a boundary",
      "abc",
      `multipart/form-data; boundary=${"b".repeat(71)}`,
      400,
      /^the form has a boundary of 71 characters: expected 1 to 70/,
    ],
    [
      "a form of fifteen thousand parts",
      tinyParts(1_000_000),
      "multipart/form-data; boundary=b",
      400,
      /^the form has more than 256 files: send them in several requests$/,
    ],
    [
      "a form whose part has a long head",
      `--b\r\nx: ${"y".repeat(2000)}\r\n\r\n\r\n--b--`,
      "multipart/form-data; boundary=b",
      400,
      /^part 0 of the form has a head of more than 1024 bytes$/,
    ],
    [
      "a form whose part's head is no UTF-8",
      joined(bytesOf("--b\r\ncontent-disposition: "), Uint8Array.of(0xff), bytesOf("\r\n\r\n\r\n--b--")),
      "multipart/form-data; boundary=b",
      400,
      /^part 0 of the form has a head that cannot be read: expected UTF-8$/,
    ],
    [
      "a form whose part has no name",
      "--b\r\nx: y\r\n\r\nseven\r\n--b--",
      "multipart/form-data; boundary=b",
      400,
      /^part 0 of the form: expected files alone/,
    ],
    ["a form that is cut", "--x\r\ncontent-disp", "multipart/form-data; boundary=x", 400, /^the form /],
    ["text in a form", form("seven", ""), undefined, 400, /^field file of the form: expected files alone/],
    [
      "a JPEG in a form",
      form(digit(0), "image/jpeg"),
      undefined,
      415,
      /^file file is image\/jpeg: expected image\/png/,
    ],
    ["a damaged PNG in a form", form(digit(0), PNG), undefined, 400, /^file file: 784 bytes that are no PNG/],
    ["another parameter", digit(0), BYTES, 400, /^parameter "seeds": expected seed or ink/, "?seeds=1"],
    ["a seed below 0", digit(0), BYTES, 400, /^seed "-1": expected a whole number/, "?seed=-1"],
    ["a seed above 2^53", digit(0), BYTES, 400, /^seed "9007199254740992"/, "?seed=9007199254740992"],
    ["another ink", digit(0), BYTES, 400, /^ink "blue": expected auto, light, dark/, "?ink=blue"],
    ["too long a body", new Uint8Array(2_000_000), BYTES, 413, /^the body is longer than 1,048,576 bytes/],
  ];

for (const [what, body, type, status, message, query] of REFUSED) {
  Deno.test(`POST /classify refuses ${what} with one clear line`, async () => {
    const answer = await ask(app, body, type, query);
    assert.equal(answer.status, status, JSON.stringify(answer.value));
    assertError(answer.value, message);
  });
}

function assertError(value: unknown, message: RegExp): void {
  assert.deepEqual(Object.keys(value as object), ["error"]);
  const { error } = value as { error: string };
  assert.match(error, message);
  assert.doesNotMatch(error, /\n/);
}

Deno.test("a form's pictures may have as many pixels together as one picture", async () => {
  const data = new FormData();
  const flat = deflateSync(new Uint8Array(800 * 801), { level: 9 });
  for (const name of ["a", "b"]) {
    const file = forgedFile({ width: 800, height: 800, depth: 8, colour: 0 }, flat, [
      chunk("tEXt", new Uint8Array(2)),
    ]);
    data.append(name, new Blob([file], { type: PNG }));
  }
  const { status, value } = await ask(app, data);
  assert.equal(status, 400);
  assertError(value, /^file b: 800 × 800 pixels: expected at most 408,576 in all/);
});

Deno.test("other paths and methods are refused with what there is", async () => {
  const nowhere = await app.request("/clasify", { method: "POST" });
  assert.equal(nowhere.status, 404);
  assertError(
    await nowhere.json(),
    /^no such path: expected \/, \/health, \/model, \/model\.safetensors, \/classify$/,
  );
  for (
    const [path, method, allow] of [["/classify", "GET", "POST"], ["/model", "DELETE", "GET, HEAD"]] as const
  ) {
    const response = await app.request(path, { method });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow]);
    assertError(await response.json(), new RegExp(`^${path} does not take ${method}: expected ${allow}$`));
  }
  const packed = await app.request("/classify", {
    method: "POST",
    body: Uint8Array.from(deflateSync(digit(0))),
    headers: { "content-type": BYTES, "content-encoding": "gzip" },
  });
  assert.equal(packed.status, 415);
  assertError(await packed.json(), /^content-encoding gzip: expected none/);
});

/** A body that gives its parts, and then waits for ever. */
function endless(...parts: Uint8Array[]) {
  const cancelled = Promise.withResolvers<void>(), read = Promise.withResolvers<void>();
  let fail = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      parts.forEach((part) => controller.enqueue(part));
      fail = () => controller.error(new Error("reset"));
    },
    pull: () => read.resolve(), // all parts have been taken
    cancel: () => cancelled.resolve(),
  });
  return { body, cancelled: cancelled.promise, read: read.promise, fail };
}

Deno.test("a body that does not come is given up with 408, and one that never ends with 413", async () => {
  const slow = endless(digit(0));
  const late = await ask(appOf(MODEL, { bodyTime: 20 }), slow.body, BYTES);
  assert.equal(late.status, 408);
  assertError(late.value, /^the body took longer than 0.02 s: send it faster$/);
  await slow.cancelled;
  const app = appOf(MODEL, { mostBytes: 2000 });
  const long = endless(digit(0), digit(1), digit(2));
  const tooLong = await ask(app, long.body, BYTES);
  assert.equal(tooLong.status, 413);
  await long.cancelled;
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("reset")),
  });
  const cut = await ask(app, broken, BYTES);
  assert.equal(cut.status, 400);
  assertError(cut.value, /^the body is cut short: send the whole of it$/);
  assert.equal((await ask(app, digit(0), BYTES)).status, 200);
});

Deno.test("bodies that are held take no more than 64 of the longest, and give it back", async () => {
  const app = appOf(MODEL, { mostBytes: 784 });
  const bodies = Array.from({ length: 64 }, () => endless(digit(0)));
  const slow = bodies.map(({ body }) => ask(app, body, BYTES));
  await Promise.all(bodies.map(({ read }) => read));
  const more = await ask(app, digit(0), BYTES);
  assert.deepEqual([more.status, more.headers.get("retry-after")], [429, "1"]);
  bodies.forEach(({ fail }) => fail());
  assert.deepEqual((await Promise.all(slow)).map(({ status }) => status), new Array(64).fill(400));
  assert.equal((await ask(app, digit(0), BYTES)).status, 200);
});

/** Forty digits, one after the other. */
const forty = joined(...Array.from({ length: 40 }, (_, i) => digit(i)));

Deno.test("what is too much is shed with 429, and the rest is answered", async () => {
  for (
    const limits of [
      { waiting: 1, turn: Infinity }, // one request at a time
      { waiting: Infinity, turn: Number.MIN_VALUE }, // one answer in a turn of the event loop
    ]
  ) {
    const answering = new Answering(classifier, limits);
    const app = appOf(MODEL, { answering });
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(app, forty, BYTES)));
    assert.deepEqual(answers.map(({ status }) => status), [200, 429, 429, 429, 429]);
    assert.deepEqual(answers[0]?.value, Array.from({ length: 40 }, (_, i) => answerTo(i)));
    for (const { headers, value } of answers.slice(1)) {
      assertError(value, /^too many requests are waiting: try again in 1 s$/);
      assert.equal(headers.get("retry-after"), "1");
    }
    assert.equal(answering.waiting, 0);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal((await ask(app, digit(0), BYTES)).status, 200, "there is room again");
    await new Promise((resolve) => setTimeout(resolve)); // the last turn ends
  }
});

Deno.test("a long request lets a short one have its turn", async () => {
  const app = appOf();
  const done: string[] = [];
  const long = ask(app, joined(...new Array(10).fill(forty)), BYTES).then(() => done.push("long"));
  await new Promise((resolve) => setTimeout(resolve));
  const short = ask(app, digit(0), BYTES).then(() => done.push("short"));
  await Promise.all([long, short]);
  assert.deepEqual(done, ["short", "long"]);
});

Deno.test("a sender that goes is left, and counts no longer", async () => {
  const answering = new Answering(classifier, { waiting: 100, turn: Infinity });
  const app = appOf(MODEL, { answering });
  const abort = new AbortController();
  const headers = { "content-type": BYTES };
  const asked = app.request("/classify", { method: "POST", body: forty, headers, signal: abort.signal });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(answering.waiting, 40);
  abort.abort();
  assert.equal((await asked).status, 499);
  assert.equal(answering.waiting, 0);
});

Deno.test("an app answers whatever a runtime aborts with, and whatever a hook throws", async () => {
  const headers = { "content-type": BYTES };
  for (const reason of ["Client connection prematurely closed.", undefined, 7]) {
    const abort = new AbortController();
    const answer = appOf().request("/classify", {
      method: "POST",
      body: forty,
      headers,
      signal: abort.signal,
    });
    await new Promise((resolve) => setTimeout(resolve));
    abort.abort(reason);
    assert.equal((await answer).status, 499, String(reason));
  }
  for (const thrown of ["gone", undefined, {}, new Error("gone")]) {
    const reports: unknown[] = [];
    const hook = () => {
      throw thrown;
    };
    const report = (error: unknown) => void reports.push(error);
    assert.equal(
      (await ask(appOf(MODEL, { onRequest: hook, report }), digit(0), BYTES)).status,
      500,
    );
    assert.equal(
      (await ask(appOf(MODEL, { onAnswer: hook, report }), digit(0), BYTES)).status,
      500,
    );
    assert.equal(reports.length, 2);
  }
});

Deno.test("a bug inside is reported and not told", async () => {
  const reported: unknown[] = [], bug = new TypeError("a secret");
  class Broken extends Answering {
    override answer = () => Promise.reject(bug);
  }
  const app = appOf(MODEL, {
    answering: new Broken(classifier, { waiting: 1, turn: Infinity }),
    report: (error) => reported.push(error),
  });
  const { status, value } = await ask(app, digit(0), BYTES);
  assert.deepEqual([status, value], [500, { error: "something went wrong here: try again" }]);
  assert.deepEqual(reported, [bug]);
});

Deno.test("log() hears of every answer", async () => {
  const entries: unknown[] = [];
  const app = appOf(MODEL, {
    log: ({ milliseconds, ...entry }) => {
      assert.ok(milliseconds >= 0);
      entries.push(entry);
    },
  });
  await ask(app, joined(digit(0), digit(1)), BYTES);
  await ask(app, "7", JSON_TYPE, "?seed=1");
  await app.request("/nowhere?secret=1");
  assert.deepEqual(entries, [
    { method: "POST", path: "/classify", status: 200, samples: 2 },
    { method: "POST", path: "/classify", status: 400, samples: 0 },
    { method: "GET", path: "/nowhere", status: 404, samples: 0 },
  ]);
});

/** What the command on a page posts: the part of it that a shell has to work out is put to one. */
async function exampleOf(page: string): Promise<{ body: string; url: string }> {
  const command = new DOMParser().parseFromString(page, "text/html").querySelector("pre code")?.textContent ??
    "";
  const [, written, counted, url] =
    /^(?:curl -H 'content-type: application\/json' -d '(.*)'|(printf .*) \| curl -H 'content-type: application\/json' -d @-) (\S+)$/
      .exec(command) ?? [];
  assert.ok(url, command);
  if (written !== undefined) return { body: written, url };
  const { stdout } = await new Deno.Command("sh", { args: ["-c", counted!] }).output();
  return { body: new TextDecoder().decode(stdout), url };
}

Deno.test("GET / of a network that takes no pictures tells how to ask it by JSON, and its example is answered", async () => {
  const top = layer(3, integrator()), direct = { kind: "direct" } as const;
  const site = new Map([["index.html", new TextEncoder().encode('<html data-model="">')]]);
  for (
    const [spec, metadata, key] of [
      [
        network({ inputs: 13, steps: 4, encoder: { kind: "constant" }, layers: [top] }),
        { bytes: "numbers" },
        "values",
      ],
      [network({ inputs: 360, steps: 4, layers: [top] }), { bytes: "pixels" }, "pixels"],
      [network({ inputs: 3, steps: 5, encoder: direct, layers: [top] }), {}, "values"],
      [network({ inputs: 24, steps: 60, encoder: direct, layers: [top] }), {}, "values"],
    ] as const
  ) {
    const model = modelOf(spec, metadata);
    const expected = await (await appOf(model).request("/")).text();
    const app = appOf(model, { page: site }); // which shows digits
    const text = await (await app.request("http://localhost:8123/")).text();
    assert.doesNotMatch(text, /<form|data-model|which digit/i);
    assert.match(expected, new RegExp(`"${key}|&quot;${key}`));
    const { body, url } = await exampleOf(text);
    assert.equal(url, "http://localhost:8123/classify");
    const numbers = JSON.parse(body)[key].flat();
    assert.equal(numbers.length, spec.encoder.kind === "direct" ? spec.inputs * spec.steps : spec.inputs);
    const { status, value } = await ask(app, body, "application/json");
    assert.equal(status, 200, JSON.stringify(value));
  }
});
