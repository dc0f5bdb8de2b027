/**
 * Samples on which two models disagree. Predictions of the same samples are compared in pairs, which detects smaller
 * differences than two accuracies with an interval each.
 */
import { count } from "../text/figures.ts";
import { type Samples, wordOf } from "../data/samples.ts";
import { mistakeItems } from "./classes.ts";
import { html, type Markup, section, table } from "./markup.ts";
import type { Predictions } from "./predictions.ts";

const PICTURES = 8;

/** Paired predictions of two models. */
interface Pairing {
  readonly both: number;
  /** Indices of the samples that only the first model classifies correctly, and only the second one. */
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly neither: number;
  /** Accuracy of the second less that of the first, and its 95 % interval. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
}

/** Pairs two models' predictions. @throws {RangeError} when they are not for the same samples. */
export function pairPredictions(a: Predictions, b: Predictions): Pairing {
  if (!sameSamples(a, b)) throw new RangeError("the predictions are for other samples");
  const first: number[] = [], second: number[] = [];
  let both = 0, neither = 0;
  a.labels.forEach((label, i) => {
    const inA = a.predicted[i] === label, inB = b.predicted[i] === b.labels[i];
    if (inA && inB) both++;
    else if (inA) first.push(i);
    else if (inB) second.push(i);
    else neither++;
  });
  const total = a.labels.length, gain = second.length - first.length;
  // The difference of two paired shares has this variance (McNemar 1947; Wald's interval).
  const spread = 1.959964 * Math.sqrt(first.length + second.length - gain * gain / total) / total;
  const difference = gain / total;
  return { both, first, second, neither, difference, interval: [difference - spread, difference + spread] };
}

/** Whether two models have predictions for samples of the same classes in the same order; their numberings may differ. */
export function sameSamples(a: Predictions, b: Predictions): boolean {
  if (a.labels.length !== b.labels.length) return false;
  const labelOf = b.names.map((name) => a.names.indexOf(name));
  return a.labels.every((label, i) => label === labelOf[b.labels[i]!]);
}

/** The section: the first run against each other one; undefined if none has predictions for the same samples. */
export function disagreementSection(
  compared: readonly { readonly samples?: Samples; readonly predictions?: Predictions }[],
  names: readonly string[],
): Markup | undefined {
  const [first, ...others] = compared;
  const { predictions, samples } = first ?? {};
  if (!predictions || !samples) return undefined;
  const parts = others.flatMap((other, i) =>
    other.predictions && sameSamples(predictions, other.predictions)
      ? [onePair(samples, predictions, other.predictions, names[0]!, names[i + 1]!)]
      : []
  );
  return parts.length > 0 ? section("disagreement", "Where they disagree", ...parts) : undefined;
}

function onePair(samples: Samples, a: Predictions, b: Predictions, nameA: string, nameB: string): Markup {
  const { both, first, second, neither, difference, interval: [low, high] } = pairPredictions(a, b);
  const word = wordOf(samples);
  const better = low > 0 ? nameB : high < 0 ? nameA : undefined;
  const verdict = better === undefined
    ? `not significant with so many ${word}s`
    : `significant: ${better} is the better of these two models`;
  return html`<h3>${nameA} and ${nameB}</h3>
<p>${nameB} names ${points(Math.abs(difference))} ${
    difference < 0 ? "fewer" : "more"
  } of the ${word}s rightly (95 % interval of
the difference: ${signed(low)} to ${signed(high)}). The difference is ${verdict}.</p>
${
    table({
      caption: `Test ${word}s`,
      head: [`${word}s`, `${nameB} right`, `${nameB} wrong`],
      rows: [
        [`${nameA} right`, count(both), count(first.length)],
        [`${nameA} wrong`, count(second.length), count(neither)],
      ],
    })
  }
${pictures(samples, first, b, `Right by ${nameA} alone; what ${nameB} said, surest first`)}
${pictures(samples, second, a, `Right by ${nameB} alone; what ${nameA} said, surest first`)}`;
}

function pictures(
  samples: Samples,
  indices: readonly number[],
  wrong: Predictions,
  title: string,
): Markup | string {
  if (indices.length === 0) return "";
  const surest = indices.toSorted((i, j) => wrong.confidence[j]! - wrong.confidence[i]! || i - j);
  return html`<h4>${title}</h4>${mistakeItems(samples, wrong, surest.slice(0, PICTURES))}`;
}

/** A difference of shares, in percentage points. */
function points(share: number): string {
  return `${(100 * share).toFixed(2)} points`;
}

function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${(100 * Math.abs(share)).toFixed(2)}`;
}
