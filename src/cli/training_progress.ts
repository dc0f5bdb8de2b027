/** A training run as progress shows it. */
import type { RunObserver, RunOptions, RunStatus } from "../runs/run.ts";
import type { BatchReport, Score } from "../training/trainer.ts";
import type { EpochReport, TrainingProgress } from "../training/training_state.ts";
import { count, counted, loss, percent } from "../text/figures.ts";
import { describeNetwork } from "../network/words.ts";
import type { Progress } from "./progress.ts";
import { describeStart } from "./start_options.ts";
import type { Live } from "./watch.ts";

/** Loss and accuracy are shown over at least so many samples, for a small batch alone says little. */
const SAMPLES = 1000;

/**
 * Shows training and the test after it.
 *
 * @param prefix Stands before each label, such as which run of several it is.
 * @param picture What to show below the bar while the network trains.
 */
export function showTraining(
  progress: Progress,
  prefix = "",
  picture: () => readonly string[] = () => [],
): Required<Pick<RunObserver, "onBatch" | "onEvaluate" | "onNotice">> & {
  begin(epochs: number, done?: number): void;
} {
  let recent: Score[] = [];
  let epochs = 1;
  return {
    begin(all, done = 0) {
      epochs = all;
      progress.begin(done);
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
        picture: picture(),
      });
    },
    onNotice: (line) => progress.note(line),
    onEvaluate(done, total) {
      if (done === 0) progress.begin();
      else progress.update({ label: `${prefix}test`, done, total, facts: [] });
    },
  };
}

/**
 * Shows the progress of one run, from its first line to its last epoch.
 *
 * @param say Where lines for people go.
 * @param live Looks at the network between batches.
 * @returns The observer, the run's options once it has begun, and the newest checkpoint.
 */
export function observeTraining(
  progress: Progress,
  say: (line?: string) => void,
  live: Live,
): {
  readonly observer: RunObserver;
  runOptions(): RunOptions | undefined;
  kept(): RunStatus | undefined;
} {
  const shown = showTraining(progress, "", () => live.draw());
  let epochs = 1;
  let runOptions: RunOptions | undefined;
  let kept: RunStatus | undefined;
  const observer: RunObserver = {
    ...shown,
    onBatch(report) {
      live.look();
      shown.onBatch(report);
    },
    async onStart(begun) {
      const { options, engine, samples, validation, start, directory = "", from, kept: before } = begun;
      ({ epochs } = options);
      runOptions = options;
      kept = before;
      const held = validation > 0 ? `, ${count(validation)} more held back` : "";
      say(
        `${options.model} network ${describeNetwork(options.spec)}: ${counted(epochs, "epoch")} of ${
          counted(samples, "sample")
        }${held}`,
      );
      say(engine);
      if (start && start.length > 0) say(describeStart(options.spec, start));
      say(from ? `resumes in ${directory} ${describeResume(from)}` : `into ${directory}`);
      live.begin({ ...options, samples: begun.test, index: 0 }, begun.parameters);
      if (!from) await live.look(); // a resumed run's engine gets its parameters later
      shown.begin(epochs, from && (from.epoch - 1) * samples + from.sums.total);
    },
    onEpoch(report) {
      progress.clear();
      say(describeEpoch(report, epochs));
    },
    onCheckpoint: (status) => kept = status,
  };
  return { observer, runOptions: () => runOptions, kept: () => kept };
}

function describeResume({ epoch, batch }: TrainingProgress): string {
  return batch === 0 ? `with epoch ${epoch}` : `after batch ${count(batch)} of epoch ${epoch}`;
}

/** An epoch that is over, in one line. */
export function describeEpoch(report: EpochReport, epochs: number): string {
  const { epoch, score, validation, units, silent, saturated } = report;
  return [
    `epoch ${epoch}/${epochs}`,
    `loss ${loss(score.loss)}`,
    `accuracy ${percent(score.accuracy)}`,
    ...(validation ? [`validation ${percent(validation.accuracy)}`] : []),
    ...(units > 0 ? [`silent ${silent} of ${units}`, `saturated ${saturated}`] : []),
  ].join("  ");
}

function samplesOf(scores: readonly Score[]): number {
  return scores.reduce((sum, { total }) => sum + total, 0);
}
