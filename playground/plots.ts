/** Learning curves, by Observable Plot as in a report. It is large, so it is loaded when training begins. */
import * as Plot from "@observablehq/plot";
import { asPicture, axis, COLOURS, line, tickPercent } from "../src/report/plot_parts.ts";

/** Points of a line. */
const MOST_POINTS = 300;

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

/** Draws a learning curve into a figure, in place of its content. The page's policy forbids style sheets inside a plot. */
export function drawCurve(
  figure: HTMLElement,
  { batches, heldBack }: Readonly<Curve>,
  { name, isShare }: { readonly name: string; readonly isShare: boolean },
): void {
  const last = heldBack.at(-1) ?? batches.at(-1);
  const write = isShare
    ? (value: number) => tickPercent(Number(value.toFixed(3)))
    : (value: number) => value.toFixed(3);
  const plot = Plot.plot({
    // Its own width, so that letters are not scaled.
    width: Math.max(240, Math.min(620, figure.clientWidth)),
    height: 170,
    marginTop: 12,
    marginRight: 14,
    marginBottom: 38,
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
  });
  const label = `${name} over the digits presented${last ? `; the last is ${write(last.value)}` : ""}`;
  figure.replaceChildren(asPicture(plot, label));
}
