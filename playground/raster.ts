/** A layer's spikes on a canvas: steps from left to right, units from the top, ink that flashes and fades. */
import { gridOf, type RasterGrid } from "../src/report/raster_grid.ts";
import { colour, type Sheet } from "./canvas.ts";
import { FADE } from "./playback.ts";

/** Larger layers share rows among units, longer samples share columns among steps. */
const MOST_ROWS = 200, MOST_COLUMNS = 512;
/** Opacity of ink that has faded. */
const FADED = 0.72;

/** A layer's spikes, in the order of its rows. */
export interface Raster {
  /** `[steps, units]`, how often a unit fired; units in the order of rows. */
  readonly spikes: Uint8Array;
  readonly steps: number;
  readonly units: number;
  /** The colour of each unit, in the order of rows. */
  readonly inks: readonly string[];
  /** The spikes by row and column. */
  readonly grid: RasterGrid;
}

/** Puts a layer's spikes in rows. @param order Units, by row. */
export function rasterOf(
  spikes: Uint8Array,
  steps: number,
  order: Uint32Array,
  inks: readonly string[],
): Raster {
  const units = order.length;
  const ordered = spikes.map((_, at) => spikes[at - at % units + order[at % units]!]!);
  const grid = gridOf(ordered, steps, units, MOST_ROWS, MOST_COLUMNS);
  return { spikes: ordered, steps, units, inks, grid };
}

/** The rows of a raster. */
export function rowsOf(units: number): { readonly rows: number; readonly unitsPerRow: number } {
  const unitsPerRow = Math.ceil(units / MOST_ROWS);
  return { rows: Math.ceil(units / unitsPerRow), unitsPerRow };
}

/**
 * Draws a raster up to a time in steps.
 *
 * @param pointed The row that is pointed at, if any.
 */
export function drawRaster(
  { context, width, height }: Sheet,
  { grid: { rows, columns, unitsPerRow, stepsPerColumn, cells }, inks }: Raster,
  time: number,
  pointed?: number,
): void {
  const across = width / columns, down = height / rows, now = time / stepsPerColumn;
  const tick = [Math.max(1.5, Math.min(9, 0.62 * across)), Math.max(1, 0.78 * down)] as const;
  if (pointed !== undefined) {
    context.fillStyle = colour("line");
    context.fillRect(0, pointed * down - 1, width, down + 2);
  }
  const flash = colour("flash"), fade = FADE / stepsPerColumn;
  for (let row = 0; row < rows; row++) {
    const ink = inks[row * unitsPerRow]!, top = (row + 0.5) * down;
    context.fillStyle = ink;
    for (let column = 0; column < Math.min(columns, now); column++) {
      if (cells[row * columns + column] === 0) continue;
      const age = now - column, fresh = Math.max(0, 1 - age / fade);
      const left = (column + 0.5) * across;
      // A fresh spike is larger, too.
      const [w, h] = [tick[0] * (1 + 0.5 * fresh), tick[1] + Math.min(4, 0.9 * tick[1]) * fresh];
      context.globalAlpha = FADED + (1 - FADED) * fresh;
      context.fillRect(left - w / 2, top - h / 2, w, h);
      if (fresh < 0.4) continue;
      context.globalAlpha = fresh;
      context.fillStyle = flash;
      context.fillRect(left - w / 2, top - h / 2, w, h);
      context.fillStyle = ink;
    }
  }
  context.globalAlpha = 1;
  if (now >= columns) return;
  context.fillStyle = colour("soft");
  context.fillRect(now * across, 0, 1, height);
}

/** Draws what units of a network without time put out: a bar each. @param outputs Of each row's unit. */
export function drawActivations(
  { context, width, height }: Sheet,
  outputs: Float32Array,
  inks: readonly string[],
  pointed?: number,
): void {
  const { rows, unitsPerRow } = rowsOf(outputs.length), down = height / rows;
  const most = outputs.reduce((most, output) => Math.max(most, Math.abs(output)), 1e-9);
  if (pointed !== undefined) {
    context.fillStyle = colour("line");
    context.fillRect(0, pointed * down - 1, width, down + 2);
  }
  context.globalAlpha = FADED;
  for (let row = 0; row < rows; row++) {
    context.fillStyle = inks[row * unitsPerRow]!;
    const own = outputs.subarray(row * unitsPerRow, (row + 1) * unitsPerRow);
    const mean = own.reduce((sum, output) => sum + Math.abs(output), 0) / own.length;
    context.fillRect(0, (row + 0.11) * down, mean / most * width, Math.max(1, 0.78 * down));
  }
  context.globalAlpha = 1;
}

/** Draws how often each unit has fired, a bar a row. */
export function drawCounts(
  { context, width, height }: Sheet,
  { spikes, steps, units, inks }: Raster,
  time: number,
): void {
  const { rows, unitsPerRow } = rowsOf(units), down = height / rows;
  const counts = new Float32Array(rows);
  const end = Math.min(steps, Math.ceil(time)) * units;
  for (let at = 0; at < end; at++) {
    counts[Math.floor(at % units / unitsPerRow)]! += spikes[at]! / unitsPerRow;
  }
  context.globalAlpha = FADED;
  counts.forEach((spikes, row) => {
    context.fillStyle = inks[row * unitsPerRow]!;
    context.fillRect(0, (row + 0.11) * down, Math.min(1, spikes / steps) * width, Math.max(0.8, 0.78 * down));
  });
  context.globalAlpha = 1;
}
