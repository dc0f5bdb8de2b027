/** A spike raster as one SVG path: steps across, units up, a tick for each spike. */
import * as Plot from "@observablehq/plot";
import { count } from "../text/figures.ts";
import type { Markup } from "./markup.ts";
import { classColour } from "./class_colours.ts";
import { ANCHORED, axis, COLOURS } from "./plot_parts.ts";
import { draw, MARGIN_LEFT } from "./plots.ts";
import { boundedGrid, type RasterGrid } from "./raster_grid.ts";
import { classTicks } from "./words.ts";

/** A raster's spikes. */
export interface DrawnRaster {
  /** `[steps, units]`, the number of spikes. */
  readonly spikes: Uint8Array;
  readonly steps: number;
  readonly units: number;
  /** The layer's name. */
  readonly name: string;
  /** Maximum ticks; of more spikes, several share one. */
  readonly mostTicks: number;
  /** The classes' names, where each unit stands for a class: its row has the class's name and colour. */
  readonly classes?: readonly string[] | undefined;
}

/** Of more units a row is too low for a class's name. */
const MOST_NAMED = 16;
/** Of a row with a name, in pixels. */
const NAMED_ROW = 15;

/** Draws a layer's raster. */
export function drawRaster({ spikes, steps, units, name, mostTicks, classes }: DrawnRaster): Markup {
  const grid = boundedGrid(spikes, steps, units, mostTicks);
  const total = spikes.reduce((sum, spike) => sum + spike, 0);
  const few = units <= 12, areNamed = classes !== undefined && units <= MOST_NAMED;
  const labels = Array.from({ length: units }, (_, unit) => String(unit));
  const { tickFormat, room } = classTicks(classes ?? [], labels);
  const height = areNamed ? NAMED_ROW * units : Math.max(70, Math.min(220, 5 * units));
  return draw({
    height: height + 48,
    marginTop: 6,
    ...(areNamed && { marginLeft: Math.max(MARGIN_LEFT, 36 + room) }),
    x: axis("step", { domain: [0, steps] }),
    y: axis(areNamed ? "class" : "unit", {
      // Classes stand from the top, as in tables and other plots; units from the bottom.
      domain: areNamed ? [units, 0] : [0, units],
      ticks: few ? Array.from({ length: Math.ceil(units / 2) }, (_, i) => 2 * i + 0.5) : 5,
      ...(few && { tickFormat: (at: number) => String(Math.floor(at)) }),
    }),
    marks: [
      Plot.frame({ stroke: COLOURS.faint }),
      areNamed
        ? Plot.axisY(labels.map((_, unit) => unit + 0.5), {
          label: "class",
          ...ANCHORED,
          tickSize: 0,
          tickFormat: (at: number) => tickFormat(String(Math.floor(at))),
          fill: (at: number) => classColour(Math.floor(at)),
        })
        : null,
      (_index, { x, y }, _values, _dimensions, context) => {
        const group = context.document.createElementNS("http://www.w3.org/2000/svg", "g");
        const left = Number(x?.(0)), bottom = Number(y?.(0));
        const width = Number(x?.(grid.stepsPerColumn)) - left;
        const height = bottom - Number(y?.(grid.unitsPerRow));
        // Ticks in the grid's own units take fewer bytes than in pixels.
        group.setAttribute("transform", `translate(${left},${bottom}) scale(${width},${-height})`);
        group.setAttribute("stroke-width", areNamed ? "0.8" : "0.9");
        group.setAttribute("fill", "none");
        const rows = ticksOf(grid), isApart = classes !== undefined && grid.unitsPerRow === 1;
        for (const [row, ticks] of (isApart ? rows : [rows.join("")]).entries()) {
          if (ticks === "") continue;
          const path = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
          path.setAttribute("d", ticks);
          path.setAttribute("stroke", isApart ? classColour(row) : COLOURS.blue);
          group.append(path);
        }
        return group;
      },
    ],
  }, `Spike raster of ${name}: ${count(total)} spikes of ${count(units)} units in ${count(steps)} steps`);
}

/** The occupied cells of each row as horizontal strokes: `h.7m.3 0` is a tick and the relative move to the next cell. */
function ticksOf({ rows, columns, cells }: RasterGrid): string[] {
  return Array.from({ length: rows }, (_, row) => {
    const parts: string[] = [];
    let at: number | undefined;
    for (let column = 0; column < columns; column++) {
      if (cells[row * columns + column] === 0) continue;
      parts.push(at === undefined ? `M${column}.15 ${row}.5` : `m${column - at - 1 || ""}.3 0`, "h.7");
      at = column;
    }
    return parts.join("");
  });
}
