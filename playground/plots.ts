/** Plots of the page, by Observable Plot as in a report. */
import * as Plot from "@observablehq/plot";
import { asPicture, axis, COLOURS, line, thresholdLine, tickPercent } from "../src/report/plot_parts.ts";

/** Points of a line. */
const MOST_POINTS = 300;
/** Margins of potentials: the rasters above keep the same (style.css). */
const LEFT = 46, RIGHT = 12;
const SVG = "http://www.w3.org/2000/svg";

/** Draws a plot into a figure, in place of its content. The page's policy forbids style sheets inside a plot. */
function draw(figure: HTMLElement, options: Plot.PlotOptions, label: string): SVGElement {
  const base = { width: 460, marginLeft: 52, marginRight: 14, marginBottom: 38 };
  const svg = asPicture(Plot.plot({ ...base, ...options }), label);
  figure.replaceChildren(svg);
  if (!(svg instanceof SVGElement)) throw new TypeError("a plot without a legend is an SVG element");
  return svg;
}

/** Width of a figure's place, so that letters are not scaled. */
function widthOf(figure: HTMLElement, least: number, most: number): number {
  return Math.max(least, Math.min(most, figure.clientWidth));
}

/** A value at a number of samples presented. */
export interface CurvePoint {
  readonly done: number;
  readonly value: number;
}

/** A learning curve: batches, and scores on held-back digits. */
export interface Curve {
  readonly batches: CurvePoint[];
  readonly heldBack: CurvePoint[];
}

/** Draws a learning curve. */
export function drawCurve(
  figure: HTMLElement,
  { batches, heldBack }: Readonly<Curve>,
  { name, isShare }: { readonly name: string; readonly isShare: boolean },
): void {
  const last = heldBack.at(-1) ?? batches.at(-1);
  const write = isShare
    ? (value: number) => tickPercent(Number(value.toFixed(3)))
    : (value: number) => value.toFixed(3);
  draw(
    figure,
    {
      width: widthOf(figure, 260, 480),
      height: 150,
      marginTop: 12,
      marginLeft: 62,
      x: axis("digits presented", { ticks: 4, tickFormat: "~s" }),
      y: axis(name, {
        grid: true,
        ticks: 4,
        ...(isShare ? { domain: [0, 1], tickFormat: tickPercent } : {}),
      }),
      marks: [
        line(batches, ["done", "value"], MOST_POINTS, { stroke: COLOURS.blue, strokeOpacity: 0.55 }),
        Plot.lineY(heldBack, { x: "done", y: "value", stroke: COLOURS.vermillion, strokeWidth: 2 }),
        Plot.dot(heldBack, { x: "done", y: "value", fill: COLOURS.vermillion, r: 3 }),
      ],
    },
    `${name} over the digits presented${last ? `; the last is ${write(last.value)}` : ""}`,
  );
}

/** Potentials of a readout layer. */
export interface Potentials {
  /** `[steps, units]`. */
  readonly values: Float32Array;
  readonly steps: number;
  readonly units: number;
  readonly threshold: number | undefined;
  /** Colours of units. */
  readonly coloured: ReadonlyMap<number, string>;
}

/** Draws potentials over the steps. @returns Shows them up to a step only. */
export function drawPotentials(figure: HTMLElement, potentials: Potentials): (until: number) => void {
  const { values, steps, units, threshold, coloured } = potentials;
  const lineOf = (unit: number) => {
    const points = Array.from(
      { length: steps },
      (_, t) => ({ step: t + 1, value: values[t * units + unit]! }),
    );
    return line(points, ["step", "value"], MOST_POINTS, {
      stroke: coloured.get(unit) ?? COLOURS.faint,
      strokeWidth: coloured.has(unit) ? 2 : 1,
      ...(steps === 1 && { marker: "circle" }),
    });
  };
  const all = Array.from({ length: units }, (_, unit) => unit);
  const width = widthOf(figure, 240, 900);
  const svg = draw(
    figure,
    {
      width,
      height: 190,
      marginLeft: LEFT,
      marginRight: RIGHT,
      marginTop: 10,
      // Steps are whole numbers, so there are at most as many ticks.
      x: axis("step", {
        domain: [1, Math.max(2, steps)],
        ticks: Math.max(1, Math.min(steps - 1, Math.floor(width / 80))),
      }),
      y: axis("potential", { grid: true, ticks: 5 }),
      marks: [
        ...all.filter((unit) => !coloured.has(unit)).map(lineOf),
        ...all.filter((unit) => coloured.has(unit)).map(lineOf),
        thresholdLine(threshold),
      ],
    },
    "Membrane potentials of the output layer over the steps",
  );
  // A clip path shows the lines from the left up to a step.
  const window = document.createElementNS(SVG, "rect"), clip = document.createElementNS(SVG, "clipPath");
  const size = { x: 0, y: -20, height: 260, width };
  for (const [key, value] of Object.entries(size)) window.setAttribute(key, String(value));
  clip.id = "potentials-window";
  clip.append(window);
  svg.prepend(clip);
  for (const path of svg.querySelectorAll("path[stroke-linejoin], g[fill=none] > path")) {
    path.parentElement?.setAttribute("clip-path", `url(#${clip.id})`);
  }
  return (until) => {
    const share = steps === 1 ? 1 : (until - 1) / (steps - 1);
    const right = until >= steps ? width : LEFT + share * (width - LEFT - RIGHT);
    window.setAttribute("width", String(right));
  };
}
