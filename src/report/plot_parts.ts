/**
 * Parts of plots, independent of the document: colours, axes, reduction of points.
 *
 * @module
 */
import type * as Plot from "@observablehq/plot";

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
} as const;

/** For series that have no colour of their own, in this order. */
export const SERIES: readonly string[] = [
  COLOURS.blue,
  COLOURS.vermillion,
  COLOURS.green,
  COLOURS.purple,
  COLOURS.orange,
  COLOURS.sky,
];

/** An axis with its unit, named along its middle. */
export function axis(label: string, options: Plot.ScaleOptions = {}): Plot.ScaleOptions {
  return { label, labelAnchor: "center", labelArrow: "none", ...options };
}

/** Ticks of losses: where training has run away, by powers of ten, for which the margin has room. */
export function lossTicks(losses: readonly number[]): Plot.ScaleOptions {
  return losses.some((loss) => loss >= 1e4) ? { tickFormat: ".2~e" } : {};
}

/** Short ticks for shares: `20 %`. */
export function tickPercent(share: number): string {
  return `${Number((100 * share).toPrecision(6))}\u00a0%`;
}

/**
 * At most so many of a series' values, so that a line's points and a page's bytes stay bounded: each stretch gives its lowest
 * and its highest value, in their order, so that peaks are kept.
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
