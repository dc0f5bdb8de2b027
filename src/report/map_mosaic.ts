/** Feature maps beside each other as one picture, for a page's pictures and for a canvas. */
import type { MapSizes } from "../network/maps.ts";
import { type Cells, layOut } from "./layout.ts";

/** The busiest maps, in their order. @param sums Spikes of each unit. */
export function busiestMaps(sums: Float32Array, { maps, rows, columns }: MapSizes, most: number): number[] {
  const size = rows * columns, all = Array.from({ length: maps }, (_, map) => map);
  if (maps <= most) return all;
  const totals = all.map((map) =>
    sums.subarray(map * size, (map + 1) * size).reduce((sum, spikes) => sum + spikes, 0)
  );
  return all.sort((a, b) => totals[b]! - totals[a]! || a - b).slice(0, most).sort((a, b) => a - b);
}

/** How many maps stand beside each other, so that their last row is full where that can be. @param aspect Width over height, about. */
export function columnsOfMaps(maps: number, { rows, columns }: MapSizes, aspect: number): number {
  const ideal = Math.max(1, Math.sqrt(aspect * maps * (rows + 1) / (columns + 1)));
  const full = Array.from({ length: maps }, (_, i) => i + 1)
    .filter((across) => maps % across === 0 && across >= 0.75 * ideal && across <= 1.6 * ideal);
  const nearest = full.toSorted((a, b) => Math.abs(a - ideal) - Math.abs(b - ideal))[0];
  return nearest ?? Math.min(maps, Math.round(ideal));
}

/** Maps as one picture, with gaps between them: NaN. @param values `[maps, rows, columns]`, 0 to 1. */
export function besideEachOther(
  values: Float32Array,
  sizes: MapSizes,
  shown: readonly number[],
  across: number,
): Cells {
  const size = sizes.rows * sizes.columns;
  const cells = shown.map((map) =>
    layOut(values.subarray(map * size, (map + 1) * size), { of: "picture", ...sizes })
  );
  const { rows, columns } = cells[0]!;
  const width = across * (columns + 1) - 1, height = Math.ceil(shown.length / across) * (rows + 1) - 1;
  const picture = { rows: height, columns: width, values: new Float32Array(width * height).fill(NaN) };
  cells.forEach(({ values }, place) => {
    const top = Math.floor(place / across) * (rows + 1), left = (place % across) * (columns + 1);
    for (let row = 0; row < rows; row++) {
      picture.values.set(values.subarray(row * columns, (row + 1) * columns), (top + row) * width + left);
    }
  });
  return picture;
}
