/**
 * Training and evaluation: epochs of batches, put to an engine.
 *
 * A trainer knows nothing of files or terminals; it reports each batch to whoever asked.
 *
 * @module
 */
import type { Augmentation } from "../data/augment.ts";
import type { Samples } from "../data/samples.ts";
import type { Batch, BatchResult, Engine, Step } from "../engine/engine.ts";
import { PURPOSE, shuffledOrder } from "../random.ts";

/** Sums over samples, as they are reported: means and counts. */
export interface Score {
  /** Mean loss of a sample. */
  readonly loss: number;
  /** Share of samples whose class was named, 0 to 1. */
  readonly accuracy: number;
  /** Samples whose class was named. */
  readonly correct: number;
  /** Samples in all. */
  readonly total: number;
}

/** A training batch that is done. */
export interface BatchReport {
  /** From 1. */
  readonly epoch: number;
  /** From 1, in its epoch. */
  readonly batch: number;
  /** Batches of an epoch. */
  readonly batches: number;
  /** Samples presented since training began. */
  readonly done: number;
  /** Samples that will have been presented in the end. */
  readonly total: number;
  /** The batch's own. */
  readonly score: Score;
  /** Share of (hidden unit, step) pairs that spiked; 0 to 1. */
  readonly firingRate: number;
  /** Since training began. */
  readonly seconds: number;
}

/** How to train. */
export interface TrainingOptions {
  /** What to train on. */
  readonly samples: Samples;
  /** Passes over the samples. */
  readonly epochs: number;
  /** Samples of a batch; an epoch's last one may have fewer. */
  readonly batchSize: number;
  /** The optimiser's constants. */
  readonly step: Step;
  /** How pictures are moved each time they are learned from. @default {not at all} */
  readonly augmentation?: Augmentation;
  /** Seed of the samples' order; the draws' is the engine's. */
  readonly seed: number;
  /** Train on the first N of the shuffled samples only. @default {all} */
  readonly limit?: number;
  /** Called after every batch, in order. */
  readonly onBatch?: (report: BatchReport) => void;
  /** (Hidden unit, step) pairs of one sample, of which {@linkcode BatchReport.firingRate} is a share. @default {0: no rate} */
  readonly unitSteps?: number;
}

/** What training came to. */
export interface TrainingResult {
  /** Over the last epoch, each sample as it was when it was met. */
  readonly score: Score;
  /** Samples of one epoch. */
  readonly samples: number;
  /** From the first batch's start to the last one's end. */
  readonly seconds: number;
  /** Samples of all epochs over the seconds. */
  readonly samplesPerSecond: number;
}

/** Sums batches. */
export function sumScores(results: readonly BatchResult[]): Score {
  const sum = (pick: (result: BatchResult) => number) => results.reduce((total, r) => total + pick(r), 0);
  const total = sum((r) => r.total), correct = sum((r) => r.correct);
  return { loss: sum((r) => r.loss) / total, accuracy: correct / total, correct, total };
}

/** Cuts an order of samples into batches; the last one may be smaller. */
export function batchesOf(order: Uint32Array, batchSize: number): Uint32Array[] {
  return Array.from(
    { length: Math.ceil(order.length / batchSize) },
    (_, i) => order.slice(i * batchSize, (i + 1) * batchSize),
  );
}

/**
 * Trains an engine's network, from the parameters that it has.
 *
 * The order of each epoch is a pure function of seed and epoch; so are all draws. Two batches are under way at a time, so
 * that no thread waits for this one.
 */
export async function train(engine: Engine, options: TrainingOptions): Promise<TrainingResult> {
  const { samples, epochs, batchSize, step, augmentation, seed, onBatch, unitSteps = 0 } = options;
  const limit = Math.min(options.limit ?? samples.count, samples.count);
  const chosen = limit < samples.count ? shuffledOrder(samples.count, seed, 0).slice(0, limit) : undefined;
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  let results: BatchResult[] = [];
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const order = shuffledOrder(limit, seed, epoch);
    const batches = batchesOf(chosen ? order.map((i) => chosen[i]!) : order, batchSize);
    results = [];
    await pipelined(
      batches.map((indices): Batch => ({
        samples,
        indices,
        purpose: PURPOSE.training,
        epoch,
        ...(augmentation && { augmentation }),
      })),
      (batch) => engine.train(batch, step),
      (result) => {
        results.push(result);
        const before = (epoch - 1) * limit;
        onBatch?.({
          epoch,
          batch: results.length,
          batches: batches.length,
          done: before + results.reduce((sum, { total }) => sum + total, 0),
          total: epochs * limit,
          score: sumScores([result]),
          firingRate: unitSteps > 0 ? result.spikes / (result.total * unitSteps) : 0,
          seconds: elapsed(),
        });
      },
    );
  }
  const seconds = elapsed();
  return { score: sumScores(results), samples: limit, seconds, samplesPerSecond: epochs * limit / seconds };
}

/**
 * Measures an engine's network on samples, with noise of its own that is the same every time.
 *
 * @param onBatch Called after every batch with the samples done.
 */
export async function evaluate(
  engine: Engine,
  samples: Samples,
  batchSize = 1000,
  onBatch?: (done: number, total: number) => void,
): Promise<Score> {
  const order = Uint32Array.from({ length: samples.count }, (_, i) => i);
  const results: BatchResult[] = [];
  let done = 0;
  await pipelined(
    batchesOf(order, batchSize).map((indices): Batch => ({
      samples,
      indices,
      purpose: PURPOSE.evaluation,
      epoch: 0,
    })),
    (batch) => engine.evaluate(batch),
    (result) => {
      results.push(result);
      onBatch?.(done += result.total, samples.count);
    },
  );
  return sumScores(results);
}

/** Starts each item's work when the one before the last is done, and reports results in order. */
async function pipelined<Item, Result>(
  items: readonly Item[],
  start: (item: Item) => Promise<Result>,
  report: (result: Result) => void,
): Promise<void> {
  const underWay: Promise<Result>[] = [];
  try {
    for (const item of items) {
      if (underWay.length === 2) report(await underWay.shift()!);
      underWay.push(start(item));
    }
    while (underWay.length > 0) report(await underWay.shift()!);
  } finally {
    for (const rest of underWay) rest.catch(() => {}); // its failure is the one that is being thrown already
  }
}
