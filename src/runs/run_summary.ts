/**
 * What a run tells while it goes and in the end.
 *
 * @module
 */
import type { Samples, SampleWord } from "../data/samples.ts";
import type { Parameters } from "../engine/engine.ts";
import type { Chance } from "../network/loss.ts";
import type { LayerActivity } from "../training/activity.ts";
import type { Finding } from "../training/diagnosis.ts";
import { learningStatusOf } from "../training/guessing.ts";
import type { RunOptions } from "./run_options.ts";
import type { LayerStart } from "../training/start.ts";
import type { BatchReport, Score } from "../training/trainer.ts";
import type { EpochReport, TrainingProgress } from "../training/training_state.ts";

/** Who wants to hear how a run goes. */
export interface RunObserver {
  /** Everything is loaded; the first batch begins when this is done. `from` is where a resumed run goes on. */
  onStart?(
    start: {
      readonly options: RunOptions;
      readonly engine: string;
      readonly samples: number;
      readonly validation: number;
      /** How first weights came out of the data, where they are scaled by them. */
      readonly start?: readonly LayerStart[];
      readonly directory?: string;
      readonly from?: TrainingProgress;
      readonly kept?: RunStatus;
      /** What it will be measured with. */
      readonly test: Samples;
      /** The network's parameters as they are after the batches under way; they may be asked for at any time. */
      readonly parameters: () => Promise<Parameters>;
    },
  ): void | Promise<void>;
  /** Something that is no reason to stop. */
  onNotice?(notice: string): void;
  onBatch?(report: BatchReport): void;
  onEpoch?(report: EpochReport): void;
  /** A checkpoint is on the disk. */
  onCheckpoint?(kept: RunStatus): void;
  /** The test set is being measured; it begins with none done. */
  onEvaluate?(done: number, total: number): void;
}

/** Where a run stands, and what of it is kept. */
export interface RunStatus {
  readonly name: string;
  readonly dir: string;
  readonly model: string;
  /** The epoch under way and how many of its batches are done. */
  readonly epoch: number;
  readonly batch: number;
  /** Epochs in all, and batches of one. */
  readonly epochs: number;
  readonly batches: number;
  /** Of training so far. */
  readonly seconds: number;
}

/** A layer, and how long its gradient was. */
export interface ExplainedLayer extends LayerActivity {
  /** The median, over the second half of the batches, of its gradient's L2 norm; `null` where none is known or finite. */
  readonly gradientNorm: number | null;
}

/** What a run came to: the last line of `train --json`, and part of `run.json`. */
export interface RunSummary {
  readonly name: string;
  readonly dir: string;
  readonly model: string;
  readonly engine: string;
  readonly threads: number;
  readonly seed: number;
  /** As many as were asked for. */
  readonly epochs: number;
  /** As many as there were before `patience` ended it. */
  readonly trainedEpochs: number;
  /** The epoch whose weights the model has: with `patience` the best one, else the last one. */
  readonly modelEpoch: number;
  /** Samples of one epoch. */
  readonly trainSamples: number;
  /** Training alone, over all sessions. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** The most memory that a session's process has had. */
  readonly peakRssMiB: number;
  /** SHA-256 of all weights' bytes in file order. */
  readonly weightsSha256: string;
  /** Over the last epoch, each sample as it was when it was met. */
  readonly train: { readonly loss: number; readonly accuracy: number };
  /** On the samples that were held back; `null` where there are none. */
  readonly validation: Score | null;
  /** On the test set, after training. */
  readonly test: Score;
  /** What a test sample is called. */
  readonly testWord: SampleWord;
  /** What is wrong with the result, in sentences. */
  readonly warnings: readonly string[];
  /** How each layer is doing, where that was asked for. */
  readonly layers?: readonly ExplainedLayer[];
  /** What stands out in how it learned, where that was asked for. */
  readonly findings?: readonly Finding[];
}

/** A run was asked to stop, and has kept what it goes on from. */
export class RunInterrupted extends Error {
  /** What a caller tells it by. */
  override name = "RunInterrupted";
  /** @param status What is kept. */
  constructor(readonly status: RunStatus) {
    super(`${status.dir}: interrupted`);
  }
}

/**
 * Sentences on what is wrong with a result. Training that runs away to numbers which are large but finite shows here: its
 * network ends where it tells no class from another, or worse. A loss that is no number ends a run before.
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
