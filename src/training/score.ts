/**
 * How well a network does on some samples.
 *
 * @module
 */
import { OptionError } from "../errors.ts";
import type { BatchResult } from "../engine/engine.ts";

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

/** Sums batches. @throws {OptionError} when there are none. */
export function sumScores(results: readonly BatchResult[]): Score {
  if (!(results?.length > 0)) throw new OptionError("results: none: there is nothing to sum");
  const sum = (pick: (result: BatchResult) => number) => results.reduce((total, r) => total + pick(r), 0);
  const total = sum((r) => r.total), correct = sum((r) => r.correct);
  return { loss: sum((r) => r.loss) / total, accuracy: correct / total, correct, total };
}
