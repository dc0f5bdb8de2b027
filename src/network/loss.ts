/** The score of guessing, which a network that has learned exceeds. */
import type { Loss } from "./spec.ts";

/** The score of the best constant answer. */
export interface Chance {
  /** The mean loss, by the network's loss function. */
  readonly loss: number;
  /** The share of the most frequent class. */
  readonly accuracy: number;
}

/**
 * The score of the best answer that is the same for all samples.
 *
 * With p_c the share of class c: of the cross-entropy it is the labels' entropy, −Σ_c p_c·ln p_c, reached by softmax(z) = p; of the
 * mean squared error 1/C·Σ_c p_c·(1 − p_c)·(correct − incorrect)², reached by the mean target. A firing rate's part can be 0.
 *
 * @param classes C, the number of classes.
 * @param labels One a sample, 0 … classes − 1; at least one.
 */
export function chanceOf(loss: Loss, classes: number, labels: Uint8Array): Chance {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  const shares = counts.map((count) => count / labels.length);
  return { loss: lossOf(loss, shares), accuracy: Math.max(...shares) };
}

function lossOf(loss: Loss, shares: readonly number[]): number {
  const sum = (term: (share: number) => number) => shares.reduce((total, share) => total + term(share), 0);
  switch (loss.kind) {
    case "crossEntropy":
      return sum((share) => share > 0 ? -share * Math.log(share) : 0);
    case "meanSquaredError": {
      const { correct = 1, incorrect = 0 } = loss;
      return sum((share) => share * (1 - share)) * (correct - incorrect) ** 2 / shares.length;
    }
    default:
      return loss satisfies never;
  }
}
