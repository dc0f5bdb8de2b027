/**
 * A training run as progress shows it.
 *
 * @module
 */
import type { RunObserver } from "../train/run.ts";
import type { BatchReport, Score } from "../train/trainer.ts";
import { loss, percent } from "./figures.ts";
import type { Progress } from "./progress.ts";

/** Loss and accuracy are shown over at least so many samples, for a small batch alone says little. */
const SAMPLES = 1000;

/**
 * Shows training and the test after it.
 *
 * @param prefix Stands before each label, such as which run of several it is.
 */
export function showTraining(
  progress: Progress,
  prefix = "",
): Required<Pick<RunObserver, "onBatch" | "onEvaluate" | "onNotice">> & { begin(epochs: number): void } {
  let recent: Score[] = [];
  let epochs = 1;
  return {
    begin(all) {
      epochs = all;
      progress.begin();
    },
    onBatch({ epoch, done, total, score }: BatchReport) {
      recent = [...recent, score];
      while (samplesOf(recent.slice(1)) >= SAMPLES) recent.shift();
      const mean = (pick: (score: Score) => number) =>
        recent.reduce((sum, each) => sum + pick(each) * each.total, 0) / samplesOf(recent);
      progress.update({
        label: `${prefix}epoch ${epoch}/${epochs}`,
        done,
        total,
        facts: [`loss ${loss(mean((s) => s.loss))}`, `accuracy ${percent(mean((s) => s.accuracy))}`],
      });
      if (done === total) progress.begin();
    },
    onNotice: (line) => progress.note(line),
    onEvaluate: (done, total) => progress.update({ label: `${prefix}test`, done, total, facts: [] }),
  };
}

function samplesOf(scores: readonly Score[]): number {
  return scores.reduce((sum, { total }) => sum + total, 0);
}
