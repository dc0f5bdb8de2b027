/** Learning curves: loss, accuracy, firing rate and gradient norms while a network trained. */
import * as Plot from "@observablehq/plot";
import { count, loss } from "../text/figures.ts";
import { gradientFigure } from "./gradients.ts";
import { figure, html, legend, type Markup, section, type Table, table } from "./markup.ts";
import { axis, COLOURS, line, lossTicks, tickPercent } from "./plot_parts.ts";
import { draw } from "./plots.ts";
import type { NetworkSpec } from "../network/spec.ts";
import type { Score } from "../training/trainer.ts";
import type { BatchMetrics, EpochMetrics } from "./recorded_run.ts";
import { percent } from "./words.ts";

/** What the curves show. */
type Quantity = "loss" | "accuracy" | "firingRate";

/** A point of a curve. */
export interface Point extends Readonly<Record<Quantity, number>> {
  /** Training samples seen by its end. */
  readonly seen: number;
}

/** Score after training, for the end of a curve. */
type Measured = Pick<Score, "loss" | "accuracy">;

/** Maximum number of points of a drawn line; more would be invisible. */
const MOST_POINTS = 600;
const MOST_ROWS = 12;

const MEANING = {
  loss: {
    axis: "loss (mean of a sample)",
    write: loss,
    caption: "Loss of the training samples as they were met, before the weights moved.",
  },
  accuracy: {
    axis: "accuracy",
    write: percent,
    caption: "Accuracy of the training samples as they were met.",
  },
  firingRate: {
    axis: "spikes a hidden unit and step",
    write: percent,
    caption: "How often hidden units fired: the share of (unit, step) pairs with a spike.",
  },
} as const;

/** The axis of a loss, with its unit where it has one. */
export function lossAxis(kinds: readonly (string | undefined)[]): string {
  return kinds.every((kind) => kind === "crossEntropy")
    ? "loss (mean cross-entropy, nats)"
    : MEANING.loss.axis;
}

/** A point for each batch. */
export function pointsOf(metrics: readonly BatchMetrics[]): Point[] {
  let seen = 0;
  return metrics.map(({ samples, loss, accuracy, firingRate }) => {
    seen += samples;
    return { seen, loss, accuracy, firingRate };
  });
}

/** How many batches a smoothed point is the mean of: a twentieth of all, 50 at most. */
export function smoothingOf(batches: number): number {
  return Math.max(1, Math.min(50, Math.round(batches / 20)));
}

/** Means of some values. @param weight How much one counts. */
function meansOf<Value extends Readonly<Record<Quantity, number>>>(
  values: readonly Value[],
  weight: (value: Value) => number,
): Record<Quantity, number> {
  const sum = (pick: (value: Value) => number) =>
    values.reduce((sum, value) => sum + pick(value) * weight(value), 0);
  const total = sum(() => 1), mean = (quantity: Quantity) => sum((value) => value[quantity]) / total;
  return { loss: mean("loss"), accuracy: mean("accuracy"), firingRate: mean("firingRate") };
}

/** The mean of each point and those before it, `width` in all; fewer at the beginning. */
export function smoothed(points: readonly Point[], width: number): Point[] {
  return points.map(({ seen }, i) => ({
    seen,
    ...meansOf(points.slice(Math.max(0, i + 1 - width), i + 1), () => 1),
  }));
}

/** Means over each epoch, at the samples seen by its end. */
export function epochMeans(metrics: readonly BatchMetrics[]): (Point & { readonly epoch: number })[] {
  let seen = 0;
  return [...Map.groupBy(metrics, ({ epoch }) => epoch)].map(([epoch, batches]) => {
    seen += batches.reduce((sum, { samples }) => sum + samples, 0);
    return { epoch, seen, ...meansOf(batches, ({ samples }) => samples) };
  });
}

/** A validation score, at the number of samples seen by then. */
interface Validation extends Measured {
  readonly seen: number;
}

/** The validation scores of those epochs whose batches are recorded. */
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

/** One curve: each batch (faint), smoothed, the mean of each epoch, the validation scores, and the test set at the end. */
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
    x: axis("training samples seen", { tickFormat: "~s", ticks: 4 }),
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
      line(points, ["seen", quantity], MOST_POINTS, {
        stroke: COLOURS.blue,
        strokeOpacity: 0.35,
        strokeWidth: 1,
      }),
      line(smooth, ["seen", quantity], MOST_POINTS, { stroke: COLOURS.blue, strokeWidth: 2 }),
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

/** The numbers behind the curves: a row an epoch; of a single epoch, a row a tenth of its batches. */
function tableOf(metrics: readonly BatchMetrics[]): Table {
  const epochs = epochMeans(metrics);
  const rows = epochs.length > 1 ? epochs : tenthsOf(pointsOf(metrics));
  const step = Math.ceil(rows.length / MOST_ROWS);
  return {
    caption: epochs.length > 1
      ? `Mean of each epoch${step > 1 ? `, every ${step}th` : ""}`
      : "Mean of each tenth of the batches",
    head: ["samples seen", "loss", "accuracy", "firing rate"],
    rows: rows.filter((_, i) => (i + 1) % step === 0 || i === rows.length - 1)
      .map((at) => [count(at.seen), loss(at.loss), percent(at.accuracy), percent(at.firingRate)]),
  };
}

function tenthsOf(points: readonly Point[]): Point[] {
  const size = Math.ceil(points.length / 10);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const tenth = points.slice(i * size, (i + 1) * size);
    return { seen: tenth.at(-1)!.seen, ...meansOf(tenth, () => 1) };
  });
}

/** The section. @param spec The network, if it is known. */
export function learningSection(
  metrics: readonly BatchMetrics[],
  epochs: readonly EpochMetrics[],
  test: Measured | undefined,
  spec: NetworkSpec | undefined,
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
      quantities.map((quantity) => {
        const name = quantity === "loss" ? lossAxis([spec?.loss.kind]) : MEANING[quantity].axis;
        return figure(curve(metrics, validation, quantity, test, name), MEANING[quantity].caption);
      })
    }${gradientFigure(metrics, width, spec) ?? ""}${table(tableOf(metrics))}</div>`,
  );
}
