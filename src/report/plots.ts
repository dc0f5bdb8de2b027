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

export { axis, COLOURS, lossTicks, SERIES, thinned, tickPercent } from "./plot_parts.ts";

/** In pixels. Two stand side by side on a desk, and one fits a phone with its letters still readable. */
export const WIDTH = 460;

const document = new DOMParser().parseFromString("<!doctype html><html><body></body></html>", "text/html");

/**
 * Draws a plot.
 *
 * @param label Description for screen readers.
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
  // For screen readers the plot is one picture with one name; groups without a role must not have any.
  for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("class", "plot");
  return raw(svg.outerHTML);
}
