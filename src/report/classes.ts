/**
 * What a network gets right and wrong: accuracy per class, confusion matrix, the most confident mistakes.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { count } from "../figures.ts";
import type { Samples } from "../data/samples.ts";
import { sampleImage } from "./images.ts";
import { figure, html, type Markup, section } from "./markup.ts";
import { axis, COLOURS, draw, tickPercent } from "./plots.ts";
import {
  classesIn,
  type ClassFigures,
  confusionMatrix,
  figuresOfClasses,
  mistakesOf,
  type Predictions,
  wilsonInterval,
} from "./predictions.ts";
import { percent, probability } from "./words.ts";

const MISTAKES = 16;
/** Cells of the confusion matrix that are drawn: of more, those with the most images. */
const MOST_CELLS = 1500;
/** Above this, cells are too small for numbers. */
const NUMBERED = 16;
/** Above this, pairs that are confused most stand in place of a whole table. */
const TABLED = 20;

/** The section. */
export function classesSection(predictions: Predictions, samples: Samples): Markup {
  const classes = classesIn(predictions);
  const confusion = confusionMatrix(predictions, classes);
  return section(
    "classes",
    "What it gets right and wrong",
    html`<div class="grid">
${accuracyFigure(figuresOfClasses(confusion, classes))}
${confusionFigure(confusion, classes)}
</div>`,
    mistakesList(predictions, samples),
  );
}

function accuracyFigure(figures: readonly ClassFigures[]): Markup {
  const data = figures.filter(({ total }) => total > 0).map(({ label, total, correct }) => {
    const [low, high] = wilsonInterval(correct, total);
    return { label: String(label), accuracy: correct / total, low, high };
  });
  const worst = data.toSorted((a, b) => a.accuracy - b.accuracy)[0]!;
  const best = data.toSorted((a, b) => b.accuracy - a.accuracy)[0]!;
  const picture = draw(
    {
      height: 300,
      x: axis("accuracy", { domain: [0, 1], tickFormat: tickPercent, grid: true }),
      y: axis("class", { domain: data.map(({ label }) => label) }),
      marks: [
        Plot.barX(data, {
          x: "accuracy",
          y: "label",
          fill: COLOURS.blue,
          fillOpacity: 0.75,
          insetTop: 2,
          insetBottom: 2,
        }),
        Plot.ruleY(data, { x1: "low", x2: "high", y: "label", stroke: COLOURS.ink, strokeWidth: 2 }),
        Plot.ruleX([0]),
      ],
    },
    `Accuracy per class: from ${percent(worst.accuracy)} for ${worst.label} to ${
      percent(best.accuracy)
    } for ${best.label}`,
  );
  return figure(
    picture,
    "Share of each class that was named rightly. The thin line is where the true share lies with 95 % confidence (Wilson).",
    {
      caption: "Each class on the test set",
      head: ["class", "images", "named rightly", "accuracy", "given this name", "of them rightly"],
      rows: figures.map(({ label, total, correct, named }) => [
        String(label),
        count(total),
        count(correct),
        total > 0 ? percent(correct / total) : "–",
        count(named),
        named > 0 ? percent(correct / named) : "–",
      ]),
    },
  );
}

function confusionFigure(confusion: readonly (readonly number[])[], classes: readonly number[]): Markup {
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
  const drawn = cells.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count).slice(
    0,
    MOST_CELLS,
  );
  const names = classes.map(String);
  const most = cells.filter(({ right }) => !right).toSorted((a, b) => b.count - a.count);
  const numbered = classes.length <= NUMBERED;
  const strength = ({ share }: { readonly share: number }) => Math.sqrt(share);
  const picture = draw(
    {
      height: 420,
      marginTop: 20,
      x: axis("named", { domain: names, ticks: every(names) }),
      y: axis("class", { domain: names, ticks: every(names) }),
      opacity: { type: "identity" },
      marks: [
        Plot.cell(drawn, {
          x: "named",
          y: "label",
          fill: ({ right }: typeof cells[number]) => right ? COLOURS.blue : COLOURS.vermillion,
          fillOpacity: strength,
          inset: 0.5,
          title: ({ label, named, count: n, share }: typeof cells[number]) =>
            `${label} named ${named}: ${count(n)} images, ${percent(share)} of its class`,
        }),
        Plot.text(numbered ? drawn : [], {
          x: "named",
          y: "label",
          text: ({ count: n }: typeof cells[number]) => String(n),
          fill: (cell: typeof cells[number]) => strength(cell) > 0.6 ? "var(--on-colour)" : COLOURS.ink,
          fontSize: 11,
        }),
      ],
    },
    `Confusion matrix; most often ${
      most.slice(0, 3).map(({ label, named, count: n }) => `${label} was named ${named} (${count(n)} times)`)
        .join(", ")
    }`,
  );
  return figure(
    picture,
    "Test images of each class (rows) by the name they were given (columns). Blue is right, vermillion wrong; the stronger, " +
      "the larger a share of its class.",
    classes.length <= TABLED
      ? {
        caption: "Images of each class (rows) by their given name (columns)",
        head: ["class", ...names.map((name) => `as ${name}`)],
        rows: confusion.map((row, i) => [names[i]!, ...row.map(count)]),
      }
      : {
        caption: "Pairs of classes that were confused most",
        head: ["class", "named", "images"],
        rows: most.slice(0, TABLED).map(({ label, named, count: n }) => [label, named, count(n)]),
      },
  );
}

/** At most so many names as an axis has room for. */
function every(names: readonly string[]): string[] {
  const stride = Math.ceil(names.length / 24);
  return names.filter((_, i) => i % stride === 0);
}

function mistakesList(predictions: Predictions, samples: Samples): Markup {
  const { labels, predicted, confidence } = predictions;
  const mistakes = mistakesOf(predictions);
  if (mistakes.length === 0) return html`<p>No test image was given a wrong name.</p>`;
  return html`<h3>The most confident mistakes</h3>
<p>${count(mistakes.length)} of ${count(labels.length)} test images were given a wrong name. ${
    mistakes.length > MISTAKES ? `These ${MISTAKES} with the highest probability:` : "The surest come first:"
  }</p>
<ul class="pictures">${
    mistakes.slice(0, MISTAKES).map((i) =>
      html`
        <li><img class="sample" src="${sampleImage(
          samples,
          i,
        )}" width="84" height="84" alt="Test image ${count(
          i,
        )}, a ${labels[i]}"><span><b>${labels[i]}</b> taken for <b>${predicted[
          i
        ]}</b></span><span>${probability(confidence[i]!)}</span><span class="note">image ${count(
          i,
        )}</span></li>
      `
    )
  }</ul>`;
}
