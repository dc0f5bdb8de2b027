/**
 * The notebook's closing table, with a spread: networks trained side by side over several seeds.
 *
 * @module
 */
import { type DataSet, type RunObserver, type RunOptions, type RunSummary, runTraining } from "./run.ts";

/** What the notebook reports of its two networks, each trained once for one epoch (SPEC.md). */
export const NOTEBOOK: Readonly<Record<string, { readonly accuracy: number; readonly loss: number }>> = {
  seed: { accuracy: 0.8555, loss: 0.4547 },
  dense: { accuracy: 0.869, loss: 0.5126 },
};

/** How some measurements scatter. */
export interface Spread {
  readonly mean: number;
  /** Standard deviation of the sample, n − 1 in its denominator; 0 where there is but one. */
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
  /** Accuracy on the samples that were held back; `undefined` where there are none. */
  readonly validation: Spread | undefined;
  /** Of training alone. */
  readonly seconds: Spread;
  /** In the order of their seeds. */
  readonly runs: readonly RunSummary[];
}

/** A network to compare, and how it is trained. */
export type ComparedOptions = Omit<
  RunOptions,
  "seed" | "name" | "out" | "command" | "explain" | "checkpointEvery" | "samples" | "data"
>;

/** What to compare. */
export interface CompareOptions {
  readonly networks: readonly ComparedOptions[];
  /** What all of them learn. */
  readonly samples: DataSet;
  /** How many; the first is `seed`, each further one is one more. */
  readonly seeds: number;
  readonly seed: number;
}

/** A run of a comparison that is about to begin. */
export interface ComparedRun {
  readonly options: ComparedOptions;
  readonly seed: number;
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

/** Who wants to hear how a comparison goes. */
export interface CompareObserver {
  /** A run begins; what is returned observes it. */
  onRun?(run: ComparedRun): RunObserver;
  onResult?(run: ComparedRun, summary: RunSummary): void;
}

/**
 * Trains each network with each seed, and keeps no files.
 *
 * Networks take turns, so that whatever else the machine does meets all of them.
 *
 * @throws {InputError} and {EngineError} as {@linkcode runTraining} does.
 */
export async function compareNetworks(
  { networks, samples, seeds, seed: first }: CompareOptions,
  observer: CompareObserver = {},
): Promise<ComparedNetwork[]> {
  const runs = networks.map((): RunSummary[] => []);
  let number = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    for (const [i, options] of networks.entries()) {
      const run = { options, seed, number: ++number, of: seeds * networks.length };
      const summary = await runTraining({ ...options, seed, samples, name: false }, observer.onRun?.(run));
      runs[i]!.push(summary);
      observer.onResult?.(run, summary);
    }
  }
  return networks.map(({ model }, i) => {
    const held = runs[i]!.flatMap(({ validation }) => validation?.accuracy ?? []);
    return {
      model,
      accuracy: spreadOf(runs[i]!.map(({ test }) => test.accuracy)),
      loss: spreadOf(runs[i]!.map(({ test }) => test.loss)),
      validation: held.length > 0 ? spreadOf(held) : undefined,
      seconds: spreadOf(runs[i]!.map(({ seconds }) => seconds)),
      runs: runs[i]!,
    };
  });
}

/** Mean, deviation and extremes of one value or more. */
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
