import assert from "node:assert/strict";
import { DOMParser } from "linkedom";
import { sampleFormOf } from "../../src/network/encoders.ts";
import { Classifier } from "../../src/classify/classifier.ts";
import { affine, conv2d, integrator, layer, lif, network } from "../../src/network/builder.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { Answering } from "../../src/serve/answering.ts";
import { greyFile, pngFile } from "../data/png_files.ts";
import {
  appOf,
  ask,
  assertError,
  BYTES,
  COLOUR_MODEL,
  colourFile,
  colourPicture,
  digit,
  joined,
  JSON_TYPE,
  kernels,
  MODEL,
  modelOf,
  PNG,
} from "./served_model.ts";
import { withEncoder } from "../engine/network_cases.ts";

const classifier = new Classifier(MODEL, { kernels });
const answerTo = (i: number, seed = 3) => classifier.classify(digit(i), seed);
const app = appOf();

/** A network for sequences of up to four steps of three channels. */
const SEQUENCES = withEncoder(notebookNetwork({ inputs: 3, hidden: 5, classes: 2, steps: 4 }), {
  kind: "direct",
  offset: 0,
});

Deno.test("POST /classify gives a classifier's answer for a digit as PNG, bytes, JSON and in a form", async () => {
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

Deno.test("POST /classify takes a PNG in colours for a network of three channels, of any size", async () => {
  const spec = network({
    steps: 3,
    input: { shape: [3, 2, 4], encoder: { kind: "constant" } },
    nodes: [conv2d(4, 2), lif(), affine(3), integrator()],
  });
  const coloured = modelOf(spec), own = appOf(coloured), one = new Classifier(coloured, { kernels });
  const planes = Uint8Array.from({ length: 24 }, (_, i) => (i * 53) % 256);
  const pixelAt = (x: number, y: number) => [0, 1, 2].map((channel) => planes[8 * channel + 4 * y + x]!);
  const file = (factor: number) =>
    pngFile({
      width: 4 * factor,
      height: 2 * factor,
      depth: 8,
      colour: 2,
      samples: Array.from({ length: 8 * factor * factor }, (_, i) => {
        const x = i % (4 * factor), y = (i - x) / (4 * factor);
        return pixelAt(Math.floor(x / factor), Math.floor(y / factor));
      }).flat(),
    });
  for (const factor of [1, 3]) {
    assert.deepEqual((await ask(own, file(factor), PNG)).value, one.classify(planes, 3));
  }
  const { picture, pictureSide } = await (await own.request("/model")).json();
  assert.deepEqual([picture, pictureSide], [{ rows: 2, columns: 4, channels: 3 }, null]);
});

Deno.test("POST /classify answers several samples with a list in their order", async () => {
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

Deno.test("POST /classify gives a convolutional network's answer for a picture in colours as PNG, bytes and JSON", async () => {
  const colours = new Classifier(COLOUR_MODEL, { kernels }), app = appOf(COLOUR_MODEL);
  const answers = Array.from({ length: 8 }, (_, i) => colours.classify(colourPicture(i), 3));
  assert.ok(new Set(answers.map(({ label }) => label)).size > 1 && answers.every(({ spikes }) => spikes > 0));
  const pixels = [...colourPicture(1)],
    rows = (plane: number[]) => Array.from({ length: 9 }, (_, i) => plane.slice(9 * i, 9 * i + 9));
  const planes = [0, 1, 2].map((channel) => rows(pixels.slice(81 * channel, 81 * channel + 81)));
  for (
    const [body, type] of [
      [colourFile(1), PNG],
      [colourPicture(1), BYTES],
      [JSON.stringify({ pixels }), JSON_TYPE],
      [JSON.stringify({ pixels: planes }), JSON_TYPE],
    ] as const
  ) {
    const { status, value } = await ask(app, body, type);
    assert.deepEqual([status, value], [200, answers[1]]);
  }
  assert.deepEqual((await ask(app, joined(colourPicture(0), colourPicture(2)), BYTES)).value, [
    answers[0],
    answers[2],
  ]);
  // A grey picture is the same in each channel, and a larger one is scaled plane by plane.
  const grey = colourPicture(3).slice(0, 81), repeated = joined(grey, grey, grey);
  assert.deepEqual((await ask(app, greyFile(9, 9, grey), PNG)).value, colours.classify(repeated, 3));
  const twice = (plane: Uint8Array) =>
    Uint8Array.from({ length: 324 }, (_, i) => plane[9 * (i / 36 | 0) + (i % 18 >> 1)]!);
  assert.deepEqual((await ask(app, greyFile(18, 18, twice(grey)), PNG)).value, colours.classify(repeated, 3));
  // The digits' network takes the brightness of colours.
  const three = pngFile({
    width: 28,
    height: 28,
    depth: 8,
    colour: 2,
    samples: [...digit(0)].flatMap((value) => [value, value, value]),
  });
  assert.deepEqual((await ask(appOf(), three, PNG)).value, answerTo(0));
  const model = await (await app.request("/model")).json();
  assert.deepEqual([model.sampleSize, model.pictureSide], [243, 9]);
  assert.deepEqual(model.picture, { rows: 9, columns: 9, channels: 3 });
  const { status, value } = await ask(app, colourPicture(0).subarray(81), BYTES);
  assert.equal(status, 400);
  assertError(value, /^the body: 162 bytes: expected 243 a sample, a byte a pixel$/);
  assertError(
    (await ask(app, JSON.stringify({ pixels: planes.slice(1) }), JSON_TYPE)).value,
    /expected 3 lists of 9 rows of 9 columns/,
  );
});

Deno.test("POST /classify takes values as floats, and sequences", async () => {
  const values = Array.from(digit(0), (pixel) => pixel / 255 - 0.5);
  const { value } = await ask(app, JSON.stringify({ values }), JSON_TYPE);
  assert.deepEqual(value, classifier.classify(Float32Array.from(values), 3));
  const sequences = modelOf(SEQUENCES), sequence = Array.from({ length: 12 }, (_, i) => i / 12);
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
  const sequences = appOf(modelOf(SEQUENCES)), flat = Array.from({ length: 12 }, (_, i) => i / 12);
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

Deno.test("POST /classify gives a classifier's answers for shorter sequences, in every form, alone and in a list", async () => {
  const model = { ...modelOf(SEQUENCES), classes: ["rest", "wave"] };
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

Deno.test("POST /classify refuses bytes as `values` for a network of pixels", async () => {
  const learned = appOf(modelOf(MODEL.spec, { seed: "3", bytes: "pixels" }));
  const { status, value } = await ask(learned, JSON.stringify({ values: [...digit(0)] }), JSON_TYPE);
  assert.equal(status, 400);
  assertError(
    value,
    /^the sample: values: number \d+ is \d+: this network learned from pixels: give them as bytes, 0 to 255/,
  );
});

Deno.test("POST /classify is deterministic by its ?seed, and random with ?seed=random", async () => {
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

Deno.test("POST /classify takes the brightness of a picture's ink from ?ink", async () => {
  const inverted = greyFile(28, 28, digit(0).map((value) => 255 - value));
  assert.deepEqual((await ask(app, inverted, PNG, "?ink=dark")).value, answerTo(0));
  assert.notDeepEqual((await ask(app, inverted, PNG, "?ink=light")).value, answerTo(0));
});

Deno.test("GET /health, /model and / give the status, the network and a form", async () => {
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
  assert.deepEqual(model.picture, { rows: 28, columns: 28, channels: 1 });
  assert.deepEqual([model.sampleSize, model.pictureSide, model.kernels, model.seed], [784, 28, "plain", 3]);
  assert.deepEqual(model.picture, { rows: 28, columns: 28, channels: 1 });
  const page = await get("/");
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.match(await page.text(), /<form action="classify" method="post" enctype="multipart\/form-data">/);
  const head = await app.request("/health", { method: "HEAD" });
  assert.equal(await head.text(), "");
});

Deno.test("an app reports an internal error and hides it from the sender", async () => {
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

Deno.test("log() receives every answer", async () => {
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

/** The body and the URL of the command on a page. A shell computes the body if the command does. */
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

Deno.test("GET / shows an example in JSON for a network without pictures, which POST /classify answers", async () => {
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
    // Sequences can be dropped on the page, where there is one.
    const isShown = sampleFormOf(spec).isSequence, app = appOf(model, isShown ? {} : { page: site });
    if (isShown) {
      const shown = await (await appOf(model, { page: site }).request("/")).text();
      assert.match(shown, /data-model="model\.safetensors"/);
    }
    const text = await (await app.request("http://localhost:8123/")).text();
    assert.doesNotMatch(text, /<form|data-model|which digit/i);
    assert.match(expected, new RegExp(`"${key}|&quot;${key}`));
    const { body, url } = await exampleOf(text);
    assert.equal(url, "http://localhost:8123/classify");
    const numbers = JSON.parse(body)[key].flat();
    assert.equal(numbers.length, sampleFormOf(spec).size);
    const { status, value } = await ask(app, body, "application/json");
    assert.equal(status, 200, JSON.stringify(value));
  }
});
