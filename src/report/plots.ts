/**
 * Plots as SVG inside the page: Observable Plot on a document by linkedom, no browser needed.
 *
 * Colours are custom properties of the page's style sheet, one set for light and one for dark (`style.ts`).
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { type Markup, raw } from "./markup.ts";

/** Colours by what they are for; the palette is Okabe and Ito's (2008). */
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

/** In pixels. Two stand side by side on a desk, and one fits a phone with its letters still readable. */
export const WIDTH = 460;

const document = new DOMParser().parseFromString("<!doctype html><html><body></body></html>", "text/html");

/**
 * Draws a plot.
 *
 * @param label What it shows, for who cannot see it.
 * @returns An SVG element that scales with the page.
 */
export function draw(options: Plot.PlotOptions, label: string): Markup {
  const svg = Plot.plot({
    width: WIDTH,
    marginLeft: 64,
    marginRight: 22,
    marginBottom: 42,
    ...options,
    document,
  });
  svg.querySelector("style")?.remove(); // it names colours of its own; the page has its style sheet
  for (const name of ["font-family", "font-size"]) svg.removeAttribute(name);
  // To who listens the plot is one picture, with one name; groups without a role must not have any.
  for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("class", "plot");
  return raw(svg.outerHTML);
}

/** An axis with its unit, named along its middle. */
export function axis(label: string, options: Plot.ScaleOptions = {}): Plot.ScaleOptions {
  return { label, labelAnchor: "center", labelArrow: "none", ...options };
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
