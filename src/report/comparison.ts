/**
 * Runs side by side, as one page.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { isDeepStrictEqual as deepEqual } from "node:util";
import { count, counted, duration, loss } from "../text/figures.ts";
import { type Samples, wordOf } from "../data/samples.ts";
import { feedForwardNetwork, notebookNetwork } from "../network/presets.ts";
import { parseNetworkSpec } from "../network/spec.ts";
import { NOTEBOOK } from "../runs/compare.ts";
import { sizesOf } from "../network/words.ts";
import { disagreementSection, sameSamples } from "./disagreement.ts";
import { lossAxis, type Point, pointsOf, smoothed, smoothingOf } from "./learning.ts";
import { figure, html, legend, type Markup, section, table } from "./markup.ts";
import { renderPage } from "./page.ts";
import { axis, draw, lossTicks, SERIES, thinned, tickPercent } from "./plots.ts";
import {
  classesIn,
  confusionMatrix,
  figuresOfClasses,
  type Predictions,
  scoreOf,
  wilsonInterval,
} from "./predictions.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { commandOf, optionsOf } from "./run_facts.ts";
import { className, classTicks, percent } from "./words.ts";

/** A run, with its model's predictions on the test set if it has a model. */
export interface ComparedRun {
  readonly run: RecordedRun;
  readonly samples?: Samples;
  readonly predictions?: Predictions;
}

/** Dash patterns, which distinguish runs besides their colours. */
const DASHES = ["none", "6 3", "2 3", "8 3 2 3", "12 4", "1 2"];
/** Maximum number of runs: each has a distinct pair of a dash and a colour, which two runs share. */
export const MOST_RUNS = 2 * SERIES.length;
const MOST_POINTS = 400;

/** “a, b and c” */
const NAMES = new Intl.ListFormat("en-GB", { type: "conjunction" });

/** Writes the page. */
export function comparisonPage(compared: readonly ComparedRun[]): Promise<string> {
  const names = namesOf(compared);
  const sections: (readonly [id: string, name: string, content: Markup | undefined])[] = [
    ["figures", "Side by side", figuresSection(compared, names)],
    ["notebook", "The notebook's table", notebookSection(compared, names)],
    ["learning", "Learning", curvesSection(compared, names)],
    ["classes", "Accuracy per class", classesSection(compared, names)],
    ["disagreement", "Where they disagree", disagreementSection(compared, names)],
    ["options", "Options and commands", optionsSection(compared, names)],
  ];
  const present = sections.flatMap(([id, name, content]) =>
    content === undefined ? [] : [{ id, name, content }]
  );
  return renderPage({
    title: NAMES.format(names),
    lead: `${counted(compared.length, "run")} side by side`,
    tiles: compared.flatMap(({ predictions, samples }, i) => {
      if (!predictions || !samples) return [];
      const { accuracy, correct, total } = scoreOf(predictions);
      return [{
        name: names[i]!,
        value: percent(accuracy),
        note: `${count(correct)} of ${counted(total, `test ${wordOf(samples)}`)}`,
      }];
    }),
    warnings: compared.flatMap(({ run }, i) => [
      ...(run.metadata && run.metadata.state !== "finished"
        ? [`${names[i]}: its state is “${run.metadata.state}”.`]
        : []),
      ...(run.model ? [] : [`${names[i]}: it has no model, so nothing is said of its accuracy.`]),
    ]).concat(otherData(compared, names)),
    contents: present.map(({ id, name }) => [id, name]),
    sections: present.map(({ content }) => content),
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
    }. Their accuracies and losses do not compare; --data names one ` +
    "test set for all.",
  ];
}

/** Whether test samples match: the same classes in order, and one data set or the same features. */
function sameData(
  a: Required<Pick<ComparedRun, "samples" | "predictions">>,
  b: Required<Pick<ComparedRun, "samples" | "predictions">>,
): boolean {
  if (!sameSamples(a.predictions, b.predictions)) return false;
  if (a.samples.name === b.samples.name) return true; // pictures are scaled to what a network takes
  const one = a.samples.features, other = b.samples.features;
  return one.length === other.length && one.every((value, i) => value === other[i]);
}

/** The runs' names, with their folders where two runs share a name. */
function namesOf(compared: readonly ComparedRun[]): string[] {
  const names = compared.map(({ run }) => run.name);
  return new Set(names).size === names.length
    ? names
    : compared.map(({ run }, i) => `${i + 1}. ${run.modelPath ?? run.directory}`);
}

/** The measurements of each run. */
function figuresSection(compared: readonly ComparedRun[], names: readonly string[]): Markup {
  const row = (name: string, write: (run: ComparedRun) => string | undefined) =>
    [name, ...compared.map((run) => write(run) ?? "–")] as const;
  const tested = (write: (predictions: Predictions) => string) => ({ predictions }: ComparedRun) =>
    predictions && write(predictions);
  return section(
    "figures",
    "Side by side",
    table({
      caption: "Each run, and its model on the test set",
      head: ["quantity", ...names],
      rows: [
        row("network", ({ run }) => run.model && sizesOf(run.model.spec)),
        row("steps", ({ run }) => run.model && count(run.model.spec.steps)),
        row("parameters", ({ run }) => run.model && count(parametersOf(run.model.parameters))),
        row("accuracy", tested((predictions) => percent(scoreOf(predictions).accuracy))),
        row(
          "its 95 % interval",
          tested((predictions) => {
            const { correct, total } = scoreOf(predictions);
            return wilsonInterval(correct, total).map(percent).join(" to ");
          }),
        ),
        row("loss", tested((predictions) => loss(scoreOf(predictions).loss))),
        row(
          "hidden spikes a sample",
          ({ run, predictions }) =>
            predictions && run.model && run.model.spec.steps > 1
              ? count(predictions.spikes.reduce((sum, n) => sum + n, 0) / predictions.spikes.length)
              : undefined,
        ),
        row(
          "training samples",
          ({ run }) => run.metrics.length > 0 ? count(pointsOf(run.metrics).at(-1)!.seen) : undefined,
        ),
        row("training time", ({ run }) => run.metadata?.result && duration(run.metadata.result.seconds)),
        row(
          "samples a second",
          ({ run: { metadata } }) =>
            metadata?.result?.samplesPerSecond === undefined
              ? undefined
              : count(metadata.result.samplesPerSecond),
        ),
      ],
    }),
  );
}

function parametersOf(parameters: ReadonlyMap<string, Float32Array>): number {
  return parameters.values().reduce((sum, { length }) => sum + length, 0);
}

/** How the notebook trained, by the options' names in `run.json`. */
const NOTEBOOK_OPTIONS: Readonly<Record<string, string>> = {
  epochs: "1",
  batchSize: "1000",
  "step.kind": "sgd",
  "step.learningRate": "0.1",
  "step.momentum": "0.5",
};

/** A run's differences from the notebook, in words. */
function otherwise({ metadata, model }: RecordedRun): string[] {
  const options = new Map(metadata ? optionsOf(metadata) : []);
  const trained = [...options].filter(([name, value]) =>
    // Constants that the notebook has none of, such as a weight decay, count where they are not 0.
    name in NOTEBOOK_OPTIONS ? value !== NOTEBOOK_OPTIONS[name] : name.startsWith("step.") && value !== "0"
  ).map(([name, value]) =>
    `${name} ${value}${name in NOTEBOOK_OPTIONS ? ` for ${NOTEBOOK_OPTIONS[name]}` : ""}`
  );
  if (options.has("limit")) trained.push(`the first ${options.get("limit")} samples alone`);
  const theirs = options.get("model") === "feed-forward" ? feedForwardNetwork() : notebookNetwork();
  if (model && !deepEqual(model.spec, parseNetworkSpec(theirs))) trained.push("another network");
  return trained;
}

/** The notebook's closing table, with the runs of its two networks beside its own figures. */
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
    const different = otherwise(run);
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

/** Of two runs of one colour, another; with a dash beside it, so that neighbours differ in both. */
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
    const ends = curves.flatMap((curve, i) =>
      curve.length > 0
        ? [
          `${names[i]} ends at ${
            quantity === "loss" ? loss(curve.at(-1)!.loss) : percent(curve.at(-1)!.accuracy)
          }`,
        ]
        : []
    );
    return draw({
      height: 270,
      x: axis("training samples seen", { tickFormat: "~s", ticks: 6 }),
      y: axis(label, {
        grid: true,
        ...(quantity === "accuracy"
          ? { domain: [0, 1], tickFormat: tickPercent }
          : { zero: true, ...lossTicks(curves.flat().map(({ loss }) => loss)) }),
      }),
      marks: curves.map((curve, i) =>
        Plot.lineY(thinned(curve, (point: Point) => point[quantity], MOST_POINTS), {
          x: "seen",
          y: quantity,
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
        plot(
          "loss",
          lossAxis(compared.map(({ run }) => run.model?.spec.loss.kind)),
        ),
        "Loss while training, smoothed.",
      )
    }${figure(plot("accuracy", "accuracy"), "Accuracy while training, smoothed.")}</div>`,
  );
}

/** Accuracy of each class, a dot a run. */
function classesSection(compared: readonly ComparedRun[], names: readonly string[]): Markup | undefined {
  const data = compared.flatMap(({ predictions }, i) => {
    if (!predictions) return [];
    const classes = classesIn(predictions);
    return figuresOfClasses(confusionMatrix(predictions, classes), classes).filter(({ total }) => total > 0)
      .map(({ label, total, correct }) => ({
        run: i,
        label: predictions.names[label] ?? String(label),
        accuracy: correct / total,
        interval: wilsonInterval(correct, total),
      }));
  });
  if (data.length === 0) return undefined;
  // Classes match by name, since models may number them differently; their order is that of the first model that has them.
  const order = [...new Set(compared.flatMap(({ predictions }) => predictions?.names ?? []))];
  const known = order.filter((name) => data.some(({ label }) => label === name));
  // Plots tell classes apart by their place, for names may be cut to the same few letters.
  const labels = known.map((_, place) => String(place)), { tickFormat, room } = classTicks(known, labels);
  const least = Math.min(...data.map(({ interval }) => interval[0]));
  const runs = compared.map((_, i) => i).filter((i) => compared[i]!.predictions);
  // More runs than six take higher rows, so that their dots do not lie on each other.
  const row = 30 + 3 * Math.max(0, runs.length - 6);
  const offset = (run: number) =>
    (runs.indexOf(run) - (runs.length - 1) / 2) * Math.min(6, (row - 12) / runs.length);
  const picture = draw({
    height: Math.max(160, row * labels.length + 60),
    marginLeft: Math.max(64, 36 + room),
    x: axis("accuracy", { domain: [Math.floor(10 * least) / 10, 1], tickFormat: tickPercent, grid: true }),
    y: axis("class", { domain: labels, tickFormat }),
    marks: runs.flatMap((run) => {
      const own = data.filter((each) => each.run === run)
        .map((each) => ({ ...each, place: String(known.indexOf(each.label)) }));
      return [
        Plot.ruleY(own, {
          x1: (each: typeof own[number]) => each.interval[0],
          x2: (each: typeof own[number]) => each.interval[1],
          y: "place",
          stroke: colourOf(run),
          strokeWidth: 1.5,
          dy: offset(run),
        }),
        // Of two runs of one colour the second has open dots.
        Plot.dot(own, {
          x: "accuracy",
          y: "place",
          stroke: colourOf(run),
          fill: run < SERIES.length ? colourOf(run) : "var(--paper)",
          r: 3.5,
          dy: offset(run),
        }),
      ];
    }),
  }, `Accuracy per class of ${names.join(", ")}`);
  return section(
    "classes",
    "Accuracy per class",
    legendOf(names),
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
        rows: keys.map((key) => {
          const values = all.map((options) => options.get(key) ?? "–");
          const differ = new Set(values).size > 1;
          return [key, ...values.map((value) => differ ? html`<b>${value}</b>` : value)];
        }),
      })
    }</div>`,
    ...commands,
  );
}
