/** Parts of plots, independent of the document: colours, axes, reduction of points. */
import * as Plot from "@observablehq/plot";

/** Colours by use; the palette is Okabe and Ito's (2008). */
export const COLOURS = {
  blue: "var(--blue)",
  vermillion: "var(--vermillion)",
  green: "var(--green)",
  purple: "var(--purple)",
  orange: "var(--orange)",
  sky: "var(--sky)",
  ink: "var(--ink)",
  faint: "var(--faint)",
  paper: "var(--paper)",
} as const;

/** Colours of series, in this order. */
export const SERIES: readonly string[] = [
  COLOURS.blue,
  COLOURS.vermillion,
  COLOURS.green,
  COLOURS.purple,
  COLOURS.orange,
  COLOURS.sky,
];

/** An axis's name stands along its middle. */
export const ANCHORED = { labelAnchor: "center", labelArrow: "none" } as const;

/** An axis with its unit. */
export function axis(label: string, options: Plot.ScaleOptions = {}): Plot.ScaleOptions {
  return { label, ...ANCHORED, ...options };
}

/** Ticks of losses: powers of ten where training has diverged, so that they fit the margin. */
export function lossTicks(losses: readonly number[]): Plot.ScaleOptions {
  return losses.some((loss) => loss >= 1e4) ? { tickFormat: ".2~e" } : {};
}

/** Short ticks for shares: `20 %`. */
export function tickPercent(share: number): string {
  return `${Number((100 * share).toPrecision(6))}\u00a0%`;
}

/**
 * Reduces a series to at most `most` points, which bounds the page's bytes: each stretch keeps its lowest and its highest
 * value, in their order, so that peaks stay.
 */
export function thinned<Point>(
  points: readonly Point[],
  value: (point: Point) => number,
  most: number,
): Point[] {
  if (points.length <= most) return [...points];
  const stretch = Math.ceil(points.length / (most / 2));
  const kept: Point[] = [];
  for (let begin = 0; begin < points.length; begin += stretch) {
    const end = Math.min(points.length, begin + stretch);
    let low = begin, high = begin;
    for (let i = begin; i < end; i++) {
      if (value(points[i]!) < value(points[low]!)) low = i;
      if (value(points[i]!) > value(points[high]!)) high = i;
    }
    kept.push(points[Math.min(low, high)]!);
    if (low !== high) kept.push(points[Math.max(low, high)]!);
  }
  return kept;
}

/** A line through at most `most` points, by their fields `x` and `y`. */
export function line<Y extends string, Point extends Readonly<Record<Y, number>>>(
  points: readonly Point[],
  [x, y]: readonly [x: string, y: Y],
  most: number,
  style: Plot.LineYOptions,
): Plot.RenderableMark {
  return Plot.lineY(thinned(points, (point) => point[y], most), { x, y, ...style });
}

/** The dashed line of a threshold; none for a neuron without. */
export function thresholdLine(threshold: number | undefined): Plot.RenderableMark {
  return Plot.ruleY(threshold === undefined ? [] : [threshold], {
    stroke: COLOURS.ink,
    strokeDasharray: "5 3",
  });
}

/** Leaves a plot's style to the page's style sheet, and makes it one picture with one name for screen readers. */
export function asPicture(plot: ReturnType<typeof Plot.plot>, label: string): ReturnType<typeof Plot.plot> {
  plot.querySelector("style")?.remove();
  for (const name of ["font-family", "font-size"]) plot.removeAttribute(name);
  for (const part of plot.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  for (const [name, value] of [["role", "img"], ["aria-label", label], ["class", "plot"]] as const) {
    plot.setAttribute(name, value);
  }
  return plot;
}
