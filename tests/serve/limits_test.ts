import assert from "node:assert/strict";
import { Classifier } from "../../src/classify/classifier.ts";
import { Answering } from "../../src/serve/answering.ts";
import { appOf, ask, assertError, BYTES, digit, joined, kernels, MODEL } from "./served_model.ts";

const classifier = new Classifier(MODEL, { kernels });

/** A body that sends its parts and then does not end. */
function endless(...parts: Uint8Array[]) {
  const cancelled = Promise.withResolvers<void>(), read = Promise.withResolvers<void>();
  let fail = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      parts.forEach((part) => controller.enqueue(part));
      fail = () => controller.error(new Error("reset"));
    },
    pull: () => read.resolve(), // after all parts are read
    cancel: () => cancelled.resolve(),
  });
  return { body, cancelled: cancelled.promise, read: read.promise, fail };
}

Deno.test("POST /classify answers 408 to a body that does not end, and 413 to one that is too long", async () => {
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

Deno.test("POST /classify holds the bytes of at most 64 of the longest bodies, and frees them", async () => {
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

/** Forty digits. */
const forty = joined(...Array.from({ length: 40 }, (_, i) => digit(i)));

Deno.test("POST /classify answers 429 to requests above its limit, and answers the others", async () => {
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
    assert.deepEqual(
      answers[0]?.value,
      Array.from({ length: 40 }, (_, i) => classifier.classify(digit(i), 3)),
    );
    for (const { headers, value } of answers.slice(1)) {
      assertError(value, /^too many requests are waiting: try again in 1 s$/);
      assert.equal(headers.get("retry-after"), "1");
    }
    assert.equal(answering.waiting, 0);
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal((await ask(app, digit(0), BYTES)).status, 200, "there is room again");
    await new Promise((resolve) => setTimeout(resolve)); // until the last turn ends
  }
});

Deno.test("POST /classify answers a short request during a long one", async () => {
  const app = appOf();
  const done: string[] = [];
  const long = ask(app, joined(...new Array(10).fill(forty)), BYTES).then(() => done.push("long"));
  await new Promise((resolve) => setTimeout(resolve));
  const short = ask(app, digit(0), BYTES).then(() => done.push("short"));
  await Promise.all([long, short]);
  assert.deepEqual(done, ["short", "long"]);
});

Deno.test("POST /classify drops the samples of a closed connection", async () => {
  const answering = new Answering(classifier, { waiting: 100, turn: Infinity });
  const app = appOf(MODEL, { answering });
  const abort = new AbortController();
  const headers = { "content-type": BYTES };
  const answer = app.request("/classify", { method: "POST", body: forty, headers, signal: abort.signal });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(answering.waiting, 40);
  abort.abort();
  assert.equal((await answer).status, 499);
  assert.equal(answering.waiting, 0);
});

Deno.test("an app answers after any abort reason of a runtime and any exception of a hook", async () => {
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
