/**
 * A sample's spikes in a terminal: a raster in Braille dots, two steps and four units a letter, and each layer's rate.
 */
import type { SampleTrace } from "../engine/engine.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { spikingLayers } from "../report/recordings.ts";
import { gridOf } from "../report/raster_grid.ts";
import { count } from "../text/figures.ts";
import { structureOf } from "../network/structure.ts";
import { shortLayerName } from "../network/words.ts";

/** What is drawn. */
export interface LiveView {
  /** Above the raster, such as `test image 0 (7): named 9 with 41 %`. */
  readonly title: string;
  readonly spec: NetworkSpec;
  readonly trace: SampleTrace;
  /** For each layer the rates of the looks so far, the last one last. */
  readonly history: readonly (readonly number[])[];
}

/** Columns and rows of the screen, and whether it shows colours. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
  readonly colours: boolean;
}

const LABEL = 9;
const WIDEST = 80;
const TALLEST = 8;
/** Rates of so many layers are shown. */
const MOST_LAYERS = 6;
const SPARKS = "▁▂▃▄▅▆▇█";
/** By column and row of a letter's eight dots (Unicode's block of Braille patterns). */
const DOTS = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]] as const;

/** Draws the view. Each line fits the columns, and all of them the rows; of little room, rates alone remain. */
export function drawLive({ title, spec, trace, history }: LiveView, screen: ScreenSize): string[] {
  const width = Math.min(WIDEST, screen.columns);
  const { populations } = structureOf(spec), readout = structureOf(spec).readout.index;
  const firing = spikingLayers(spec);
  const rates = firing.slice(0, MOST_LAYERS).map((layer) =>
    rateLine(labelOf(spec, layer), history[layer] ?? [], width)
  );
  const paint = (code: number, text: string) => screen.colours ? `\x1b[${code}m${text}\x1b[0m` : text;
  const rasters: string[] = [];
  let free = screen.rows - rates.length - 2; // the title, and the axis below the rasters
  const shown = firing.length > 1 ? [firing[0]!, firing.at(-1)!] : firing;
  // The last layer first: it is small, and the decision is made there.
  for (const layer of shown.toReversed()) {
    const { units } = populations[layer]!;
    const most = Math.min(TALLEST, free);
    const lines = width < 30 || most < 1
      ? []
      : brailleRaster(trace.spikes[layer]!, spec.steps, units, width - LABEL, most);
    free -= lines.length;
    const label = labelOf(spec, layer);
    rasters.unshift(
      ...lines.map((line, i) =>
        (i === 0 ? label : " ".repeat(LABEL)) + paint(layer === readout ? 33 : 36, line)
      ),
    );
  }
  const axis = rasters.length === 0 ? [] : [paint(2, axisLine(spec.steps, width - LABEL))];
  return [title.slice(0, width), ...rasters, ...axis, ...rates];
}

/**
 * A layer's spikes as Braille: unit 0 lowest, the first step left. Where there are more units or steps than dots, several
 * share a dot.
 *
 * @param spikes `[steps, units]`, 1 at a spike: a trace's.
 * @returns At most `rows` lines of at most `columns` letters.
 */
export function brailleRaster(
  spikes: Uint8Array,
  steps: number,
  units: number,
  columns: number,
  rows: number,
): string[] {
  const grid = gridOf(spikes, steps, units, 4 * rows, 2 * columns);
  const lines: string[] = [];
  for (let line = Math.ceil(grid.rows / 4) - 1; line >= 0; line--) {
    let text = "";
    for (let letter = 0; letter < Math.ceil(grid.columns / 2); letter++) {
      let dots = 0;
      for (let dx = 0; dx < 2; dx++) {
        for (let dy = 0; dy < 4; dy++) {
          const row = 4 * line + 3 - dy, column = 2 * letter + dx;
          if (row < grid.rows && column < grid.columns && grid.cells[row * grid.columns + column] === 1) {
            dots |= DOTS[dx]![dy]!;
          }
        }
      }
      text += String.fromCodePoint(0x2800 + dots);
    }
    lines.push(text);
  }
  return lines;
}

/** The first and the last step, below the raster. */
function axisLine(steps: number, columns: number): string {
  const width = Math.ceil(Math.ceil(steps / Math.ceil(steps / (2 * columns))) / 2);
  const last = `step ${count(steps - 1)}`;
  const gap = width - last.length - 1;
  return " ".repeat(LABEL) + (gap > 0 ? `0${" ".repeat(gap)}${last}` : "0");
}

/** A layer's name before its raster and its rates. */
function labelOf(spec: NetworkSpec, layer: number): string {
  return shortLayerName(spec, layer, "output").padEnd(LABEL);
}

/** What share of a layer's units fires at a step, now and before. */
function rateLine(label: string, history: readonly number[], width: number): string {
  const now = `${label}${(100 * (history.at(-1) ?? 0)).toFixed(1).padStart(5)} % fire`;
  return `${now}  ${sparkline(history, Math.max(0, width - now.length - 2))}`.slice(0, width).trimEnd();
}

/** Values as a row of bars, the highest of them full; of many, the last ones. */
export function sparkline(values: readonly number[], columns: number): string {
  const shown = columns > 0 ? values.slice(-columns) : [];
  const highest = Math.max(...shown, 0);
  return shown.map((value) =>
    SPARKS[highest > 0 ? Math.min(SPARKS.length - 1, Math.floor(SPARKS.length * value / highest)) : 0]
  ).join("");
}
