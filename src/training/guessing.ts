/**
 * Whether a network does better than guessing.
 *
 * @module
 */
import type { Chance } from "../network/loss.ts";
import type { Score } from "./score.ts";

/** A loss counts as that of guessing from here on: whoever knows nothing scores as much, but for a little chance. */
const GUESSING = 0.999;

/** How a result stands to guessing. */
export type LearningStatus = "learned" | "guessing" | "sure of wrong answers" | "one class";

/** Right answers beyond those of guessing, of all that guessing leaves wrong: from here on it is not for guessing that a loss is high. */
const LEARNED_SHARE = 0.25;

/** Compares a result with what can be had without looking at the samples. */
export function learningStatusOf(test: Score, chance: Chance): LearningStatus {
  if (chance.loss === 0) return "one class";
  if (test.loss < GUESSING * chance.loss) return "learned";
  const least = chance.accuracy + LEARNED_SHARE * (1 - chance.accuracy);
  return test.accuracy > least ? "sure of wrong answers" : "guessing";
}
