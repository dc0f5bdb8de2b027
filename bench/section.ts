/**
 * A part of the report: rows of measurements under one heading, for people as a table, for machines with every sample.
 *
 * @module
 */
import { alignColumns } from "../src/cli/columns.ts";
import { summarize, type Summary } from "./statistics.ts";

/** One measured quantity. */
export interface Row {
  readonly name: string;
  /** Such as `µs a sample`. */
  readonly unit: string;
  /** All of them, in the order in which they were measured. */
  readonly samples: readonly number[];
  /** Round by round, as the section's heading says; left out where there is nothing to compare with. */
  readonly ratios?: readonly number[];
  /** What was measured, for charts and machines: steps, units, threads, firing rate. */
  readonly facts?: Readonly<Record<string, number | string>>;
}

/** Rows that belong together. */
export interface Section {
  /** For machines. */
  readonly key: string;
  readonly title: string;
  /** What {@linkcode Row.ratios} are, and how they are written: `share` as per cent, `times` as a factor. */
  readonly ratio?: { readonly meaning: string; readonly style: "share" | "times" };
  readonly rows: readonly Row[];
  /** Findings that are not rows: checks, counts. */
  readonly remarks?: readonly string[];
}

/** A section as lines of text: ratios first, each median with its tenth and ninetieth percentile. */
export function sectionLines({ title, ratio, rows, remarks = [] }: Section): string[] {
  const table = rows.map(({ name, unit, samples, ratios }) => {
    return [
      ...ratioCells(ratios, ratio?.style),
      name,
      figure(summarize(samples).median),
      spread(summarize(samples), figure),
      `${unit}, n = ${samples.length}`,
    ];
  });
  const header = ["ratio", "p10 – p90", "", "median", "p10 – p90", ""];
  const lines = rows.length === 0
    ? []
    : alignColumns([header, ...table], ["right", "left", "left", "right", "left", "left"]);
  const meaning = ratio ? [`ratio: ${ratio.meaning}`] : [];
  return [title, ...[...meaning, ...lines, ...remarks].map((line) => `  ${line}`)];
}

/** Median and spread; two empty cells where nothing was compared. */
function ratioCells(ratios: readonly number[] = [], style: "share" | "times" = "times"): [string, string] {
  if (ratios.length === 0) return ["", ""];
  const compared = summarize(ratios);
  return [ratioText(compared.median, style), spread(compared, (value) => ratioText(value, style))];
}

/** What machines get of a section: every sample, and the summaries that people saw. */
export function sectionRecord({ key, title, ratio, rows, remarks = [] }: Section) {
  return {
    key,
    title,
    ...(ratio && { ratio }),
    remarks,
    rows: rows.map((row) => ({
      ...row,
      summary: summarize(row.samples),
      ...(row.ratios && row.ratios.length > 0 && { ratioSummary: summarize(row.ratios) }),
    })),
  };
}

function spread({ p10, p90 }: Summary, write: (value: number) => string): string {
  return `${write(p10)} – ${write(p90)}`;
}

function ratioText(value: number, style: "share" | "times"): string {
  return style === "share" ? `${(100 * value).toFixed(1)} %` : `${value.toFixed(2)} ×`;
}

/** Three digits or more. */
function figure(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  return value.toFixed(Math.min(digits, 6));
}
