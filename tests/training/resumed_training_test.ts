import assert from "node:assert/strict";
import type { Samples } from "../../src/data/samples.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { loadKernels } from "../../src/engine/wasm/load.ts";
import { createWasmEngine } from "../../src/engine/wasm/wasm_engine.ts";
import { initialParameters } from "../../src/network/initialise.ts";
import { notebookNetwork } from "../../src/network/presets.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { train, type TrainingOptions } from "../../src/training/trainer.ts";
import { type EpochReport, trainedOf, type TrainingCheckpoint } from "../../src/training/training_state.ts";
import { bitsOf } from "../engine/batches.ts";
import { answered as answeredIn } from "../engine/deadline.ts";

const spec = notebookNetwork({ inputs: 9, hidden: 6, classes: 3, steps: 7, threshold: 0.2, penalty: 0.4 });
const kernels = await loadKernels();

/** Noisy samples of three classes, each with three bright pixels. */
const samples: Samples = {
  name: "bars",
  count: 47,
  size: 9,
  labels: Uint8Array.from({ length: 47 }, (_, i) => i % 3),
  features: Uint8Array.from(
    { length: 47 * 9 },
    (_, i) => (i * 57) % 150 + (Math.floor((i % 9) / 3) === Math.floor(i / 9) % 3 ? 100 : 0),
  ),
};

const OPTIONS: TrainingOptions = {
  samples,
  epochs: 4,
  batchSize: 10,
  step: { learningRate: 0.3, momentum: 0.8 },
  seed: 5,
};

/** Training options with every kind of state. */
const KINDS: Readonly<Record<string, Partial<TrainingOptions>>> = {
  "plain": {},
  "cosine with a warm-up": { schedule: { kind: "cosine", warmUp: 3 } },
  "step, a limit and a share held back": {
    schedule: { kind: "step", every: 2, factor: 0.5 },
    limit: 41,
    validation: 0.25,
  },
  "AdamW, clipped": { step: { kind: "adamw", learningRate: 0.02, clip: 0.5 } },
  "patience": { validation: 0.3, patience: 1, epochs: 30 },
  "a moving average": { step: { ...OPTIONS.step, ema: 0.95 }, validation: 0.25 },
  "a moving average and patience": {
    step: { kind: "adam", learningRate: 0.2, ema: 0.9 },
    validation: 0.3,
    patience: 1,
    epochs: 30,
  },
};

/** A test that hangs fails after a minute, long enough for a busy machine. */
const answered = <T>(promise: Promise<T>) => answeredIn(promise, 60);

async function openEngine(threads = 0): Promise<Engine & Disposable> {
  const engine = createWasmEngine({ spec, kernels, threads, seed: 5 });
  await engine.setParameters(initialParameters(spec, 5));
  return engine;
}

/** The results of a training, without times. */
async function outcomeOf(engine: Engine, options: TrainingOptions, epochs: EpochReport[]) {
  const { seconds: _, samplesPerSecond: __, ...result } = await train(engine, {
    ...options,
    onEpoch: (report) => epochs.push({ ...report, seconds: 0 }),
  });
  return { result, epochs, parameters: bitsOf(await engine.getParameters()) };
}

for (const [kind, more] of Object.entries(KINDS)) {
  const options = { ...OPTIONS, ...more };

  Deno.test(`train() resumed from any checkpoint ends in the bits of an uninterrupted one: ${kind}`, async () => {
    using whole = await openEngine();
    const kept: { checkpoint: TrainingCheckpoint; epochs: EpochReport[] }[] = [];
    const epochs: EpochReport[] = [];
    let best: Awaited<ReturnType<Engine["getParameters"]>> | undefined;
    const bests: (typeof best)[] = [];
    const expected = await outcomeOf(whole, {
      ...options,
      checkpoints: {
        due: () => true,
        keep(checkpoint, isBest) {
          if (isBest) best = trainedOf(checkpoint.state);
          kept.push({ checkpoint, epochs: [...epochs] });
          bests.push(best);
          return Promise.resolve();
        },
      },
    }, epochs);
    if (options.patience !== undefined) {
      assert.ok(expected.result.stopped && expected.result.epoch === expected.result.epochs - 1);
    }
    for (const [i, { checkpoint, epochs }] of kept.entries()) {
      // Through the file's bytes, with another engine and other threads.
      const from = await decodeCheckpoint(
        await encodeCheckpoint({ ...checkpoint, spec, metadata: {} }),
        "checkpoint",
      );
      using engine = await openEngine(i % 5 === 4 ? 2 : 0);
      const resumed = { ...options, from: { ...from, ...(bests[i] && { best: bests[i] }) } };
      assert.deepEqual(await outcomeOf(engine, resumed, [...epochs]), expected, `checkpoint ${i}`);
    }
  });
}

Deno.test("train() saves the state between two batches when a checkpoint is due and at each epoch's end", async () => {
  using engine = await openEngine();
  const kept: [number, number, number][] = [];
  await train(engine, {
    ...OPTIONS,
    epochs: 2,
    checkpoints: {
      due: ({ batch, batches }) => batch % 2 === 0 && batches === 5,
      keep({ progress: { epoch, batch }, state: { updates } }) {
        kept.push([epoch, batch, updates]);
        return Promise.resolve();
      },
    },
  });
  assert.deepEqual(kept, [[1, 2, 2], [1, 4, 4], [2, 0, 5], [2, 2, 7], [2, 4, 9], [3, 0, 10]]);
});

for (const threads of [0, 2]) {
  Deno.test(`train() finishes and saves the batches in flight when it is stopped, on ${threads} threads`, async () => {
    using whole = await openEngine(threads);
    await train(whole, OPTIONS);
    const expected = bitsOf(await whole.getParameters());
    for (const stopAfter of [1, 4, 5, 7, 19, 20]) {
      using engine = await openEngine(threads);
      const stop = new AbortController();
      const reason = new Error("enough");
      let batches = 0;
      let last: TrainingCheckpoint | undefined;
      const options: TrainingOptions = {
        ...OPTIONS,
        onBatch: () => ++batches === stopAfter && stop.abort(reason),
        checkpoints: {
          due: () => false,
          keep: (checkpoint) => {
            last = checkpoint;
            return Promise.resolve();
          },
        },
        signal: stop.signal,
      };
      if (stopAfter < 19) {
        await assert.rejects(answered(train(engine, options)), reason);
        assert.ok(batches >= stopAfter && batches <= stopAfter + 2, `${batches}`);
        const { epoch, batch } = last!.progress;
        assert.equal(5 * (epoch - 1) + batch, batches, "each batch that was reported is kept");
        assert.equal(last!.state.updates, batches);
        using other = await openEngine(threads);
        await train(other, { ...OPTIONS, from: last! });
        assert.deepEqual(bitsOf(await other.getParameters()), expected);
      } else await answered(train(engine, options)); // too late to stop
    }
  });
}

for (const ema of [0, 0.9]) {
  Deno.test(`train() saves the epoch when it is stopped during validation${ema > 0 ? ", of the average" : ""}`, async () => {
    using whole = await openEngine();
    const options = { ...OPTIONS, step: { ...OPTIONS.step, ema }, validation: 0.3 };
    await train(whole, options);
    using engine = await openEngine();
    const stop = new AbortController();
    const evaluate = engine.evaluate.bind(engine);
    engine.evaluate = (batch) => {
      stop.abort();
      return evaluate(batch);
    };
    let last: TrainingCheckpoint | undefined;
    await assert.rejects(
      train(engine, {
        ...options,
        checkpoints: { due: () => false, keep: (checkpoint) => Promise.resolve(void (last = checkpoint)) },
        signal: stop.signal,
      }),
      { name: "AbortError" },
    );
    using other = await openEngine();
    await train(other, { ...options, from: last! });
    assert.deepEqual(bitsOf(await other.getParameters()), bitsOf(await whole.getParameters()));
  });
}

Deno.test("train() waits for a checkpoint to be saved, and stops if that fails", async () => {
  using engine = await openEngine();
  const full = new Error("no space");
  let batches = 0;
  await assert.rejects(
    answered(train(engine, {
      ...OPTIONS,
      onBatch: () => batches++,
      checkpoints: { due: ({ batch }) => batch === 3, keep: () => Promise.reject(full) },
    })),
    full,
  );
  assert.equal(batches, 3);
});

Deno.test("train() names the batch when it diverges, and saves no state that is not finite", async () => {
  for (const due of [true, false]) {
    using engine = await openEngine();
    const kept: TrainingCheckpoint[] = [];
    await assert.rejects(
      answered(train(engine, {
        ...OPTIONS,
        step: { learningRate: 3e38, momentum: 0 },
        checkpoints: { due: () => due, keep: (checkpoint) => Promise.resolve(void kept.push(checkpoint)) },
      })),
      {
        name: "DivergenceError",
        message:
          /^epoch 1, batch \d: .*: training diverged; try a lower learningRate, or clip: 1, in the step$/,
      },
    );
    for (const { state } of kept) {
      for (const values of state.parameters.values()) assert.ok(values.every(Number.isFinite));
    }
  }
});

Deno.test("train() counts silent and saturated units over the whole epoch", async () => {
  // The bias keeps unit 0 below the threshold and unit 1 above it; the others depend on the data.
  const parameters = new Map(initialParameters(spec, 5));
  parameters.get("fc1.bias")!.set([-1000, 1000]);
  using engine = await openEngine();
  await engine.setParameters(parameters);
  const epochs: EpochReport[] = [];
  const still = { learningRate: 1e-30, momentum: 0 };
  await train(engine, { ...OPTIONS, step: still, epochs: 1, onEpoch: (report) => epochs.push(report) });
  const [{ units, silent, saturated, firingRate }] = epochs as [EpochReport];
  // The same counts from the traces of all samples, with the epoch's draws.
  using recording = createWasmEngine({ spec, kernels, threads: 0, seed: 5, recordStates: true });
  await recording.setParameters(parameters);
  const counts = new Uint32Array(6);
  for (let i = 0; i < samples.count; i++) {
    const { outputs } = await recording.trace({ samples, indices: Uint32Array.of(i), stream: 1, epoch: 1 });
    outputs[0]!.forEach((output, at) => output > 0 && counts[at % 6]!++);
  }
  assert.equal(units, 6);
  assert.equal(silent, counts.filter((count) => count === 0).length);
  assert.equal(saturated, counts.filter((count) => count === 47 * 7).length);
  assert.ok(silent >= 1 && saturated >= 1);
  const spikes = counts.reduce((sum, count) => sum + count);
  assert.ok(Math.abs(firingRate - spikes / (47 * 7 * 6)) < 1e-12);
});
