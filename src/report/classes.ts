/** Classification results: accuracy per class, confusion matrix, the most confident mistakes. */
import * as Plot from "@observablehq/plot";
import { count, counted } from "../text/figures.ts";
import { type Samples, type SampleWord, wordOf } from "../data/samples.ts";
import { sampleFigure } from "./images.ts";
import { figure, html, type Markup, section } from "./markup.ts";
import { classColour } from "./class_colours.ts";
import { colouredName } from "./class_names.ts";
import { ANCHORED, axis, COLOURS, tickPercent } from "./plot_parts.ts";
import { draw, WIDTH } from "./plots.ts";
import {
  classesIn,
  type ClassFigures,
  confusionMatrix,
  figuresOfClasses,
  mistakesOf,
  type Predictions,
  wilsonInterval,
} from "./predictions.ts";
import { capitalized, className, classTicks, percent, probability } from "./words.ts";

const MISTAKES = 16;
/** Maximum number of confusion matrix cells drawn; those with the most images are kept. */
const MOST_CELLS = 1500;
/** Ticks wider than this, in pixels, are drawn aslant below a plot. */
const MOST_UPRIGHT = 20;
/** Room beside the cells, and of a digit, in pixels: in cells that are too small there are no numbers. */
const LEFT = 44, RIGHT = 8, DIGIT = 8;
/** From this share of its class on, a cell is so deep that its number is light. */
const DEEP = 0.5;
/** Above this number of classes, the most confused pairs replace the whole table. */
const TABLED = 20;

/** The section. */
export function classesSection(predictions: Predictions, samples: Samples): Markup {
  const classes = classesIn(predictions);
  const confusion = confusionMatrix(predictions, classes);
  const { names } = predictions, word = wordOf(samples);
  return section(
    "classes",
    "What it gets right and wrong",
    html`<div class="grid">
${accuracyFigure(figuresOfClasses(confusion, classes), names, word)}
${confusionFigure(confusion, classes, names, word)}
</div>`,
    mistakesList(predictions, samples),
  );
}

function accuracyFigure(
  figures: readonly ClassFigures[],
  names: readonly string[],
  word: SampleWord,
): Markup {
  const data = figures.filter(({ total }) => total > 0).map(({ label, total, correct }) => {
    const [low, high] = wilsonInterval(correct, total);
    return { label: String(label), accuracy: correct / total, low, high };
  });
  const worst = data.toSorted((a, b) => a.accuracy - b.accuracy)[0]!;
  const best = data.toSorted((a, b) => b.accuracy - a.accuracy)[0]!;
  const labels = data.map(({ label }) => label);
  const { tickFormat, room } = classTicks(names, labels);
  const named = ({ label }: { readonly label: string }) => className(names, Number(label));
  const picture = draw(
    {
      height: 300,
      marginLeft: Math.max(64, 36 + room),
      x: axis("accuracy", { domain: [0, 1], tickFormat: tickPercent, grid: true }),
      y: axis("class", { domain: labels }),
      marks: [
        classAxis(labels, tickFormat),
        Plot.barX(data, {
          x: "accuracy",
          y: "label",
          insetTop: 2,
          insetBottom: 2,
          fill: ({ label }: typeof data[number]) => classColour(Number(label)),
          fillOpacity: 0.8,
        }),
        Plot.ruleY(data, { x1: "low", x2: "high", y: "label", stroke: COLOURS.ink, strokeWidth: 2 }),
        Plot.ruleX([0]),
      ],
    },
    `Accuracy per class: from ${percent(worst.accuracy)} for ${named(worst)} to ${
      percent(best.accuracy)
    } for ${named(best)}`,
  );
  return figure(
    picture,
    "Share of each class that was named rightly. The thin line is where the true share lies with 95 % confidence (Wilson).",
    {
      caption: "Each class on the test set",
      head: ["class", `${word}s`, "named rightly", "accuracy", "given this name", "of them rightly"],
      rows: figures.map(({ label, total, correct, named }) => [
        className(names, label),
        count(total),
        count(correct),
        total > 0 ? percent(correct / total) : "–",
        count(named),
        named > 0 ? percent(correct / named) : "–",
      ]),
    },
  );
}

function confusionFigure(
  confusion: readonly (readonly number[])[],
  classes: readonly number[],
  allNames: readonly string[],
  word: SampleWord,
): Markup {
  const cells = confusion.flatMap((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, j) => ({
      label: String(classes[i]),
      named: String(classes[j]),
      count,
      share: total > 0 ? count / total : 0,
      right: i === j,
    }));
  });
  const filled = cells.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  const drawn = filled.slice(0, MOST_CELLS);
  const labels = classes.map(String), names = classes.map((label) => className(allNames, label));
  const nameOf = (label: string) => className(allNames, Number(label));
  const { tickFormat, room } = classTicks(allNames, labels);
  const slant = room > MOST_UPRIGHT ? { tickRotate: -40 } : {};
  const most = cells.filter(({ right }) => !right).sort((a, b) => b.count - a.count);
  const left = Math.max(LEFT, 36 + room), digits = String(drawn[0]?.count ?? 0).length;
  const numbered = classes.length * (DIGIT * digits + 4) <= WIDTH - left - RIGHT;
  // Between the two there is a gap, so that numbers are read on either.
  const strength = ({ share }: { readonly share: number }) =>
    share >= DEEP ? 0.8 + 0.2 * share : 0.7 * Math.sqrt(share);
  const picture = draw(
    {
      height: 420,
      marginTop: 20,
      marginLeft: left,
      marginRight: RIGHT,
      marginBottom: room > MOST_UPRIGHT ? 48 + 0.65 * room : 42,
      x: axis("named", { domain: labels, ticks: thinnedTicks(labels), tickFormat, ...slant }),
      y: axis("class", { domain: labels }),
      opacity: { type: "identity" },
      marks: [
        classAxis(thinnedTicks(labels), tickFormat),
        Plot.cell(drawn, {
          x: "named",
          y: "label",
          fill: ({ named }: typeof cells[number]) => classColour(Number(named)),
          fillOpacity: strength,
          inset: 0.5,
          title: ({ label, named, count: n, share }: typeof cells[number]) =>
            `${nameOf(label)} named ${nameOf(named)}: ${counted(n, word)}, ${percent(share)} of its class`,
        }),
        Plot.text(numbered ? drawn : [], {
          x: "named",
          y: "label",
          text: ({ count: n }: typeof cells[number]) => String(n),
          fill: ({ share }: typeof cells[number]) => share >= DEEP ? "var(--on-colour)" : COLOURS.ink,
        }),
      ],
    },
    `Confusion matrix; most often ${
      most.slice(0, 3).map(({ label, named, count: n }) =>
        `${nameOf(label)} was named ${nameOf(named)} (${count(n)} times)`
      ).join(", ")
    }`,
  );
  return figure(
    picture,
    `Test ${word}s of each class (rows) by the name they were given (columns). A cell has the colour of the name ` +
      "that was given; the stronger, the larger a share of its class. What is right is on the diagonal.",
    classes.length <= TABLED
      ? {
        caption: `${capitalized(word)}s of each class (rows) by their given name (columns)`,
        head: ["class", ...names.map((name) => `as ${name}`)],
        rows: confusion.map((row, i) => [names[i]!, ...row.map(count)]),
      }
      : {
        caption: "Pairs of classes that were confused most",
        head: ["class", "named", `${word}s`],
        rows: most.slice(0, TABLED)
          .map(({ label, named, count: n }) => [nameOf(label), nameOf(named), count(n)]),
      },
  );
}

/** An axis of classes, each name in its class's colour. @param labels As texts. */
export function classAxis(labels: readonly string[], tickFormat: (label: string) => string) {
  return Plot.axisY(labels, {
    label: "class",
    ...ANCHORED,
    tickSize: 3,
    tickFormat,
    fill: (label: string) => classColour(Number(label)),
  });
}

/** At most 24 of the names, evenly, as ticks of an axis. */
function thinnedTicks(names: readonly string[]): string[] {
  const stride = Math.ceil(names.length / 24);
  return names.filter((_, i) => i % stride === 0);
}

function mistakesList(predictions: Predictions, samples: Samples): Markup {
  const mistakes = mistakesOf(predictions), word = wordOf(samples);
  if (mistakes.length === 0) return html`<p>No test ${word} was given a wrong name.</p>`;
  const were = mistakes.length === 1 ? "was" : "were",
    all = counted(predictions.labels.length, `test ${word}`);
  return html`<h3>The most confident mistakes</h3>
<p>${count(mistakes.length)} of ${all} ${were} given a wrong name. ${
    mistakes.length > MISTAKES ? `These ${MISTAKES} with the highest probability:` : "The surest come first:"
  }</p>
${mistakeItems(samples, predictions, mistakes.slice(0, MISTAKES))}`;
}

/** Misclassified samples as a list of pictures, with what each was taken for. */
export function mistakeItems(
  samples: Samples,
  { names, labels, predicted, confidence }: Predictions,
  mistakes: readonly number[],
): Markup {
  const word = wordOf(samples);
  const items = mistakes.map((i) => {
    const name = className(names, labels[i]!);
    return html`
      <li>${sampleFigure(samples, i, `Test ${word} ${count(i)} (${name})`)}
      <span>${colouredName(names, labels[i]!)} taken for ${colouredName(names, predicted[i]!)}</span>
      <span>${probability(confidence[i]!)}</span>
      <span class="note">${word} ${count(i)}</span></li>
    `;
  });
  return html`<ul class="pictures ${word}">${items}</ul>`;
}
