import assert from "node:assert/strict";
import { Classifier } from "../../src/classify/classifier.ts";
import type { Features } from "../../src/classify/classifier.ts";
import type { Batch, Engine } from "../../src/engine/engine.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { contentId } from "../../src/random.ts";
import { AnswerQueue, BATCH } from "../../src/serve/answer_queue.ts";
import type { Asked } from "../../src/serve/answering.ts";
import { answered } from "../engine/deadline.ts";
import { digit, kernels, MODEL } from "./served_model.ts";

const classifier = new Classifier(MODEL, { kernels });
const floats = (i: number) => Float32Array.from(digit(i), (pixel) => pixel / 255 - 0.5);

/** A request of some samples, each a digit or its floats. */
function asking(digits: readonly number[], of: (i: number) => Features = digit): Asked {
  const parts = digits.map(of);
  const values = parts.flatMap((part) => [...part]);
  return {
    features: of === digit ? Uint8Array.from(values) : Float32Array.from(values),
    count: digits.length,
    many: true,
    ids: Uint32Array.from(parts, (part) => contentId(part, 3)),
  };
}

const expected = (digits: readonly number[], of: (i: number) => Features = digit) =>
  digits.map((i) => classifier.classify(of(i), 3));

async function startEngine(threads: number): Promise<Engine & Disposable> {
  const engine = createWasmEngine({ spec: MODEL.spec, kernels, threads, batchSize: BATCH });
  await engine.setParameters(MODEL.parameters);
  return engine;
}

/** Digits 0 to 39, over and over from `first` on. */
const digits = (count: number, first = 0) => Array.from({ length: count }, (_, i) => (first + i) % 40);

for (const threads of [0, 1, 3]) {
  Deno.test(`a queue before an engine of ${threads} threads answers each request as a classifier does, bit for bit`, async () => {
    using engine = await startEngine(threads);
    const queue = new AnswerQueue(engine, MODEL.spec, 10_000);
    const requests = [1, 200, 1, 63, 64, 65, 3, 1, 1, 17].map((count, i) => digits(count, 7 * i));
    const answers = requests.map((wanted, i) => queue.answer(asking(wanted, i % 3 === 1 ? floats : digit)));
    assert.equal(queue.waiting, requests.flat().length);
    (await answered(Promise.all(answers), 20)).forEach((found, i) => {
      assert.deepEqual(found, expected(requests[i]!, i % 3 === 1 ? floats : digit), `request ${i}`);
    });
    assert.equal(queue.waiting, 0);
  });
}

/** An engine whose batches are answered when they are told to, each with the sizes of its requests' parts to see. */
function heldEngine(engine: Engine) {
  const batches: { batch: Batch; ids: number[]; release: () => void }[] = [];
  const held: Engine = Object.assign(Object.create(engine), {
    async classify(batch: Batch) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const ids = [...batch.samples.ids!.slice(0, batch.indices.length)];
      batches.push({ batch, ids, release: resolve });
      await promise;
      return await engine.classify(batch);
    },
  });
  return { held, batches };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

Deno.test("a queue lets requests have their turn: a single one does not wait for all of a long one", async () => {
  using engine = await startEngine(0);
  const { held, batches } = heldEngine(engine);
  const queue = new AnswerQueue(held, MODEL.spec, 10_000);
  const long = queue.answer(asking(digits(400)));
  const single = queue.answer(asking([5]));
  const other = queue.answer(asking([6]));
  await settled();
  assert.deepEqual(
    batches.map(({ ids }) => ids.length),
    [BATCH, BATCH],
    "two are with the engine, of the long one alone",
  );
  batches[0]!.release();
  await settled();
  const shared = batches[2]!.ids;
  assert.deepEqual(shared.slice(-2), [contentId(digit(5), 3), contentId(digit(6), 3)]);
  assert.equal(shared.length, 16 + 2);
  batches[2]!.release();
  assert.deepEqual(await answered(Promise.all([single, other])), [expected([5]), expected([6])]);
  const releasing = setInterval(() => batches.forEach(({ release }) => release()));
  assert.deepEqual(await answered(long), expected(digits(400)));
  clearInterval(releasing);
});

Deno.test("a queue refuses what is beyond its bound with 429, tells when to come again, and then takes it", async () => {
  using engine = await startEngine(0);
  const { held, batches } = heldEngine(engine);
  const queue = new AnswerQueue(held, MODEL.spec, 100);
  const first = queue.answer(asking(digits(99)));
  const second = queue.answer(asking(digits(300)));
  for (
    const refuse of [() => queue.answer(asking([1])), () => Promise.reject(catchOf(() => queue.checkRoom()))]
  ) {
    await assert.rejects(refuse(), { name: "Refusal", status: 429, headers: { "retry-after": "1" } });
  }
  const releasing = setInterval(() => batches.forEach(({ release }) => release()));
  assert.deepEqual(await answered(Promise.all([first, second])), [
    expected(digits(99)),
    expected(digits(300)),
  ]);
  assert.deepEqual(await answered(queue.answer(asking([1]))), expected([1]));
  clearInterval(releasing);
});

function catchOf(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
}

Deno.test("a queue forgets a request whose sender has gone, wherever it is", async () => {
  using engine = await startEngine(0);
  const { held, batches } = heldEngine(engine);
  const queue = new AnswerQueue(held, MODEL.spec, 10_000);
  const aborts = [new AbortController(), new AbortController(), new AbortController()];
  const gone = aborts.map((abort) => queue.answer(asking(digits(100)), abort.signal));
  const results = Promise.allSettled(gone);
  await settled();
  aborts.forEach((abort) => abort.abort());
  assert.deepEqual((await answered(results)).map(({ status }) => status), new Array(3).fill("rejected"));
  assert.equal(queue.waiting, 100, "the first one is with the engine whole");
  const stays = queue.answer(asking([9]));
  batches.forEach(({ release }) => release());
  await settled();
  batches.forEach(({ release }) => release());
  assert.deepEqual(await answered(stays), expected([9]));
  assert.deepEqual([queue.waiting, batches.length], [0, 3]);
  await assert.rejects(queue.answer(asking([1]), AbortSignal.abort()), { name: "AbortError" });
});

Deno.test("a queue whose engine fails fails its requests, and hangs none", async () => {
  const engine = await startEngine(2);
  const queue = new AnswerQueue(engine, MODEL.spec, 10_000);
  const calls = [queue.answer(asking(digits(300))), queue.answer(asking([1]))];
  engine.close();
  for (const call of [...calls, queue.answer(asking([2]))]) {
    await assert.rejects(answered(call), { name: "EngineError", message: /closed/ });
  }
  assert.equal(queue.waiting, 0);
});
