/** The notebook's closing table, with a spread: networks trained side by side over several seeds. */
import { InputError } from "../errors.ts";
import {
  type DataSet,
  RunInterrupted,
  type RunObserver,
  type RunOptions,
  type RunSummary,
  runTraining,
} from "./run.ts";

/** What the notebook reports of its two networks, each trained once for one epoch. */
export const NOTEBOOK: Readonly<Record<string, { readonly accuracy: number; readonly loss: number }>> = {
  notebook: { accuracy: 0.8555, loss: 0.4547 },
  "feed-forward": { accuracy: 0.869, loss: 0.5126 },
};

/** Mean and spread of measurements. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation, with n − 1 in the denominator; 0 for a single measurement. */
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
}

/** One network over all seeds. */
export interface ComparedNetwork {
  readonly model: string;
  /** On the test set. */
  readonly accuracy: Spread;
  /** On the test set. */
  readonly loss: Spread;
  /** Validation accuracy; `undefined` without validation samples. */
  readonly validation: Spread | undefined;
  /** Seconds of training alone. */
  readonly seconds: Spread;
  /** Runs in the order of their seeds. */
  readonly runs: readonly RunSummary[];
}

/** A network to compare, and its training recipe. */
export type ComparedOptions = Omit<
  RunOptions,
  "seed" | "name" | "out" | "command" | "explain" | "checkpointEvery" | "samples" | "data"
>;

/** Options of a comparison. */
export interface CompareOptions {
  readonly networks: readonly ComparedOptions[];
  /** Data set of all runs. */
  readonly samples: DataSet;
  /** Number of seeds: `seed`, `seed + 1`, … */
  readonly seeds: number;
  readonly seed: number;
  /** Results of the first runs, in order, if they are done already. @default {none} */
  readonly done?: readonly RunSummary[];
}

/** A run of a comparison, before it starts. */
export interface ComparedRun {
  readonly options: ComparedOptions;
  readonly seed: number;
  /** Number of the run, from 1. */
  readonly number: number;
  readonly of: number;
}

/** Receives the progress of a comparison. */
export interface CompareObserver {
  /** Called as a run starts; returns the run's observer. */
  onRun?(run: ComparedRun): RunObserver;
  /** Called when a run is done; the next one starts when this has returned. */
  onResult?(run: ComparedRun, summary: RunSummary): void | Promise<void>;
}

/**
 * Trains each network with each seed, without writing run folders.
 *
 * Networks alternate, so that other load on the machine affects all of them.
 *
 * @param signal Once aborted, the current run is abandoned, and the finished ones are returned.
 * @returns The networks with at least one finished run.
 * @throws {InputError} and {EngineError} as {@linkcode runTraining} does.
 */
export async function compareNetworks(
  options: CompareOptions,
  observer: CompareObserver = {},
  signal?: AbortSignal,
): Promise<ComparedNetwork[]> {
  const { networks, samples, seeds, seed: first, done = [] } = options;
  const runs = networks.map((): RunSummary[] => []);
  for (const [index, summary] of done.entries()) {
    const i = index % networks.length, seed = first + Math.floor(index / networks.length);
    if (summary.model !== networks[i]?.model || summary.seed !== seed || index >= seeds * networks.length) {
      throw new InputError(`run ${index + 1}: ${summary.model}, seed ${summary.seed}: it is no part of this`);
    }
    runs[i]!.push(summary);
  }
  try {
    for (let number = done.length + 1; number <= seeds * networks.length; number++) {
      const i = (number - 1) % networks.length, seed = first + Math.floor((number - 1) / networks.length);
      const run = { options: networks[i]!, seed, number, of: seeds * networks.length };
      const summary = await runTraining(
        { ...run.options, seed, samples, name: false },
        observer.onRun?.(run),
        signal,
      );
      runs[i]!.push(summary);
      await observer.onResult?.(run, summary);
    }
  } catch (error) {
    const isStopped = signal?.aborted && (error === signal.reason || error instanceof RunInterrupted);
    if (!isStopped) throw error;
  }
  return networks.flatMap(({ model }, i) => {
    if (runs[i]!.length === 0) return [];
    const held = runs[i]!.flatMap(({ validation }) => validation?.accuracy ?? []);
    return [{
      model,
      accuracy: spreadOf(runs[i]!.map(({ test }) => test.accuracy)),
      loss: spreadOf(runs[i]!.map(({ test }) => test.loss)),
      validation: held.length > 0 ? spreadOf(held) : undefined,
      seconds: spreadOf(runs[i]!.map(({ seconds }) => seconds)),
      runs: runs[i]!,
    }];
  });
}

/** Computes mean, deviation and extremes of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
    min: Math.min(...values),
    max: Math.max(...values),
  };
}
