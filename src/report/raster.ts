/** A spike raster as one SVG path: steps across, units up, a tick for each spike. */
import * as Plot from "@observablehq/plot";
import { count } from "../text/figures.ts";
import type { Markup } from "./markup.ts";
import { axis, COLOURS } from "./plot_parts.ts";
import { draw } from "./plots.ts";
import { boundedGrid, type RasterGrid } from "./raster_grid.ts";

/**
 * Draws a layer's raster.
 *
 * @param spikes `[steps, units]`, 1 at a spike.
 * @param name The layer's name.
 * @param mostTicks Maximum ticks; of more spikes, several share one.
 */
export function drawRaster(
  spikes: Uint8Array,
  steps: number,
  units: number,
  name: string,
  colour: string,
  mostTicks: number,
): Markup {
  const grid = boundedGrid(spikes, steps, units, mostTicks);
  const total = spikes.reduce((sum, spike) => sum + spike, 0);
  const few = units <= 12;
  return draw({
    height: Math.max(70, Math.min(220, 5 * units)) + 48,
    marginTop: 6,
    x: axis("step", { domain: [0, steps] }),
    y: axis("unit", {
      domain: [0, units],
      ticks: few ? Array.from({ length: Math.ceil(units / 2) }, (_, i) => 2 * i + 0.5) : 5,
      ...(few && { tickFormat: (at: number) => String(Math.floor(at)) }),
    }),
    marks: [
      Plot.frame({ stroke: COLOURS.faint }),
      (_index, { x, y }, _values, _dimensions, context) => {
        const path = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
        const left = Number(x?.(0)), bottom = Number(y?.(0));
        const width = Number(x?.(grid.stepsPerColumn)) - left;
        const height = bottom - Number(y?.(grid.unitsPerRow));
        // Ticks in the grid's own units take fewer bytes than in pixels.
        path.setAttribute("transform", `translate(${left},${bottom}) scale(${width},${-height})`);
        path.setAttribute("d", ticksOf(grid));
        path.setAttribute("stroke", colour);
        path.setAttribute("stroke-width", "0.9");
        path.setAttribute("fill", "none");
        return path;
      },
    ],
  }, `Spike raster of ${name}: ${count(total)} spikes of ${count(units)} units in ${count(steps)} steps`);
}

/** The occupied cells as horizontal strokes: within a row, `h.7m.3 0` is a tick and the relative move to the next cell. */
function ticksOf({ rows, columns, cells }: RasterGrid): string {
  const parts: string[] = [];
  for (let row = 0; row < rows; row++) {
    let at: number | undefined;
    for (let column = 0; column < columns; column++) {
      if (cells[row * columns + column] === 0) continue;
      parts.push(at === undefined ? `M${column}.15 ${row}.5` : `m${column - at - 1 || ""}.3 0`, "h.7");
      at = column;
    }
  }
  return parts.join("");
}
