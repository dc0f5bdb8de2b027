/**
 * A spike raster as one SVG path: steps across, units up, a tick for each spike.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { axis, COLOURS, draw } from "./plots.ts";
import { count } from "../cli/figures.ts";
import type { Markup } from "./markup.ts";

/** The finest grid that is drawn. A larger raster is put together: a tick then stands for one spike or more. */
const ROWS = 160;
const COLUMNS = 256;

/** A raster's occupied cells, and how many units and steps a cell stands for. */
export interface RasterGrid {
  readonly rows: number;
  readonly columns: number;
  readonly unitsPerRow: number;
  readonly stepsPerColumn: number;
  /** `[rows, columns]`, 1 where there is a spike. */
  readonly cells: Uint8Array;
  readonly spikes: number;
}

/** Puts spikes into cells. @param outputs `[steps, units]`; above 0 is a spike. */
export function gridOf(
  outputs: Float32Array,
  steps: number,
  units: number,
  mostRows = ROWS,
  mostColumns = COLUMNS,
): RasterGrid {
  const unitsPerRow = Math.ceil(units / mostRows), stepsPerColumn = Math.ceil(steps / mostColumns);
  const rows = Math.ceil(units / unitsPerRow), columns = Math.ceil(steps / stepsPerColumn);
  const cells = new Uint8Array(rows * columns);
  let spikes = 0;
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < units; n++) {
      if (outputs[t * units + n]! <= 0) continue;
      spikes++;
      cells[Math.floor(n / unitsPerRow) * columns + Math.floor(t / stepsPerColumn)] = 1;
    }
  }
  return { rows, columns, unitsPerRow, stepsPerColumn, cells, spikes };
}

/** Draws a layer's raster. @param name What the layer is called. */
export function drawRaster(
  outputs: Float32Array,
  steps: number,
  units: number,
  name: string,
  colour: string,
): Markup {
  const grid = gridOf(outputs, steps, units);
  const height = Math.max(70, Math.min(220, 5 * grid.rows)) + 48;
  return draw(
    {
      height,
      marginTop: 6,
      x: axis("step", { domain: [0, steps] }),
      y: axis("unit", {
        domain: [0, units],
        ticks: units <= 12 ? Array.from({ length: Math.ceil(units / 2) }, (_, i) => 2 * i + 0.5) : 5,
        ...(units <= 12 && { tickFormat: (at: number) => String(Math.floor(at)) }),
      }),
      marks: [
        Plot.frame({ stroke: COLOURS.faint }),
        (_index, { x, y }, _values, _dimensions, context) => {
          const path = context.document.createElementNS("http://www.w3.org/2000/svg", "path");
          path.setAttribute("d", pathOf(grid, (step) => Number(x?.(step)), (unit) => Number(y?.(unit))));
          path.setAttribute("stroke", colour);
          path.setAttribute("fill", "none");
          path.setAttribute(
            "stroke-width",
            Math.max(1, Math.min(2.2, 0.6 * (Number(x?.(grid.stepsPerColumn)) - Number(x?.(0))))).toFixed(1),
          );
          return path;
        },
      ],
    },
    `Spike raster of ${name}: ${count(grid.spikes)} spikes of ${count(units)} units in ${count(steps)} steps`,
  );
}

/** Ticks by relative moves, with one decimal: few bytes each. */
function pathOf(grid: RasterGrid, x: (step: number) => number, y: (unit: number) => number): string {
  const { rows, columns, unitsPerRow, stepsPerColumn, cells } = grid;
  const tick = tenths(Math.max(1, 0.9 * Math.abs(y(unitsPerRow) - y(0))));
  const parts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const top = y((row + 0.95) * unitsPerRow);
    for (let column = 0; column < columns; column++) {
      if (cells[row * columns + column] === 0) continue;
      parts.push(`M${tenths(x((column + 0.5) * stepsPerColumn))} ${tenths(top)}v${tick}`);
    }
  }
  return parts.join("");
}

function tenths(value: number): string {
  return String(Math.round(10 * value) / 10);
}
