/** A layer's spikes on a canvas: steps from left to right, units from the bottom up. */
import { gridOf } from "../src/report/raster_grid.ts";
import { colour } from "./elements.ts";

/** Larger layers share rows among units, longer samples share columns among steps. */
const MOST_ROWS = 200, MOST_COLUMNS = 512;
/** Number of the last columns whose spikes have another colour while the animation runs. */
const FRESH = 3;

/** The height of a layer's raster in CSS pixels. */
export function rasterHeight(units: number): number {
  return Math.max(60, Math.min(190, 6 * units));
}

/** One layer's raster. */
interface RasterOptions {
  /** `[steps, units]`, 1 at a spike: a trace's. */
  readonly spikes: Uint8Array;
  readonly steps: number;
  readonly units: number;
  /** Name of a colour of the style sheet. */
  readonly ink: string;
  /** Number of steps shown. */
  readonly until: number;
}

/** Draws a raster at the canvas's size and the screen's density. */
export function drawRaster(
  canvas: HTMLCanvasElement,
  { spikes, steps, units, ink, until }: RasterOptions,
): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const density = devicePixelRatio || 1, width = Math.round(canvas.clientWidth * density);
  const height = Math.round(canvas.clientHeight * density);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.clearRect(0, 0, width, height);
  const { rows, columns, stepsPerColumn, cells } = gridOf(spikes, steps, units, MOST_ROWS, MOST_COLUMNS);
  const across = width / columns, up = height / rows, shown = until / stepsPerColumn;
  const tick = [Math.max(1, 0.72 * across), Math.max(1, 0.8 * up)] as const;
  const old = colour(ink), fresh = colour("orange");
  const isMoving = until < steps;
  for (let column = 0; column < Math.min(columns, shown); column++) {
    context.fillStyle = isMoving && column > shown - FRESH - 1 ? fresh : old;
    for (let row = 0; row < rows; row++) {
      if (cells[row * columns + column] === 0) continue;
      context.fillRect(column * across, height - (row + 0.9) * up, ...tick);
    }
  }
  if (!isMoving) return;
  context.fillStyle = colour("soft");
  context.fillRect(Math.min(width - density, shown * across), 0, density, height);
}
