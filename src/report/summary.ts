/** A run in a few sentences: how it fares, where it errs, and which units never fired. */
import type { SampleWord } from "../data/samples.ts";
import { chanceOf } from "../network/loss.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { count, counted } from "../text/figures.ts";
import { learningStatusOf } from "../training/guessing.ts";
import { colouredName, inWords } from "./class_names.ts";
import { html, type Markup } from "./markup.ts";
import {
  classesIn,
  type ClassFigures,
  confusionMatrix,
  figuresOfClasses,
  type Predictions,
  scoreOf,
  wilsonInterval,
} from "./predictions.ts";
import { rateFigures } from "./rates.ts";
import type { Recordings } from "./recordings.ts";
import type { EpochMetrics } from "./recorded_run.ts";
import { percent } from "./words.ts";

/** Of more classes, or pairs of classes, with the same figure, only their number is said. */
const MOST_NAMED = 3;

/** The hidden units that fired for none of the recorded samples. */
export interface Silence {
  /** Units of the hidden layers that can fire. */
  readonly units: number;
  readonly silent: number;
  /** Samples that were recorded. */
  readonly samples: number;
  /** What a unit did that is not silent: without steps there are activations, not spikes. */
  readonly did: "fired" | "was active";
}

/** Counts the silent units of the hidden layers; undefined where none of these can fire. */
export function silenceOf(spec: NetworkSpec, { count: samples, layers }: Recordings): Silence | undefined {
  const hidden = new Set(structureOf(spec).hidden.map(({ index }) => index));
  const all = layers.filter(({ layer }) => hidden.has(layer));
  const sum = (pick: (layer: typeof all[number]) => number) =>
    all.reduce((sum, layer) => sum + pick(layer), 0);
  const units = sum(({ units }) => units);
  return units > 0
    ? {
      units,
      silent: sum(({ rates }) => rateFigures(rates).silent.length),
      samples,
      did: spec.steps > 1 ? "fired" : "was active",
    }
    : undefined;
}

/** What is told of a model that was measured. */
export interface Told {
  readonly spec: NetworkSpec;
  readonly predictions: Predictions;
  readonly recordings: Recordings;
  /** What a sample is called. */
  readonly word: SampleWord;
  /** The epochs of its run; none where it has no run. */
  readonly epochs: readonly EpochMetrics[];
  /** Samples of an epoch. */
  readonly trainSamples?: number | undefined;
}

/** The sentences, as paragraphs: on its answers, and on its units. */
export function summaryOf({ spec, predictions, recordings, word, epochs, trainSamples }: Told): Markup {
  const silence = silenceOf(spec, recordings);
  const answers = [describeScore(spec, predictions, word), ...describeClasses(predictions, word)];
  const units = silence
    ? [describeSilence(silence, word), ...compareCounts(silence, epochs.at(-1), trainSamples)]
    : [];
  const paragraph = (sentences: readonly Markup[]) =>
    html`<p>${
      sentences.map((sentence) =>
        html`
          ${sentence}
        `
      )
    }</p>`;
  return html`<div class="summary">${paragraph(answers)}${units.length > 0 ? paragraph(units) : ""}</div>`;
}

/** How many samples are named rightly, and whether that is better than guessing. */
export function describeScore(spec: NetworkSpec, predictions: Predictions, word: SampleWord): Markup {
  const score = scoreOf(predictions), { correct, total } = score;
  const status = learningStatusOf(score, chanceOf(spec.loss, structureOf(spec).classes, predictions.labels));
  const all = counted(total, `test ${word}`);
  if (correct === total) return html`It names ${total === 1 ? "the" : "all"} ${all} rightly.`;
  return html`It names ${count(correct)} of ${all} rightly${
    status === "guessing" ? ", no better than guessing" : ""
  }.`;
}

/** Which classes it is the best and the worst at, and what it confuses the most; nothing where it makes no mistake. */
export function describeClasses(predictions: Predictions, word: SampleWord): Markup[] {
  const classes = classesIn(predictions), { names, labels, predicted } = predictions;
  const confusion = confusionMatrix(predictions, classes);
  const figures = figuresOfClasses(confusion, classes).filter(({ total }) => total > 0);
  if (labels.every((label, i) => label === predicted[i])) return [];
  const answers = new Set(predicted), [only] = answers;
  if (answers.size === 1 && figures.length > 1) {
    return [html`It gives every ${word} the same name, ${colouredName(names, only!)}.`];
  }
  return [
    describeExtremes(figures, names, word),
    describeConfusion(pairsOf(confusion, classes), names),
  ];
}

/** Whether the first class is named rightly more often than the second one, as whole numbers, which know ties: above 0 if so. */
function compare(a: ClassFigures, b: ClassFigures): number {
  return a.correct * b.total - b.correct * a.total;
}

function describeExtremes(
  figures: readonly ClassFigures[],
  names: readonly string[],
  word: SampleWord,
): Markup {
  const sorted = figures.toSorted((a, b) => compare(b, a)), best = sorted[0]!, worst = sorted.at(-1)!;
  const share = ({ correct, total }: ClassFigures) => percent(correct / total);
  if (figures.length === 1) return html`All of them are of one class, ${colouredName(names, best.label)}.`;
  if (compare(best, worst) === 0) {
    return best.correct === 0
      ? html`It names no class rightly.`
      : html`It names each class rightly equally often, ${share(best)} of it.`;
  }
  const namedLike = (extreme: ClassFigures) => {
    const tied = figures.filter((each) => compare(each, extreme) === 0);
    if (tied.length > MOST_NAMED) {
      return html`${count(tied.length)} of the classes (${share(extreme)} of each)`;
    }
    const { correct, total } = extreme, each = tied.length === 1 ? "" : " of each";
    return html`${inWords(tied.map(({ label }) => colouredName(names, label)))} (${share(extreme)}${each}${
      each === "" ? `, ${count(correct)} of ${count(total)}` : ""
    })`;
  };
  const [low] = wilsonInterval(best.correct, best.total),
    [, high] = wilsonInterval(worst.correct, worst.total);
  return html`It is best at ${namedLike(best)} and worst at ${namedLike(worst)}${
    low <= high ? `; with so few ${word}s that order may be chance` : ""
  }.`;
}

/** Samples of one class that were given another one's name. */
interface ConfusedPair {
  readonly label: number;
  readonly named: number;
  readonly times: number;
  /** Samples of the class. */
  readonly total: number;
}

/** The pairs of classes that were confused, the most frequent ones first. */
function pairsOf(confusion: readonly (readonly number[])[], classes: readonly number[]): ConfusedPair[] {
  return confusion.flatMap((row, i) => {
    const total = row.reduce((sum, times) => sum + times, 0);
    return row.flatMap((times, j) =>
      i !== j && times > 0 ? [{ label: classes[i]!, named: classes[j]!, times, total }] : []
    );
  }).sort((a, b) => b.times - a.times);
}

function describeConfusion(pairs: readonly ConfusedPair[], names: readonly string[]): Markup {
  const { times, total } = pairs[0]!, most = pairs.filter((pair) => pair.times === times);
  const often = times === 1 ? "once" : `${count(times)} times`;
  if (most.length > MOST_NAMED) {
    return html`No confusion stands out: ${count(most.length)} pairs of classes were confused ${often}${
      most.length < pairs.length ? ", and none more often" : " each"
    }.`;
  }
  const said = inWords(
    most.map(({ label, named }) => html`${colouredName(names, label)} for ${colouredName(names, named)}`),
  );
  return most.length === 1
    ? html`Most often it takes ${said}, ${count(times)} of ${counted(total, "time")}.`
    : html`Most often it takes ${said}, ${often} each.`;
}

/** How many hidden units never fired. */
export function describeSilence({ units, silent, samples, did }: Silence, word: SampleWord): Markup {
  const watched = `the first ${counted(samples, `test ${word}`)}`, all = counted(units, "hidden unit");
  if (silent === 0) return html`${units === 1 ? "Its" : "Each of its"} ${all} ${did} on ${watched}.`;
  if (silent === units) return html`None of its ${all} ${did} on ${watched}.`;
  return html`${count(silent)} of its ${all} ${silent === 1 ? "was" : "were"} silent: ${
    silent === 1 ? "it" : "they"
  } never ${silent > 1 ? did.replace("was", "were") : did} on ${watched}.`;
}

/** What training itself counted, and why that may be another number; nothing where it did not count. */
export function compareCounts(
  { units, silent, did }: Silence,
  last: EpochMetrics | undefined,
  trainSamples: number | undefined,
): Markup[] {
  // Where the engine counts no single unit's spikes, an epoch has 0 units.
  if (last === undefined || typeof last.silent !== "number" || last.units !== units) return [];
  const counted = "Training's last epoch counted", moving = "while the weights still moved";
  if (last.silent === silent) return silent === 0 ? [] : [html`${counted} as many.`];
  const number = trainSamples === undefined ? "" : count(trainSamples);
  if (last.silent > silent) {
    const watched = `the training samples${number === "" ? "" : `, ${number} of them`}`;
    return [html`${counted} ${count(last.silent)}: it watched ${watched}, ${moving}.`];
  }
  const fewer = last.silent === 0 ? "none" : `only ${count(last.silent)}`;
  const watched = number === "" ? "all training samples" : `${number} samples`;
  return [
    html`${counted} ${fewer}: it watched ${watched}, ${moving}, and a unit that ${did} for one of them did not count.`,
  ];
}
