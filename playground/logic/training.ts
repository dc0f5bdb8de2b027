/** Training on the page: messages start, pause, tune, stop and resume it; replies report the network and its score. */
import type { Samples } from "../../src/data/samples.ts";
import type { BatchResult, Engine, Parameters } from "../../src/engine/engine.ts";
import type { NetworkSpec } from "../../src/network/spec.ts";
import { STREAM } from "../../src/random.ts";
import { scaledStart } from "../../src/training/scaled_start.ts";
import {
  type BatchReport,
  type Checkpointer,
  evaluate,
  type Score,
  train,
} from "../../src/training/trainer.ts";
import type { TrainingCheckpoint } from "../../src/training/training_state.ts";
import type { HeldBack, PageEngine, Recipe, TrainerMessage, TrainerReply } from "./protocol.ts";
import { TunedEngine } from "./tuned_engine.ts";

/** Options of an engine of the page. */
export interface PageEngineOptions {
  readonly spec: NetworkSpec;
  readonly engine: PageEngine;
  readonly seed: number;
  readonly batchSize: number;
  readonly recordStates?: boolean;
}

/** Environment of the trainer. */
interface TrainerOptions {
  readonly open: (options: PageEngineOptions) => Promise<Engine & Disposable>;
  readonly reply: (reply: TrainerReply) => void;
  /** Milliseconds between two snapshots of the network during training. @default {200} */
  readonly lookEvery?: number;
  /** Minimum milliseconds between two measurements during training. @default {1500} */
  readonly measureEvery?: number;
  /** Minimum pause after a measurement, as a multiple of its duration. @default {6} */
  readonly rest?: number;
}

/**
 * Number of held-back digits, the first ones, for each point of the curve. The page's own digits are exactly this many; all of
 * a user's digits are measured once more at the end, outside the curve.
 */
const MEASURED = 1000;

/** A running training. */
interface Session {
  readonly engine: TunedEngine;
  readonly stopping: AbortController;
}

/** Trains one network at a time. */
export class Trainer {
  readonly #options: TrainerOptions;
  #data: { readonly train: Samples; readonly test: Samples } | undefined;
  /** The current training; undefined if its engine could not be created. */
  #session: Promise<Session | undefined> | undefined;
  /** Milliseconds of rest before each batch. */
  #pace = 0;
  /** State at the end of the last training. */
  #last: TrainingCheckpoint | undefined;

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /** Handles a message. Resolves when done: for `train`, when training has ended. */
  async handle(message: TrainerMessage): Promise<void> {
    switch (message.kind) {
      case "data":
        this.#data = message;
        return;
      case "train":
        return await this.#train(message);
      case "pause":
        return (await this.#session)?.engine.hold();
      case "resume":
        return (await this.#session)?.engine.release();
      case "stop": {
        const session = await this.#session;
        session?.stopping.abort();
        return session?.engine.release();
      }
      case "pace":
        this.#pace = message.rest;
        return (await this.#session)?.engine.pace(message.rest);
      case "tune":
        return (await this.#session)?.engine.tune(message.spec);
      default:
        return message satisfies never;
    }
  }

  async #train(message: TrainerMessage & { kind: "train" }): Promise<void> {
    try {
      if (!this.#data) throw new RangeError("the digits are not loaded yet: wait for them");
      if (this.#session) throw new RangeError("a network is in training: stop it first");
      try {
        await this.#carryOut(message, this.#data);
      } finally {
        await this.#close();
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.reply({ kind: "failed", message });
    }
  }

  async #close(): Promise<void> {
    (await this.#session)?.engine.close();
    this.#session = undefined;
  }

  async #carryOut(
    { spec, parameters, recipe, engine: name, resumes }: TrainerMessage & { kind: "train" },
    { train: samples, test }: { readonly train: Samples; readonly test: Samples },
  ): Promise<void> {
    const { reply, open } = this.#options;
    const { seed, epochs, batchSize, step, schedule, augmentation } = recipe;
    const from = resumes ? this.#last : undefined;
    const measured = Math.min(MEASURED, test.count);
    const options = { engine: name, seed, batchSize: Math.max(batchSize, measured) };
    const opening = TunedEngine.open(spec, (spec) => open({ spec, ...options }));
    const stopping = new AbortController(), { signal } = stopping;
    // Messages to pause, tune or stop wait for this: a GPU takes long to start.
    this.#session = opening.then((engine) => ({ engine, stopping }), () => undefined);
    const engine = await opening;
    engine.pace(this.#pace);
    if (!from) await engine.setParameters(await this.#firstParameters(spec, parameters, recipe, samples));
    reply({ kind: "started", engine: engine.description });
    const whole = from ? from.progress.epoch - 1 : 0;
    const began = performance.now();
    let done = 0, presented = 0;
    const checkpointer = this.#checkpointer(engine, test, measured, () => done);
    const report = ({ score, ...batch }: BatchReport) => {
      done = batch.done;
      presented += score.total;
      const seconds = (performance.now() - began - engine.heldFor) / 1000;
      const { loss, accuracy } = score;
      reply({
        kind: "batch",
        status: { ...batch, loss, accuracy, samplesPerSecond: presented / Math.max(seconds, 1e-3) },
      });
    };
    try {
      await train(engine, {
        samples,
        epochs: whole + epochs,
        batchSize,
        step,
        schedule,
        seed,
        onBatch: report,
        checkpoints: checkpointer,
        signal,
        ...(augmentation && samples.picture && { augmentation }),
        ...(from && { from }),
      });
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    }
    const ofCurve = await evaluate(engine, { ...test, count: measured }, measured);
    reply({ kind: "measured", heldBack: heldBackOf(ofCurve, done, test) });
    const score = measured < test.count ? await evaluate(engine, test, measured) : ofCurve;
    reply({
      kind: "ended",
      how: signal.aborted ? "stopped" : "finished",
      spec: engine.spec,
      parameters: await engine.getParameters(),
      epochs: (this.#last?.progress.epoch ?? 1) - 1,
      heldBack: heldBackOf(score, done, test),
    });
  }

  async #firstParameters(
    spec: NetworkSpec,
    parameters: Parameters,
    { seed, startRate }: Recipe,
    samples: Samples,
  ): Promise<Parameters> {
    if (startRate === undefined) return parameters;
    using engine = await this.#options.open({ spec, engine: "wasm", seed, batchSize: 1, recordStates: true });
    return (await scaledStart(engine, spec, samples, seed, startRate)).parameters;
  }

  /** Reports and measures the network at intervals, and keeps the training state for a resume. */
  #checkpointer(engine: TunedEngine, test: Samples, measured: number, done: () => number): Checkpointer {
    const { reply, lookEvery = 200, measureEvery = 1500, rest = 6 } = this.#options;
    const indices = Uint32Array.from({ length: measured }, (_, i) => i);
    let looked = 0, next = performance.now() + measureEvery, began = 0;
    let measuring: Promise<BatchResult> | undefined;
    return {
      due: () => {
        const now = performance.now();
        if (now - looked < lookEvery) return false;
        if (now >= next && !measuring) {
          began = now;
          // The engine works in order, so this measures the network between this batch and the next one.
          measuring = engine.evaluate({ samples: test, indices, stream: STREAM.evaluation, epoch: 0 });
          measuring.catch(() => {}); // awaited below
        }
        looked = now;
        return true;
      },
      keep: async (checkpoint) => {
        this.#last = checkpoint;
        reply({ kind: "network", spec: engine.spec, parameters: checkpoint.state.parameters });
        if (!measuring) return;
        const { loss, correct, total } = await measuring;
        measuring = undefined;
        const ended = performance.now();
        next = ended + Math.max(measureEvery, rest * (ended - began));
        const score = { loss: loss / total, accuracy: correct / total, total };
        reply({ kind: "measured", heldBack: heldBackOf(score, done(), test) });
      },
    };
  }
}

function heldBackOf(
  { loss, accuracy, total }: Omit<Score, "correct">,
  done: number,
  { count: of }: Samples,
): HeldBack {
  return { done, loss, accuracy, total, of };
}
