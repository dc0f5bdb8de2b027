/**
 * Learning curves: loss, accuracy, firing rate and gradient norms while a network trained.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { count, loss } from "../text/figures.ts";
import { gradientFigure } from "./gradients.ts";
import { figure, html, legend, type Markup, section, type Table, table } from "./markup.ts";
import { axis, COLOURS, draw, lossTicks, thinned, tickPercent } from "./plots.ts";
import type { BatchMetrics, EpochMetrics } from "./recorded_run.ts";
import { percent } from "./words.ts";

/** A point of a curve. */
export interface Point {
  /** Training samples seen by its end. */
  readonly seen: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly firingRate: number;
}

/** Quantity of a curve. */
export type Quantity = "loss" | "accuracy" | "firingRate";

/** Score after training, for the end of a curve. */
export interface Measured {
  readonly loss: number;
  readonly accuracy: number;
}

/** Maximum number of points of a drawn line; more would be invisible. */
const MOST_POINTS = 600;
const MOST_ROWS = 12;

const MEANING: Readonly<
  Record<Quantity, { readonly axis: string; readonly write: (value: number) => string }>
> = {
  loss: { axis: "loss (mean of a sample)", write: loss },
  accuracy: { axis: "accuracy", write: percent },
  firingRate: { axis: "spikes a hidden unit and step", write: percent },
};

/** The axis of a loss, with its unit where it has one. */
export function lossAxis(kinds: readonly (string | undefined)[]): string {
  return kinds.every((kind) => kind === "crossEntropy")
    ? "loss (mean cross-entropy, nats)"
    : MEANING.loss.axis;
}

/** A point for each batch. */
export function pointsOf(metrics: readonly BatchMetrics[]): Point[] {
  let seen = 0;
  return metrics.map(({ samples, loss, accuracy, firingRate }) => ({
    seen: seen += samples,
    loss,
    accuracy,
    firingRate,
  }));
}

/** How many batches a smoothed point is the mean of: a twentieth of all, 50 at most. */
export function smoothingOf(batches: number): number {
  return Math.max(1, Math.min(50, Math.round(batches / 20)));
}

/** The mean of each point and those before it, `width` in all; fewer at the beginning. */
export function smoothed(points: readonly Point[], width: number): Point[] {
  const mean = (window: readonly Point[], pick: Quantity) =>
    window.reduce((sum, point) => sum + point[pick], 0) / window.length;
  return points.map(({ seen }, i) => {
    const window = points.slice(Math.max(0, i + 1 - width), i + 1);
    return {
      seen,
      loss: mean(window, "loss"),
      accuracy: mean(window, "accuracy"),
      firingRate: mean(window, "firingRate"),
    };
  });
}

/** Means over each epoch, at the samples seen by its end. */
export function epochMeans(metrics: readonly BatchMetrics[]): (Point & { readonly epoch: number })[] {
  const epochs = new Map<number, { metrics: BatchMetrics[]; seen: number }>();
  let seen = 0;
  for (const batch of metrics) {
    seen += batch.samples;
    const epoch = epochs.get(batch.epoch) ?? { metrics: [], seen: 0 };
    epoch.metrics.push(batch);
    epoch.seen = seen;
    epochs.set(batch.epoch, epoch);
  }
  return [...epochs].map(([epoch, { metrics, seen }]) => {
    const total = metrics.reduce((sum, { samples }) => sum + samples, 0);
    const mean = (pick: Quantity) =>
      metrics.reduce((sum, batch) => sum + batch[pick] * batch.samples, 0) / total;
    return { epoch, seen, loss: mean("loss"), accuracy: mean("accuracy"), firingRate: mean("firingRate") };
  });
}

/** Validation measurements, at the number of samples seen by then. */
interface Validation extends Measured {
  readonly seen: number;
}

/** The measurements on samples held back, of those epochs whose batches are known. */
export function validationOf(
  metrics: readonly BatchMetrics[],
  epochs: readonly EpochMetrics[],
): Validation[] {
  const seen = new Map(epochMeans(metrics).map(({ epoch, seen }) => [epoch, seen]));
  return epochs.flatMap(({ epoch, validation }) => {
    const at = seen.get(epoch);
    return validation && at !== undefined
      ? [{ seen: at, loss: validation.loss, accuracy: validation.accuracy }]
      : [];
  });
}

/** One curve: every batch faintly, smoothed, the mean of each epoch, samples held back, and the test set at the end. */
function curve(
  metrics: readonly BatchMetrics[],
  validation: readonly Validation[],
  quantity: Quantity,
  test: Measured | undefined,
  name: string,
): Markup {
  const points = pointsOf(metrics), { write } = MEANING[quantity];
  const width = smoothingOf(points.length);
  const value = (point: Point) => point[quantity];
  const smooth = smoothed(points, width), epochs = epochMeans(metrics);
  const first = smooth[0]!, last = smooth.at(-1)!;
  const label = `${name} over training: from ${write(value(first))} to ${write(value(last))} in ${
    count(last.seen)
  } samples`;
  const measured = quantity === "firingRate" ? undefined : test?.[quantity];
  return draw({
    height: 250,
    x: axis("training samples seen", { tickFormat: "~s", ticks: 6 }),
    y: axis(name, {
      grid: true,
      zero: quantity !== "accuracy",
      ...(quantity === "accuracy" && { domain: [0, 1] }),
      ...(quantity === "loss" ? lossTicks(points.map(value)) : { tickFormat: tickPercent }),
    }),
    marks: [
      Plot.ruleX(epochs.length > 1 && epochs.length <= 30 ? epochs.slice(0, -1) : [], {
        x: "seen",
        stroke: COLOURS.faint,
        strokeDasharray: "2 3",
      }),
      Plot.lineY(thinned(points, value, MOST_POINTS), {
        x: "seen",
        y: quantity,
        stroke: COLOURS.blue,
        strokeOpacity: 0.35,
        strokeWidth: 1,
      }),
      Plot.lineY(thinned(smooth, value, MOST_POINTS), {
        x: "seen",
        y: quantity,
        stroke: COLOURS.blue,
        strokeWidth: 2,
      }),
      Plot.dot(epochs.length <= 60 ? epochs : [], { x: "seen", y: quantity, fill: COLOURS.ink, r: 3 }),
      Plot.lineY(quantity === "firingRate" ? [] : validation, {
        x: "seen",
        y: quantity,
        stroke: COLOURS.green,
        strokeWidth: 1.5,
        strokeDasharray: "5 3",
      }),
      Plot.dot(quantity === "firingRate" || validation.length > 60 ? [] : validation, {
        x: "seen",
        y: quantity,
        symbol: "square",
        fill: COLOURS.green,
        r: 3.5,
      }),
      Plot.dot(measured === undefined ? [] : [measured], {
        x: [last.seen],
        y: (d: number) => d,
        symbol: "diamond",
        fill: COLOURS.vermillion,
        r: 6,
      }),
    ],
  }, label);
}

/** The numbers behind the curves: a row an epoch, or a row a stretch of batches where there is but one epoch. */
function tableOf(metrics: readonly BatchMetrics[]): Table {
  const epochs = epochMeans(metrics);
  const rows = epochs.length > 1 ? epochs : chunks(pointsOf(metrics));
  const step = Math.ceil(rows.length / MOST_ROWS);
  return {
    caption: epochs.length > 1
      ? `Mean of each epoch${step > 1 ? `, every ${step}th` : ""}`
      : "Mean of each tenth of the batches",
    head: ["samples seen", "loss", "accuracy", "firing rate"],
    rows: rows.filter((_, i) => (i + 1) % step === 0 || i === rows.length - 1)
      .map(({ seen, ...point }) => [
        count(seen),
        loss(point.loss),
        percent(point.accuracy),
        percent(point.firingRate),
      ]),
  };
}

function chunks(points: readonly Point[]): Point[] {
  const size = Math.ceil(points.length / 10);
  return points.filter((_, i) => (i + 1) % size === 0 || i === points.length - 1)
    .map(({ seen }) => {
      const end = points.findIndex((point) => point.seen === seen) + 1;
      return smoothed(points.slice(Math.floor((end - 1) / size) * size, end), size).at(-1)!;
    });
}

/** The section. @param lossKind Kind of loss, if the network is known. */
export function learningSection(
  metrics: readonly BatchMetrics[],
  epochs: readonly EpochMetrics[],
  test: Measured | undefined,
  lossKind: string | undefined,
): Markup {
  if (metrics.length === 0) {
    return section("learning", "Learning", html`<p>No batch has been recorded.</p>`);
  }
  const width = smoothingOf(metrics.length), validation = validationOf(metrics, epochs);
  const quantities: Quantity[] = metrics.some(({ firingRate }) => firingRate > 0)
    ? ["loss", "accuracy", "firingRate"]
    : ["loss", "accuracy"];
  return section(
    "learning",
    "Learning",
    legend([
      [COLOURS.blue, `batches: each one (faint), and the mean of ${width === 1 ? "one" : width} (bold)`],
      [COLOURS.ink, "mean of an epoch"],
      ...(validation.length > 0 ? [[COLOURS.green, "samples held back, after an epoch"] as const] : []),
      ...(test ? [[COLOURS.vermillion, "test set, after training"] as const] : []),
    ]),
    html`<div class="grid">${
      quantities.map((quantity) =>
        figure(
          curve(
            metrics,
            validation,
            quantity,
            test,
            quantity === "loss" ? lossAxis([lossKind]) : MEANING[quantity].axis,
          ),
          CAPTIONS[quantity],
        )
      )
    }${gradientFigure(metrics, width) ?? ""}${table(tableOf(metrics))}</div>`,
  );
}

const CAPTIONS: Readonly<Record<Quantity, string>> = {
  loss: "Loss of the training samples as they were met, before the weights moved.",
  accuracy: "Accuracy of the training samples as they were met.",
  firingRate: "How often hidden units fired: the share of (unit, step) pairs with a spike.",
};
