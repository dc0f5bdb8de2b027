/** A part of the report: rows of measurements under one heading, as a table of text and as JSON with every sample. */
import { alignColumns } from "../src/text/columns.ts";
import { percent } from "../src/text/figures.ts";
import { summarize } from "./rounds.ts";

/** One measured quantity. */
export interface Row {
  readonly name: string;
  /** Such as `µs a sample`. */
  readonly unit: string;
  /** All of them, in the order in which they were measured. */
  readonly samples: readonly number[];
  /** Round by round, as the section's heading says; left out where there is nothing to compare with. */
  readonly ratios?: readonly number[];
}

/** Rows that belong together. */
export interface Section {
  /** Its name in JSON. */
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
  const table = rows.map(({ name, unit, samples, ratios = [] }) => [
    ...(ratios.length > 0
      ? cells(ratios, ratio?.style === "share" ? (share) => percent(share, 1) : times)
      : ["", ""]),
    name,
    ...cells(samples, figure),
    `${unit}, n = ${samples.length}`,
  ]);
  const header = ["ratio", "p10 – p90", "", "median", "p10 – p90", ""];
  const lines = rows.length === 0
    ? []
    : alignColumns([header, ...table], ["right", "left", "left", "right", "left", "left"]);
  const meaning = ratio ? [`ratio: ${ratio.meaning}`] : [];
  return [title, ...[...meaning, ...lines, ...remarks].map((line) => `  ${line}`)];
}

/** A section for JSON: every sample, and the summaries of the table. */
export function sectionRecord(section: Section) {
  const rows = section.rows.map((row) => ({
    ...row,
    summary: summarize(row.samples),
    ...(row.ratios && { ratioSummary: summarize(row.ratios) }),
  }));
  return { ...section, rows };
}

/** A median, and its spread. */
function cells(samples: readonly number[], write: (value: number) => string): [string, string] {
  const { median, p10, p90 } = summarize(samples);
  return [write(median), `${write(p10)} – ${write(p90)}`];
}

const times = (value: number) => `${value.toFixed(2)} ×`;

/** Three digits or more. */
function figure(value: number): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  return value.toFixed(Math.min(digits, 6));
}
