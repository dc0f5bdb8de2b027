/** Training progress between two batches: the part of a checkpoint besides the engine's state. */
import type { BatchResult, EngineState, Parameters } from "../engine/engine.ts";
import { DivergenceError } from "../errors.ts";
import type { Score } from "./score.ts";

/** Sums over the samples of the present epoch. */
export interface EpochSums {
  /** Σ of the samples' losses. */
  readonly loss: number;
  /** Samples classified correctly. */
  readonly correct: number;
  /** Samples presented. */
  readonly total: number;
  /** Spikes of the hidden layers. */
  readonly spikes: number;
  /** Spikes of each unit, one array per hidden layer; empty where the engine does not count them. */
  readonly unitSpikes: readonly Float64Array[];
}

/** Report of a finished epoch. */
export interface EpochReport {
  /** Number of the epoch, from 1. */
  readonly epoch: number;
  /** Training score, each sample scored before its batch's update. */
  readonly score: Score;
  /** Validation score; `null` without validation samples. */
  readonly validation: Score | null;
  /** Learning rate of its last batch. */
  readonly learningRate: number;
  /** Share of (hidden unit, step) pairs that spiked; 0 to 1. */
  readonly firingRate: number;
  /** Hidden units; 0 where the engine does not count their spikes one by one. */
  readonly units: number;
  /** How many of them never fired in the whole epoch. */
  readonly silent: number;
  /** How many of them fired at every step of every sample. */
  readonly saturated: number;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Whether no epoch before was better: by validation accuracy, or by loss without validation samples. */
  readonly best: boolean;
}

/** Training progress. Plain data but for `sums.unitSpikes`. */
export interface TrainingProgress {
  /** The present epoch, from 1. */
  readonly epoch: number;
  /** Batches of the epoch that are done. */
  readonly batch: number;
  /** Seconds of training so far, over all sessions. */
  readonly seconds: number;
  /** Sums over the epoch's finished batches. */
  readonly sums: EpochSums;
  /** The epoch before; `null` in the first one. */
  readonly last: EpochReport | null;
  /** The best epoch so far, and the score that it is judged by; `null` in the first one. */
  readonly best: { readonly epoch: number; readonly score: Score } | null;
}

/** Full training state, for checkpoints and resume. */
export interface TrainingCheckpoint {
  /** Progress of training. */
  readonly progress: TrainingProgress;
  /** The engine's state. */
  readonly state: EngineState;
}

const NO_SUMS: EpochSums = { loss: 0, correct: 0, total: 0, spikes: 0, unitSpikes: [] };

/** Progress before the first batch. */
export const BEGINNING: TrainingProgress = {
  epoch: 1,
  batch: 0,
  seconds: 0,
  sums: NO_SUMS,
  last: null,
  best: null,
};

/** Advances the progress by one batch. */
export function addBatch(progress: TrainingProgress, result: BatchResult, seconds: number): TrainingProgress {
  const { sums } = progress;
  return {
    ...progress,
    batch: progress.batch + 1,
    seconds,
    sums: {
      loss: sums.loss + result.loss,
      correct: sums.correct + result.correct,
      total: sums.total + result.total,
      spikes: sums.spikes + result.spikes,
      unitSpikes: (result.unitSpikes ?? []).map((counts, layer) => {
        const before = sums.unitSpikes[layer];
        return Float64Array.from(counts, (count, unit) => count + (before?.[unit] ?? 0));
      }),
    },
  };
}

/** Advances the progress by one epoch, all of whose batches are done. */
export function endEpoch(
  progress: TrainingProgress,
  { validation, learningRate, pairs }: {
    readonly validation: Score | null;
    readonly learningRate: number;
    /** (Hidden unit, step) pairs of the epoch's samples; 0 to report no rate. */
    readonly pairs: number;
  },
): { readonly report: EpochReport; readonly progress: TrainingProgress } {
  const { epoch, sums, seconds } = progress;
  const { loss, correct, total, spikes, unitSpikes } = sums;
  const score = { loss: loss / total, accuracy: correct / total, correct, total };
  const judged = validation ?? score;
  const before = progress.best?.score;
  const best = before === undefined ||
    (validation !== null && judged.accuracy !== before.accuracy
      ? judged.accuracy > before.accuracy
      : judged.loss < before.loss);
  const units = unitSpikes.reduce((sum, { length }) => sum + length, 0);
  const report: EpochReport = {
    epoch,
    score,
    validation,
    learningRate,
    firingRate: pairs > 0 ? spikes / pairs : 0,
    units,
    silent: countUnits(unitSpikes, 0),
    saturated: pairs > 0 ? countUnits(unitSpikes, pairs / units) : 0,
    seconds,
    best,
  };
  return {
    report,
    progress: {
      epoch: epoch + 1,
      batch: 0,
      seconds,
      sums: NO_SUMS,
      last: report,
      best: best ? { epoch, score: judged } : progress.best,
    },
  };
}

/** Whether training is over: all epochs are done, or `patience` is exhausted. */
export function isOver({ epoch, last, best }: TrainingProgress, epochs: number, patience?: number): boolean {
  return epoch > epochs || isStopped({ last, best }, patience);
}

/** Whether none of the last `patience` epochs was better than the best before them. */
export function isStopped(
  { last, best }: Pick<TrainingProgress, "last" | "best">,
  patience: number | undefined,
): boolean {
  return patience !== undefined && last !== null && best !== null && last.epoch - best.epoch >= patience;
}

/** The parameters that training would end with: their average, where one is kept. */
export function trainedOf({ parameters, average }: EngineState): Parameters {
  return average ?? parameters;
}

/** Checks that weights are finite. @throws {DivergenceError} when some are not. */
export function checkFinite(parameters: Parameters, { epoch, batch }: TrainingProgress): void {
  for (const [name, values] of parameters) {
    const lost = values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
    if (lost > 0) {
      throw new DivergenceError({
        epoch,
        batch,
        what: `${lost} of ${values.length} values of ${name} are infinite or no number`,
      });
    }
  }
}

function countUnits(unitSpikes: readonly Float64Array[], spikes: number): number {
  return unitSpikes.reduce((sum, counts) => sum + counts.filter((count) => count === spikes).length, 0);
}
