/**
 * The report as one SVG: a panel for each section that has a picture. Light background, colours of Okabe and Ito (2008), which
 * colour-blind readers tell apart.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import type { Row, Section } from "./section.ts";
import { summarize } from "./statistics.ts";

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];
const PANEL = { width: 620, titleHeight: 44, gap: 24 } as const;
const COLUMNS = 2;

/** A mark's data: one row, summed up. */
interface Datum {
  readonly name: string;
  readonly series: string;
  readonly place: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** A picture with a title and the names of its colours. */
interface Panel {
  readonly title: string;
  readonly series: readonly string[];
  readonly height: number;
  readonly options: Plot.PlotOptions;
}

/** Draws all sections that can be drawn. @param caption The machine, at the foot. @returns A whole SVG file. */
export function drawChart(sections: readonly Section[], caption: string): string {
  const operations = sections.filter(({ key }) => key.startsWith("operations-"));
  const panels = [
    ...(operations.length > 0 ? [operationsPanel(operations)] : []),
    ...sections.filter(({ key, rows }) => rows.length > 0 && /^(epoch|training|evaluation|peers-)/.test(key))
      .map(
        barPanel,
      ),
    ...sections.filter(({ key }) => key.startsWith("scaling-")).map(linePanel),
  ];
  return compose(panels, caption);
}

function datum(row: Row, series: string): Datum {
  const { subject, place } = row.facts ?? {};
  return { name: String(subject ?? row.name), series, place: Number(place ?? 0), ...summarize(row.samples) };
}

/** Operations down, microseconds across, a colour for each engine and stage. */
function operationsPanel(sections: readonly Section[]): Panel {
  const series = sections.map(({ title }) => title.replace(/^.*: /, ""));
  const data = sections.flatMap(({ rows }, i) => rows.slice(1).map((row) => datum(row, series[i]!)));
  const names = [...new Set(data.map(({ name }) => name))];
  return {
    title: "A sample's way, one core",
    series,
    height: 24 * names.length + 75,
    options: {
      marginLeft: 150,
      marginBottom: 45,
      x: { label: "µs a sample (median, 10 % to 90 %)", grid: true, labelAnchor: "center" },
      y: { label: null, domain: names },
      marks: [Plot.ruleX([0]), ...withSpread(data, "x")],
    },
  };
}

/** One bar a row. */
function barPanel({ title, rows }: Section): Panel {
  const data = rows.filter(({ facts }) => !(facts && "beside" in facts) || facts.beside === rows[0]!.name)
    .map((row) => datum(row, ""));
  return {
    title,
    series: [""],
    height: 32 * data.length + 75,
    options: {
      marginLeft: 210,
      marginRight: 60,
      marginBottom: 45,
      x: { label: `${rows[0]!.unit} (median, 10 % to 90 %)`, grid: true, labelAnchor: "center" },
      y: { label: null, domain: data.map(({ name }) => name) },
      marks: [
        Plot.barX(data, { x: "median", y: "name", fill: COLOURS[5]! }),
        Plot.ruleY(data, { x1: "p10", x2: "p90", y: "name", stroke: "black", strokeWidth: 2 }),
        Plot.ruleX([0]),
        Plot.text(data, {
          x: "p90",
          y: "name",
          text: (d: Datum) => d.median.toPrecision(3),
          dx: 4,
          textAnchor: "start",
        }),
      ],
    },
  };
}

/** Cost up, size across. */
function linePanel({ title, rows }: Section): Panel {
  const series = [...new Set(rows.map(({ facts }) => String(facts?.series)))];
  const data = rows.map((row) => datum(row, String(row.facts?.series)));
  const label = String(rows[0]!.facts?.axis);
  const places = [...new Set(data.map(({ place }) => place))].sort((a, b) => a - b);
  return {
    title,
    series,
    height: 300,
    options: {
      marginLeft: 60,
      marginBottom: 45,
      x: {
        label,
        labelAnchor: "center",
        ...(label.includes("%") ? {} : { ticks: places, tickFormat: (place: number) => String(place) }),
        domain: [0, places.at(-1)! * 1.04],
      },
      y: { label: `${rows[0]!.unit} (median, 10 % to 90 %)`, grid: true, zero: true },
      marks: [
        Plot.ruleY([0]),
        Plot.lineY(data, { x: "place", y: "median", stroke: "series", z: "series" }),
        ...withSpread(data, "y"),
      ],
    },
  };
}

/** A dot at each median, and a line from the tenth to the ninetieth percentile. */
function withSpread(data: readonly Datum[], along: "x" | "y"): Plot.Markish[] {
  return along === "x"
    ? [
      Plot.link(data, { x1: "p10", x2: "p90", y1: "name", y2: "name", stroke: "series" }),
      Plot.dot(data, { x: "median", y: "name", fill: "series", r: 4 }),
    ]
    : [
      Plot.link(data, { x1: "place", x2: "place", y1: "p10", y2: "p90", stroke: "series" }),
      Plot.dot(data, { x: "place", y: "median", fill: "series", r: 4 }),
    ];
}

/** Panels in two columns, each with its title and legend above, the caption below. */
function compose(panels: readonly Panel[], caption: string): string {
  const document = new DOMParser().parseFromString("<!doctype html><html><body></body></html>", "text/html");
  const parts: string[] = [];
  const bottoms = new Array<number>(COLUMNS).fill(PANEL.gap);
  for (const { title, series, height, options } of panels) {
    const column = bottoms.indexOf(Math.min(...bottoms));
    const x = PANEL.gap + column * (PANEL.width + PANEL.gap), y = bottoms[column]!;
    const plot = Plot.plot({
      ...options,
      document,
      width: PANEL.width,
      height,
      color: { domain: series, range: COLOURS },
    });
    plot.querySelector("style")?.remove(); // it is meant for a page, and would stretch a picture inside a picture
    plot.setAttribute("font-size", "12");
    plot.setAttribute("x", String(x));
    plot.setAttribute("y", String(y + PANEL.titleHeight));
    parts.push(text(x, y + 14, title, "font-weight='bold'"), ...legend(x, y + 32, series), plot.outerHTML);
    bottoms[column] = y + PANEL.titleHeight + height + PANEL.gap;
  }
  const width = COLUMNS * (PANEL.width + PANEL.gap) + PANEL.gap, height = Math.max(...bottoms) + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" color="black">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...parts,
    text(PANEL.gap, height - 14, caption, "fill='#555'"),
    "</svg>\n",
  ].join("\n");
}

function legend(x: number, y: number, series: readonly string[]): string[] {
  if (series.length < 2) return [];
  return series.flatMap((name, i) => {
    const left = x + i * PANEL.width / series.length;
    return [
      `<circle cx="${left + 5}" cy="${y - 4}" r="5" fill="${COLOURS[i % COLOURS.length]}"/>`,
      text(left + 14, y, name, ""),
    ];
  });
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}
