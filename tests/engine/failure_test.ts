import assert from "node:assert/strict";
import type { Samples } from "../../src/data/samples.ts";
import type { Batch, Engine } from "../../src/engine/engine.ts";
import { EngineError } from "../../src/errors.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { parseNetworkSpec } from "../../src/network/spec.ts";
import { batchOf, startEngine } from "./batches.ts";
import { answered } from "./deadline.ts";
import { engineTest } from "./engines.ts";
import { drawSamples, SMALL, withEncoder } from "./network_cases.ts";

const STEP = { learningRate: 0.1, momentum: 0.5 };
const SAMPLES = drawSamples(SMALL, 1, 100, false);

/** Samples with ids of 64-bit integers, which a JavaScript caller may pass: a worker that reads them throws a TypeError. */
function foreignSamples(): Samples {
  const samples = { ...SAMPLES };
  Reflect.set(samples, "ids", new BigInt64Array(SAMPLES.count));
  return samples;
}

/** Asserts that every method of an engine rejects. */
async function assertRefusesEverything(engine: Engine, message: RegExp): Promise<void> {
  const batch = batchOf(SAMPLES, [0]);
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    train: () => engine.train(batch, STEP),
    evaluate: () => engine.evaluate(batch),
    classify: () => engine.classify(batch),
    trace: () => engine.trace(batch),
    getParameters: () => engine.getParameters(),
    getState: () => engine.getState(),
    setState: () => engine.setState({ parameters: new Map(), moments: new Map(), updates: 0 }),
    setParameters: () => engine.setParameters(new Map()),
  };
  for (const [verb, call] of Object.entries(calls)) {
    await assert.rejects(answered(call()), { name: "EngineError", message }, verb);
  }
}

engineTest("close() rejects pending calls and all later ones", async (start) => {
  const engine = await start({ spec: SMALL, recordStates: true });
  await engine.train(batchOf(SAMPLES), STEP);
  const calls = [
    engine.train(batchOf(SAMPLES), STEP),
    engine.evaluate(batchOf(SAMPLES)),
    engine.train(batchOf(SAMPLES), STEP),
    engine.evaluate(batchOf(SAMPLES)),
    engine.getParameters(),
    engine.getState(),
  ];
  engine.close();
  for (const call of calls) {
    await assert.rejects(answered<unknown>(call), { name: "EngineError", message: /closed/ });
  }
  await assertRefusesEverything(engine, /closed/);
  engine.close(); // a second close() does nothing
});

engineTest(
  "an invalid call rejects with its reason and changes nothing in the engine",
  async (start) => {
    using engine = await start({ spec: SMALL, batchSize: 100 });
    using other = await start({ spec: SMALL, batchSize: 100 });
    const wrong: [batch: Batch, message: RegExp][] = [
      [batchOf(SAMPLES, []), /0 samples: expected 1 to 100/],
      [batchOf(SAMPLES, new Array(101).fill(0)), /101 samples: expected 1 to 100/],
      [batchOf(SAMPLES, [3, 100]), /no sample 100/],
      [
        batchOf({ ...SAMPLES, labels: SAMPLES.labels.with(41, 4) }),
        /samples drawn from 1: label 4 at 41.* 4 classes/,
      ],
      [batchOf({ ...SAMPLES, size: 28 }), /28.* 29/],
      [batchOf({ ...SAMPLES, features: SAMPLES.features.subarray(0, 29 * 50 + 3) }), /samples drawn from 1/],
    ];
    for (const [batch, message] of wrong) {
      await assert.rejects(answered(engine.train(batch, STEP)), message);
      await assert.rejects(answered(engine.evaluate(batch)), message);
      await assert.rejects(answered(engine.classify(batch)), message);
    }
    await assert.rejects(engine.setParameters(new Map()), /fc1\.weight: no values, expected 551/);
    const { parameters } = await engine.getState();
    await assert.rejects(engine.setState({ parameters, moments: new Map(), updates: 3 }), /velocity/);
    const trained: unknown = Reflect.apply(engine.train, engine, [batchOf(SAMPLES)]);
    await assert.rejects(Promise.resolve(trained), { name: "RangeError", message: /learningRate/ });
    for (const each of [engine, other]) {
      for (let i = 0; i < 3; i++) await answered(each.train(batchOf(SAMPLES), STEP), 60);
    }
    assert.deepEqual(await engine.getState(), await other.getState());
  },
);

engineTest(
  "evaluate() rejects lengths that do not fit the network, with the index and the expected range",
  async (start) => {
    const sequences = parseNetworkSpec({
      ...withEncoder(SMALL, { kind: "direct", offset: 0 }),
      readout: { begin: 3, delay: 1 },
    });
    const samples = drawSamples(sequences, 1, 5, false);
    using engine = await start({ spec: sequences });
    const refuses = (lengths: number[], message: RegExp) =>
      assert.rejects(engine.evaluate(batchOf({ ...samples, lengths: Uint16Array.from(lengths) })), message);
    await refuses([4, 5, 6, 7], /samples drawn from 1: 4 lengths, too few for 5 samples/);
    await refuses([4, 5, 3, 7, 8], /samples drawn from 1: 3 steps at 2, but the network takes 4 to 22/);
    await refuses([4, 5, 6, 7, 23], /23 steps at 4, but the network takes 4 to 22/);
    await engine.evaluate(batchOf({ ...samples, lengths: Uint16Array.of(4, 5, 22, 7, 8) }));
    using noisy = await start({ spec: SMALL });
    const lengths = new Uint16Array(100).fill(22);
    await assert.rejects(
      noisy.evaluate(batchOf({ ...SAMPLES, lengths })),
      /encoder is noise: expected one of sequences/,
    );
  },
);

for (const threads of [1, 2]) {
  Deno.test(`close() on ${threads} threads rejects a call that the workers compute`, async () => {
    const engine = await startEngine({ spec: SMALL, threads, batchSize: 2000 });
    const long = batchOf(SAMPLES, Array.from({ length: 2000 }, (_, i) => i % 100));
    const training = engine.train(long, STEP);
    const refused = assert.rejects(answered(training), EngineError);
    await Promise.resolve();
    await Promise.resolve(); // now the workers have it
    engine.close();
    await refused;
  });
}

for (const threads of [0, 1, 3]) {
  const where = threads === 0 ? "" : `worker [1-3] of ${threads}.*`;

  Deno.test(`an error in a worker of ${threads} rejects its call with an EngineError that names the worker, and hangs no other call`, async () => {
    using engine = await startEngine({ spec: SMALL, threads, recordStates: true });
    const foreign = foreignSamples();
    // The failing call has one sample, so that the other workers wait for the one that throws.
    const calls = [
      engine.train(batchOf(SAMPLES), STEP),
      engine.train(batchOf(foreign, [0]), STEP),
      engine.evaluate(batchOf(SAMPLES)),
    ].map((call) => call.then(() => undefined, (error: unknown) => error));
    const [, failure, next] = await answered(Promise.all(calls));
    assert.ok(failure instanceof EngineError, `rejected with ${failure}`);
    assert.match(failure.message, new RegExp(`${where}BigInt`));
    assert.ok(next === undefined || next instanceof EngineError);
    if (threads > 0) await assertRefusesEverything(engine, new RegExp(`${where}BigInt`));
    else await answered(engine.evaluate(batchOf(SAMPLES)).catch(() => {})); // settles in either way
  });
}

/** A network with inputs of 68 GB per sample: more than 32-bit memory holds. */
const TOO_BIG = notebookNetwork({ inputs: 131_072, hidden: 1, classes: 1, steps: 65_536 });

for (const threads of [0, 2]) {
  Deno.test(`an engine on ${threads} threads refuses memory that no thread can have, before it starts one`, async () => {
    await assert.rejects(
      () => startEngine({ spec: TOO_BIG, threads, batchSize: 1, shards: 1 }),
      {
        name: "EngineError",
        message: /needs [\d,]+ MiB of memory in each thread: WebAssembly has 4 GiB at most/,
      },
    );
  });
}
