/** Comparison of a network's score with guessing. */
import type { Chance } from "../network/loss.ts";
import type { Score } from "./score.ts";

/** A loss of at least this share of guessing's counts as guessing; the margin allows for chance. */
const GUESSING = 0.999;

/** A result relative to guessing. */
export type LearningStatus = "learned" | "guessing" | "sure of wrong answers" | "one class";

/** A network that corrects more than this share of guessing's wrong answers does not guess, however high its loss. */
const LEARNED_SHARE = 0.25;

/** Compares a result with the best constant answer. */
export function learningStatusOf(test: Score, chance: Chance): LearningStatus {
  if (chance.loss === 0) return "one class";
  if (test.loss < GUESSING * chance.loss) return "learned";
  const least = chance.accuracy + LEARNED_SHARE * (1 - chance.accuracy);
  return test.accuracy > least ? "sure of wrong answers" : "guessing";
}
