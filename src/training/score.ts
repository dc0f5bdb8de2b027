/** Loss and accuracy over a set of samples. */
import { OptionError } from "../errors.ts";
import type { BatchResult } from "../engine/engine.ts";

/** Means and counts over samples. */
export interface Score {
  /** Mean loss of a sample. */
  readonly loss: number;
  /** Share of samples classified correctly, 0 to 1. */
  readonly accuracy: number;
  /** Samples classified correctly. */
  readonly correct: number;
  /** Number of samples. */
  readonly total: number;
}

/** Combines the results of batches. @throws {OptionError} when there are none. */
export function sumScores(results: readonly BatchResult[]): Score {
  if (!(results?.length > 0)) throw new OptionError("results: none: there is nothing to sum");
  const sum = (pick: (result: BatchResult) => number) => results.reduce((total, r) => total + pick(r), 0);
  const total = sum((r) => r.total), correct = sum((r) => r.correct);
  return { loss: sum((r) => r.loss) / total, accuracy: correct / total, correct, total };
}
