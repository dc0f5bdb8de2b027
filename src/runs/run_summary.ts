/** Progress events and the summary of a run. */
import type { Samples, SampleWord } from "../data/samples.ts";
import type { MemoryNeeds, Parameters } from "../engine/engine.ts";
import type { Chance } from "../network/loss.ts";
import type { LayerActivity } from "../training/activity.ts";
import type { Finding } from "../training/diagnosis.ts";
import { learningStatusOf } from "../training/guessing.ts";
import type { RunOptions } from "./run_options.ts";
import type { LayerStart } from "../training/start.ts";
import type { BatchReport, Score } from "../training/trainer.ts";
import type { EpochReport, TrainingProgress } from "../training/training_state.ts";

/** Receives the progress of a run. */
export interface RunObserver {
  /** Called when everything is loaded; the first batch starts when this has returned. `from` is the progress at which a run resumes. */
  onStart?(
    start: {
      readonly options: RunOptions;
      readonly engine: string;
      readonly samples: number;
      readonly validation: number;
      /** Outcome of data-dependent initialization, if requested. */
      readonly start?: readonly LayerStart[];
      readonly directory?: string;
      readonly from?: TrainingProgress;
      readonly kept?: RunStatus;
      /** The test set. */
      readonly test: Samples;
      /** Gets the network's parameters after the batches in flight; may be called at any time. */
      readonly parameters: () => Promise<Parameters>;
    },
  ): void | Promise<void>;
  /** Called with a warning that does not stop the run. */
  onNotice?(notice: string): void;
  onBatch?(report: BatchReport): void;
  onEpoch?(report: EpochReport): void;
  /** Called when a checkpoint is on the disk. */
  onCheckpoint?(kept: RunStatus): void;
  /** Called with the progress of evaluation on the test set, first with 0 samples done. */
  onEvaluate?(done: number, total: number): void;
}

/** Progress of a run, and its checkpoint. */
export interface RunStatus {
  readonly name: string;
  readonly dir: string;
  readonly model: string;
  /** The epoch under way and how many of its batches are done. */
  readonly epoch: number;
  readonly batch: number;
  /** Epochs of the run, and batches of an epoch. */
  readonly epochs: number;
  readonly batches: number;
  /** Seconds of training so far. */
  readonly seconds: number;
}

/** A layer and its gradient norm. */
export interface ExplainedLayer extends LayerActivity {
  /** The median, over the second half of the batches, of its gradient's L2 norm; `null` where none is known or finite. */
  readonly gradientNorm: number | null;
}

/** Summary of a run: the last line of `train --json`, and part of `run.json`. */
export interface RunSummary {
  readonly name: string;
  readonly dir: string;
  readonly model: string;
  readonly engine: string;
  readonly threads: number;
  readonly seed: number;
  /** Epochs requested. */
  readonly epochs: number;
  /** Epochs trained; fewer if `patience` ended the run. */
  readonly trainedEpochs: number;
  /** The epoch whose weights the model has: with `patience` the best one, else the last one. */
  readonly modelEpoch: number;
  /** Samples of one epoch. */
  readonly trainSamples: number;
  /** Seconds of training alone, over all sessions. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Peak memory over all sessions. */
  readonly peakRssMiB: number;
  /** SHA-256 of all weights' bytes in file order. */
  readonly weightsSha256: string;
  /** Training score over the last epoch, each sample scored before its batch's update. */
  readonly train: { readonly loss: number; readonly accuracy: number };
  /** Validation score; `null` without validation samples. */
  readonly validation: Score | null;
  /** Score on the test set, after training. */
  readonly test: Score;
  /** What a test sample is called. */
  readonly testWord: SampleWord;
  /** Names of the learned classes without a test sample, if there are any. */
  readonly untested?: readonly string[];
  /** Warnings about the result, in sentences. */
  readonly warnings: readonly string[];
  /** Activity of each layer, if requested. */
  readonly layers?: readonly ExplainedLayer[];
  /** Diagnosis of training, if requested. */
  readonly findings?: readonly Finding[];
  /** Bytes that the network takes, if requested with the diagnosis. */
  readonly needs?: MemoryNeeds;
}

/** A run was aborted after it stored a checkpoint. */
export class RunInterrupted extends Error {
  /** Name of the error, by which a caller recognizes it. */
  override name = "RunInterrupted";
  /** @param status Progress of the stored run. */
  constructor(readonly status: RunStatus) {
    super(`${status.dir}: interrupted`);
  }
}

/**
 * Warnings about a result, in sentences. They report training that diverged to large but finite numbers, whose network
 * separates no classes. A loss that is not finite ends a run earlier.
 */
export function warningsOf(test: Score, chance: Chance): string[] {
  const status = learningStatusOf(test, chance);
  switch (status) {
    case "learned":
      return [];
    case "guessing":
      return [`no better than guessing (loss ${chance.loss.toFixed(4)}): nothing learned, or diverged`];
    case "sure of wrong answers":
      return [
        `the loss is above that of guessing (${
          chance.loss.toFixed(4)
        }): where it is wrong, it is far too sure`,
      ];
    case "one class":
      return ["all test samples are of one class: its accuracy says nothing"];
    default:
      return status satisfies never;
  }
}
