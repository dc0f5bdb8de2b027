/** Runs side by side in a few sentences: which is the most accurate, whether that is more than chance, and in what they differ. */
import type { Samples } from "../data/samples.ts";
import { wordOf } from "../data/samples.ts";
import { count } from "../text/figures.ts";
import { differencesOf } from "./differences.ts";
import { pairPredictions } from "./disagreement.ts";
import { html, type Markup } from "./markup.ts";
import { type Predictions, scoreOf } from "./predictions.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { percent } from "./words.ts";

/** A run, with its model's predictions on the test set if it has a model. */
export interface ComparedRun {
  readonly run: RecordedRun;
  readonly samples?: Samples;
  readonly predictions?: Predictions;
}

/** Settings that are named. */
const MOST_SETTINGS = 6;

/**
 * The sentences.
 *
 * @param names The runs' names.
 * @param areComparable All were measured on the same data.
 */
export function comparisonSummary(
  compared: readonly ComparedRun[],
  names: readonly string[],
  areComparable: boolean,
): Markup {
  const sentences = [
    ...(areComparable ? ranking(compared, names) : []),
    describeDifferences(compared),
  ];
  return html`
    <div class="summary">
      <p>${sentences.join(" ")}</p>
    </div>
  `;
}

/** The most accurate model and the least, and whether the first one's lead is more than chance. */
function ranking(compared: readonly ComparedRun[], names: readonly string[]): string[] {
  const measured = compared.flatMap(({ predictions, samples }, i) =>
    predictions && samples
      ? [{ name: names[i]!, predictions, word: wordOf(samples), ...scoreOf(predictions) }]
      : []
  ).sort((a, b) => b.correct - a.correct);
  const [first, second] = measured, last = measured.at(-1)!;
  if (!first || !second) return [];
  const all = measured.length === 2 ? "Both" : `All ${count(measured.length)}`;
  if (first.correct === last.correct) {
    return [`${all} name as many of the test ${first.word}s rightly, ${percent(first.accuracy)}.`];
  }
  const best = `${first.name} names the most of the test ${first.word}s rightly, ${percent(first.accuracy)}`;
  const worst = `${last.name} ${measured.length > 2 ? "the fewest, " : ""}${percent(last.accuracy)}`;
  const tied = measured.filter(({ correct }) => correct === first.correct).length - 1;
  if (tied > 0) return [`${best}, as ${tied === 1 ? "does another" : `do ${count(tied)} others`}; ${worst}.`];
  const { difference, interval: [low] } = pairPredictions(second.predictions, first.predictions);
  const lead = `The lead of ${first.name} over ${second.name}, ${(100 * difference).toFixed(2)} points,`;
  return [
    `${best}; ${worst}.`,
    low > 0
      ? `${lead} is more than chance on these ${first.word}s.`
      : `${lead} may be chance: too few ${first.word}s tell the two apart.`,
  ];
}

/** In what the runs differ: the settings alone, for a table has their values. */
function describeDifferences(compared: readonly ComparedRun[]): string {
  const runs = compared.map(({ run }) => run), differences = differencesOf(runs);
  const unknown = runs.some(({ metadata }) => !metadata) ? ", as far as their options are known" : "";
  if (differences.length === 0) return `Nothing tells their options apart${unknown}.`;
  const said = differences.slice(0, MOST_SETTINGS).map(({ name }) => name);
  const more = differences.length - said.length;
  return `They differ in ${LIST.format(more > 0 ? [...said, `${count(more)} more`] : said)}${unknown}.`;
}

const LIST = new Intl.ListFormat("en-GB", { type: "conjunction" });
