/** Sections as one SVG, bars below each other: medians, and where eight tenths of the samples lie. */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { summarize } from "./rounds.ts";
import type { Section } from "./section.ts";

const WIDTH = 720, TITLE = 40, LINE = 24;

/** Draws sections that have rows. @param caption The machine, at the foot. @returns A whole SVG file. */
export function drawChart(sections: readonly Section[], caption: string): string {
  const document = new DOMParser().parseFromString("<!doctype html><html><body></body></html>", "text/html");
  const parts: string[] = [];
  let y = 0;
  for (const { title, rows } of sections.filter(({ rows }) => rows.length > 0)) {
    // A peer's row stands once for each of our engines, with the same samples.
    const bars = rows.filter(({ samples }, i) => rows.findIndex((row) => row.samples === samples) === i)
      .map(({ name, samples }) => ({ name, ...summarize(samples) }));
    const height = LINE * bars.length + 60;
    const plot = Plot.plot({
      document,
      width: WIDTH,
      height,
      marginLeft: 260,
      marginRight: 60,
      x: { label: `${rows[0]!.unit} (median, 10 % to 90 %)`, grid: true },
      y: { label: null, domain: bars.map(({ name }) => name) },
      marks: [
        Plot.barX(bars, { x: "median", y: "name", fill: "#56B4E9" }),
        Plot.ruleY(bars, { x1: "p10", x2: "p90", y: "name", strokeWidth: 2 }),
        Plot.text(bars, {
          x: "p90",
          y: "name",
          text: ({ median }: { median: number }) => Number(median.toPrecision(3)).toLocaleString("en-US"),
          dx: 4,
          textAnchor: "start",
        }),
      ],
    });
    plot.querySelector("style")?.remove(); // it is meant for a page, and would stretch a picture inside a picture
    plot.setAttribute("y", String(y + TITLE));
    parts.push(text(y + TITLE - 12, title), plot.outerHTML);
    y += TITLE + height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${
      y + TITLE
    }" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...[...parts, text(y + TITLE - 12, caption)],
    "</svg>\n",
  ].join("\n");
}

function text(y: number, content: string): string {
  return `<text x="12" y="${y}">${content.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</text>`;
}
