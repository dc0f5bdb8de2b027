/**
 * The notebook's closing table, with a spread: networks trained side by side over several seeds.
 *
 * @module
 */
import type { NetworkSpec } from "../network/spec.ts";
import { loadDataSet, type RunObserver, type RunOptions, type RunSummary, runTraining } from "./run.ts";

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
  /** Of training alone. */
  readonly seconds: Spread;
  /** In the order of their seeds. */
  readonly runs: readonly RunSummary[];
}

/** What to compare, and how each run is trained. */
export interface CompareOptions
  extends Omit<RunOptions, "model" | "spec" | "name" | "out" | "explain" | "checkpointEvery"> {
  readonly networks: readonly { readonly model: string; readonly spec: NetworkSpec }[];
  /** How many; the first is `seed`, each further one is one more. */
  readonly seeds: number;
}

/** A run of a comparison that is about to begin. */
export interface ComparedRun {
  readonly model: string;
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
 * Trains each network with each seed, all with the same options, and keeps no files.
 *
 * Networks take turns, so that whatever else the machine does meets all of them.
 *
 * @throws {InputError} and {EngineError} as {@linkcode runTraining} does.
 */
export async function compareNetworks(
  options: CompareOptions,
  observer: CompareObserver = {},
): Promise<ComparedNetwork[]> {
  const { networks, seeds, seed: first, ...training } = options;
  const runs = networks.map((): RunSummary[] => []);
  const samples = training.samples ?? await loadDataSet(training.data);
  let number = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    for (const [i, { model, spec }] of networks.entries()) {
      const run = { model, seed, number: ++number, of: seeds * networks.length };
      const summary = await runTraining(
        { ...training, model, spec, seed, samples, name: false },
        observer.onRun?.(run),
      );
      runs[i]!.push(summary);
      observer.onResult?.(run, summary);
    }
  }
  return networks.map(({ model }, i) => ({
    model,
    accuracy: spreadOf(runs[i]!.map(({ test }) => test.accuracy)),
    loss: spreadOf(runs[i]!.map(({ test }) => test.loss)),
    seconds: spreadOf(runs[i]!.map(({ seconds }) => seconds)),
    runs: runs[i]!,
  }));
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
