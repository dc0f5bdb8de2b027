/**
 * Plots as SVG inside the page: Observable Plot on a document by linkedom, without a browser.
 *
 * Colours are custom properties of the page's style sheet, one set for light and one for dark (`style.ts`).
 */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { type Markup, raw } from "./markup.ts";
import { asPicture } from "./plot_parts.ts";

/**
 * In pixels: two fit side by side on a desktop's screen, and one on a phone's, where letters of 13 pixels (`style.ts`) are shown with
 * 11 or more.
 */
export const WIDTH = 420;
/** Room for an axis at the left, in pixels. */
export const MARGIN_LEFT = 64;

const document = new DOMParser().parseFromString("<!doctype html><html><body></body></html>", "text/html");

/** Draws a plot as an SVG element that scales with the page. @param label Description for screen readers. */
export function draw(options: Plot.PlotOptions, label: string): Markup {
  const base = { width: WIDTH, marginLeft: MARGIN_LEFT, marginRight: 22, marginBottom: 42 };
  return raw(asPicture(Plot.plot({ ...base, ...options, document }), label).outerHTML);
}
