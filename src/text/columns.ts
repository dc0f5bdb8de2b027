/** Text in aligned columns. */

/** Alignment of a column. */
export type Alignment = "left" | "right";

/**
 * Formats rows as aligned columns, two spaces apart.
 *
 * @param rows Cells; a row may have fewer than others.
 * @param alignments One per column; further columns are aligned left.
 * @returns One line a row, without spaces at its end.
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  return rows.map((row) =>
    row.map((cell, i) =>
      alignments[i] === "right" ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
    ).join("  ").trimEnd()
  );
}
