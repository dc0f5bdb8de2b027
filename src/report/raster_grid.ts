/** Grids of spikes, for rasters on a page and in a terminal. */

/** The finest grid that is visible at a plot's size. */
const ROWS = 160, COLUMNS = 256;

/** A raster's occupied cells, and the units and steps of each. */
export interface RasterGrid {
  readonly rows: number;
  readonly columns: number;
  readonly unitsPerRow: number;
  readonly stepsPerColumn: number;
  /** `[rows, columns]`, 1 where there is at least one spike. */
  readonly cells: Uint8Array;
  /** Cells that are 1. */
  readonly occupied: number;
}

/** Groups spikes into cells. @param spikes `[steps, units]`, above 0 at a spike. */
export function gridOf(
  spikes: Uint8Array,
  steps: number,
  units: number,
  mostRows: number,
  mostColumns: number,
): RasterGrid {
  const unitsPerRow = Math.ceil(units / mostRows), stepsPerColumn = Math.ceil(steps / mostColumns);
  const rows = Math.ceil(units / unitsPerRow), columns = Math.ceil(steps / stepsPerColumn);
  const cells = new Uint8Array(rows * columns);
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < units; n++) {
      if (!spikes[t * units + n]) continue; // no spike, or after the end of a sequence
      cells[Math.floor(n / unitsPerRow) * columns + Math.floor(t / stepsPerColumn)] = 1;
    }
  }
  const occupied = cells.reduce((sum, cell) => sum + cell, 0);
  return { rows, columns, unitsPerRow, stepsPerColumn, cells, occupied };
}

/** The finest grid with at most `mostTicks` occupied cells, which bounds a page's bytes. */
export function boundedGrid(spikes: Uint8Array, steps: number, units: number, mostTicks: number): RasterGrid {
  for (let rows = ROWS, columns = COLUMNS;; rows /= 2, columns /= 2) {
    const grid = gridOf(spikes, steps, units, Math.max(1, rows), Math.max(1, columns));
    if (grid.occupied <= Math.max(1, mostTicks)) return grid;
  }
}
