/** Runs side by side, as one page. */
import * as Plot from "@observablehq/plot";
import { isDeepStrictEqual as deepEqual } from "node:util";
import { count, counted, duration, loss } from "../text/figures.ts";
import { sameFeatures } from "../data/events.ts";
import { type Samples, wordOf } from "../data/samples.ts";
import { feedForwardNetwork, notebookNetwork } from "../network/presets.ts";
import { parseNetworkSpec } from "../network/spec.ts";
import { NOTEBOOK } from "../runs/compare.ts";
import type { Score } from "../training/trainer.ts";
import { sizesOf } from "../network/words.ts";
import { disagreementSection, sameSamples } from "./disagreement.ts";
import { lossAxis, pointsOf, smoothed, smoothingOf } from "./learning.ts";
import { classAxis } from "./classes.ts";
import { figure, html, legend, type Markup, section, table } from "./markup.ts";
import { renderPage } from "./page.ts";
import { axis, line, lossTicks, SERIES, tickPercent } from "./plot_parts.ts";
import { draw } from "./plots.ts";
import {
  classesIn,
  confusionMatrix,
  figuresOfClasses,
  hiddenSpikes,
  type Predictions,
  scoreOf,
  wilsonInterval,
} from "./predictions.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { type ComparedRun, comparisonSummary } from "./comparison_summary.ts";
import { differencesOf, marksOf } from "./differences.ts";
import { optionInWords } from "./option_words.ts";
import { commandOf, dataOf, optionsOf } from "./run_facts.ts";
import { className, classTicks, parameterCount, percent } from "./words.ts";

export type { ComparedRun };

/** Dash patterns, which distinguish runs besides their colours. */
const DASHES = ["none", "6 3", "2 3", "8 3 2 3", "12 4", "1 2"];
/** Maximum number of runs: each has a distinct pair of a dash and a colour, which two runs share. */
export const MOST_RUNS = 2 * SERIES.length;
const MOST_POINTS = 400;
/** Settings in the table of what tells runs apart. */
const MOST_DIFFERENCES = 40;

/** “a, b and c” */
const NAMES = new Intl.ListFormat("en-GB", { type: "conjunction" });

/** Renders the page. */
export function comparisonPage(compared: readonly ComparedRun[]): Promise<string> {
  const names = namesOf(compared), marks = marksOf(compared.map(({ run }) => run));
  const marked = names.map((name, i) => marks[i] === "" ? name : `${name} (${marks[i]})`);
  const warnings = otherData(compared, names);
  return renderPage({
    title: NAMES.format(names),
    lead: [`${counted(compared.length, "run")} side by side`],
    summary: comparisonSummary(compared, names, warnings.length === 0),
    tiles: compared.flatMap(({ predictions, samples }, i) => {
      if (!predictions || !samples) return [];
      const { accuracy, correct, total } = scoreOf(predictions);
      return [{
        name: names[i]!,
        value: percent(accuracy),
        note: [marks[i]!, `${count(correct)} of ${counted(total, `test ${wordOf(samples)}`)}`]
          .filter((part) => part !== "").join("; "),
      }];
    }),
    warnings: compared.flatMap(({ run }, i) => [
      ...(run.metadata && run.metadata.state !== "finished"
        ? [`${names[i]}: its state is “${run.metadata.state}”.`]
        : []),
      ...(run.model ? [] : [`${names[i]}: it has no model, so its accuracy is left out.`]),
    ]).concat(warnings),
    sections: [
      ["figures", "Side by side", figuresSection(compared, names)],
      ["notebook", "The notebook's table", notebookSection(compared, names)],
      ["learning", "Learning", curvesSection(compared, marked)],
      ["classes", "Accuracy per class", classesSection(compared, names, marked)],
      ["disagreement", "Where they disagree", disagreementSection(compared, names)],
      ["options", "Options and commands", optionsSection(compared, names)],
    ],
  });
}

/** Notice that runs were measured on different data, so that their figures are not comparable. */
function otherData(compared: readonly ComparedRun[], names: readonly string[]): string[] {
  const measured = compared.flatMap(({ samples, predictions }, i) =>
    samples && predictions ? [{ samples, predictions, name: names[i]! }] : []
  );
  const [first, ...others] = measured;
  if (!first || others.every((other) => sameData(first, other))) return [];
  const list = measured.map(({ name, samples }) =>
    `${name} on ${counted(samples.count, wordOf(samples))} of ${samples.name}`
  );
  return [
    `They were measured on different data: ${
      NAMES.format(list)
    }. Their accuracies and losses are not comparable; ` +
    "--data names one test set for all.",
  ];
}

/** A data set with a model's predictions for it. */
interface Measured {
  readonly samples: Samples;
  readonly predictions: Predictions;
}

/** Whether test samples match: the same classes in order, and one data set or the same features. */
function sameData(a: Measured, b: Measured): boolean {
  if (!sameSamples(a.predictions, b.predictions)) return false;
  if (a.samples.name === b.samples.name) return true; // features differ where networks take pictures of other sizes
  return sameFeatures(a.samples.features, b.samples.features);
}

/** The runs' names, with their folders where two runs share a name. */
function namesOf(compared: readonly ComparedRun[]): string[] {
  const names = compared.map(({ run }) => run.name);
  return new Set(names).size === names.length
    ? names
    : compared.map(({ run }, i) => `${i + 1}. ${run.modelPath ?? run.directory}`);
}

/** Each run and its scores as a table. */
function figuresSection(compared: readonly ComparedRun[], names: readonly string[]): Markup {
  const row = (name: string, write: (run: ComparedRun) => string | undefined) =>
    [name, ...compared.map((run) => write(run) ?? "–")] as const;
  const tested = (write: (score: Score) => string) => ({ predictions }: ComparedRun) =>
    predictions && write(scoreOf(predictions));
  const counts = (value: number | undefined) => value === undefined ? undefined : count(value);
  const differences = differencesOf(compared.map(({ run }) => run));
  return section(
    "figures",
    "Side by side",
    differences.length === 0 ? "" : html`<div class="words">${
      table({
        caption: "What tells them apart",
        head: ["setting", ...names],
        rows: differences.slice(0, MOST_DIFFERENCES).map(({ name, values }) => [name, ...values]),
      })
    }</div>`,
    table({
      caption: "Each run, and its model on the test set",
      head: ["quantity", ...names],
      rows: [
        row("network", ({ run }) => run.model && sizesOf(run.model.spec)),
        row("steps", ({ run }) => run.model && count(run.model.spec.steps)),
        row("parameters", ({ run }) => run.model && parameterCount(run.model.parameters)),
        row("accuracy", tested(({ accuracy }) => percent(accuracy))),
        row(
          "its 95 % interval",
          tested(({ correct, total }) =>
            wilsonInterval(correct, total).map((share) => percent(share)).join(" to ")
          ),
        ),
        row("loss", tested((score) => loss(score.loss))),
        row(
          "hidden spikes a sample",
          ({ run: { model }, predictions }) =>
            predictions && model && model.spec.steps > 1 ? count(hiddenSpikes(predictions)) : undefined,
        ),
        row("training samples", ({ run: { metrics } }) => counts(pointsOf(metrics).at(-1)?.seen)),
        row(
          "training time",
          ({ run: { metadata } }) => metadata?.result && duration(metadata.result.seconds),
        ),
        row("samples a second", ({ run: { metadata } }) => counts(metadata?.result?.samplesPerSecond)),
      ],
    }),
  );
}

/** The notebook's training options, by their names in `run.json`. */
const NOTEBOOK_OPTIONS: Readonly<Record<string, string>> = {
  epochs: "1",
  batchSize: "1000",
  "step.kind": "sgd",
  "step.learningRate": "0.1",
  "step.momentum": "0.5",
};

/** A run's differences from the notebook, in words. */
function departuresOf({ metadata, model }: RecordedRun): string[] {
  const options = new Map(metadata ? optionsOf(metadata) : []);
  const trained = [...options].filter(([name, value]) =>
    // An optimizer's constants that the notebook lacks, such as a weight decay, differ if they are not 0.
    name in NOTEBOOK_OPTIONS ? value !== NOTEBOOK_OPTIONS[name] : name.startsWith("step.") && value !== "0"
  ).map(([name, value]) =>
    `${name} ${value}${name in NOTEBOOK_OPTIONS ? ` for ${NOTEBOOK_OPTIONS[name]}` : ""}`
  );
  if (options.has("limit")) trained.push(`the first ${options.get("limit")} samples alone`);
  const network = options.get("model") === "feed-forward" ? feedForwardNetwork() : notebookNetwork();
  if (model && !deepEqual(model.spec, parseNetworkSpec(network))) trained.push("another network");
  return trained;
}

/** The runs of the notebook's two networks, beside the figures of its closing table. */
function notebookSection(compared: readonly ComparedRun[], names: readonly string[]): Markup | undefined {
  const rows = compared.flatMap(({ run, predictions }, i) => {
    const model = run.metadata?.options.model ?? run.model?.metadata.model ?? "";
    const theirs = NOTEBOOK[model];
    if (!theirs || !predictions) return [];
    const ours = scoreOf(predictions);
    return [[
      `${model === "notebook" ? "spiking" : "feed-forward"}: ${names[i]}`,
      percent(ours.accuracy),
      percent(theirs.accuracy),
      loss(ours.loss),
      loss(theirs.loss),
    ]];
  });
  if (rows.length === 0) return undefined;
  const others = compared.flatMap(({ run }, i) => {
    const different = departuresOf(run);
    return different.length > 0 ? [`${names[i]}: ${different.join(", ")}.`] : [];
  });
  return section(
    "notebook",
    "The notebook's closing table",
    table({
      caption: "Beside what the notebook reports of its two networks, each trained once for one epoch",
      head: ["network", "accuracy", "notebook", "loss", "notebook"],
      rows,
    }),
    html`<p>One run says little, since one epoch of that recipe scatters from seed to seed: <code>deno task compare</code> trains both
networks over several seeds.${
      others.length > 0 ? ` Trained otherwise than the notebook: ${others.join(" ")}` : ""
    }</p>`,
  );
}

function legendOf(names: readonly string[]): Markup {
  return legend(names.map((name, i) => [colourOf(i), name, dashOf(i)]));
}

function colourOf(run: number): string {
  return SERIES[run % SERIES.length]!;
}

/** A run's dash pattern: two runs of one colour have different ones, and neighbours differ in both. */
function dashOf(run: number): string {
  return DASHES[(run + 3 * Math.floor(run / SERIES.length)) % DASHES.length]!;
}

/** Smoothed learning curves of all runs. */
function curvesSection(compared: readonly ComparedRun[], names: readonly string[]): Markup | undefined {
  if (compared.every(({ run }) => run.metrics.length === 0)) return undefined;
  const curves = compared.map(({ run }) => {
    const points = pointsOf(run.metrics);
    return smoothed(points, smoothingOf(points.length));
  });
  const plot = (quantity: "loss" | "accuracy", label: string) => {
    const write = quantity === "loss" ? loss : percent;
    const ends = curves.flatMap((curve, i) => {
      const last = curve.at(-1);
      return last ? [`${names[i]} ends at ${write(last[quantity])}`] : [];
    });
    return draw({
      height: 270,
      x: axis("training samples seen", { tickFormat: "~s", ticks: 4 }),
      y: axis(label, {
        grid: true,
        ...(quantity === "accuracy"
          ? { domain: [0, 1], tickFormat: tickPercent }
          : { zero: true, ...lossTicks(curves.flat().map(({ loss }) => loss)) }),
      }),
      marks: curves.map((curve, i) =>
        line(curve, ["seen", quantity], MOST_POINTS, {
          stroke: colourOf(i),
          strokeWidth: 2,
          strokeDasharray: dashOf(i),
        })
      ),
    }, `${label} over training: ${ends.join(", ")}`);
  };
  return section(
    "learning",
    "Learning",
    legendOf(names),
    html`<div class="grid">${
      figure(
        plot("loss", lossAxis(compared.map(({ run }) => run.model?.spec.loss.kind))),
        "Loss while training, smoothed.",
      )
    }${figure(plot("accuracy", "accuracy"), "Accuracy while training, smoothed.")}</div>`,
  );
}

/** Accuracy of each class, a dot a run. */
function classesSection(
  compared: readonly ComparedRun[],
  names: readonly string[],
  marked: readonly string[],
): Markup | undefined {
  const data = compared.flatMap(({ predictions }, i) => {
    if (!predictions) return [];
    const classes = classesIn(predictions);
    return figuresOfClasses(confusionMatrix(predictions, classes), classes).filter(({ total }) => total > 0)
      .map(({ label, total, correct }) => {
        const [low, high] = wilsonInterval(correct, total);
        const name = predictions.names[label] ?? String(label);
        return { run: i, label: name, accuracy: correct / total, low, high };
      });
  });
  if (data.length === 0) return undefined;
  // Classes match by name, since models may number them differently; the first model that has a class decides its place.
  const order = [...new Set(compared.flatMap(({ predictions }) => predictions?.names ?? []))];
  const known = order.filter((name) => data.some(({ label }) => label === name));
  // Plots identify classes by place, since shortened names may be equal.
  const labels = known.map((_, place) => String(place)), { tickFormat, room } = classTicks(known, labels);
  const least = Math.min(...data.map(({ low }) => low));
  const runs = compared.map((_, i) => i).filter((i) => compared[i]!.predictions);
  // More than six runs take higher rows, so that their dots do not overlap.
  const row = 30 + 3 * Math.max(0, runs.length - 6);
  const offset = (run: number) =>
    (runs.indexOf(run) - (runs.length - 1) / 2) * Math.min(6, (row - 12) / runs.length);
  const picture = draw({
    height: Math.max(160, row * labels.length + 60),
    marginLeft: Math.max(64, 36 + room),
    x: axis("accuracy", { domain: [Math.floor(10 * least) / 10, 1], tickFormat: tickPercent, grid: true }),
    y: axis("class", { domain: labels }),
    marks: [
      classAxis(labels, tickFormat),
      ...runs.flatMap((run) => {
        const own = data.filter((each) => each.run === run)
          .map((each) => ({ ...each, place: String(known.indexOf(each.label)) }));
        return [
          Plot.ruleY(own, {
            x1: "low",
            x2: "high",
            y: "place",
            dy: offset(run),
            stroke: colourOf(run),
            strokeWidth: 1.5,
          }),
          // Of two runs of one colour the second has open dots.
          Plot.dot(own, {
            x: "accuracy",
            y: "place",
            r: 3.5,
            dy: offset(run),
            stroke: colourOf(run),
            fill: run < SERIES.length ? colourOf(run) : "var(--paper)",
          }),
        ];
      }),
    ],
  }, `Accuracy per class of ${names.join(", ")}`);
  return section(
    "classes",
    "Accuracy per class",
    legendOf(marked),
    html`<div class="grid">${
      figure(picture, "The line is where the true share lies with 95 % confidence (Wilson).")
    }${
      table({
        caption: "Accuracy of each class",
        head: ["class", ...runs.map((run) => names[run]!)],
        rows: known.map((label, place) => [
          className(known, place),
          ...runs.map((run) => {
            const found = data.find((each) => each.run === run && each.label === label);
            return found ? percent(found.accuracy) : "–";
          }),
        ]),
      })
    }</div>`,
  );
}

/** Options side by side, those that differ marked; and the commands. */
function optionsSection(compared: readonly ComparedRun[], names: readonly string[]): Markup | undefined {
  const all = compared.map(({ run }) => new Map(run.metadata ? optionsOf(run.metadata) : []));
  const keys = [...new Set(all.flatMap((options) => [...options.keys()]))].filter((key) => key !== "name");
  if (keys.length === 0) return undefined;
  compared.forEach(({ run: { metadata } }, i) => metadata && all[i]!.set("data", dataOf(metadata)));
  const rows = [...new Set([...keys, "data"])];
  const commands = compared.flatMap(({ run }, i) => {
    const command = run.metadata && commandOf(run.metadata);
    return command === undefined ? [] : [html`
      <h3>${names[i]}</h3>
      <pre tabindex="0"><code>${command}</code></pre>
    `];
  });
  return section(
    "options",
    "Options and commands",
    html`<div class="words">${
      table({
        caption: "Options; those that differ are bold",
        head: ["option", ...names],
        rows: rows.map((key) => {
          const said = all.map((options) => optionInWords([key, options.get(key) ?? "–"]));
          const differ = new Set(said.map(([, value]) => value)).size > 1;
          return [said[0]![0], ...said.map(([, value]) => differ ? html`<b>${value}</b>` : value)];
        }),
      })
    }</div>`,
    ...commands,
  );
}
