/**
 * A sample's spikes in a terminal: a raster in Braille dots, two steps and four units a letter, and each layer's rate. Feature maps have
 * a row for some maps each, shaded by how many of their units fire.
 */
import type { SampleTrace } from "../engine/engine.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { spikingLayers } from "../report/recordings.ts";
import { gridOf } from "../report/raster_grid.ts";
import { count } from "../text/figures.ts";
import { type MapSizes, mapsOf } from "../network/maps.ts";
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
/** From no spike to the most. */
const SHADES = "·░▒▓█";
/** Letters of few steps together, and of one step, where feature maps are shown. */
const FEW_LETTERS = 32, MOST_LETTERS = 8;
/** By column and row of a letter's eight dots (Unicode's block of Braille patterns). */
const DOTS = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]] as const;

/** Draws the view. Each line fits the columns, and all of them the rows; of little room, rates alone remain. */
export function drawLive({ title, spec, trace, history }: LiveView, screen: ScreenSize): string[] {
  const width = Math.min(WIDEST, screen.columns);
  const { populations } = structureOf(spec), readout = structureOf(spec).readout.index;
  const firing = spikingLayers(spec), room = width - LABEL;
  const hasMaps = firing.some((layer) => mapsOf(populations[layer]!.shape));
  const letters = hasMaps ? lettersOf(spec.steps, room) : 0;
  const rates = firing.slice(0, MOST_LAYERS).map((layer) =>
    rateLine(labelOf(spec, layer), history[layer] ?? [], width)
  );
  const paint = (code: number, text: string) => screen.colours ? `\x1b[${code}m${text}\x1b[0m` : text;
  const rasters: string[] = [];
  let free = screen.rows - rates.length - 2; // the title, and the axis below the rasters
  const shown = firing.length > 1 ? [firing[0]!, firing.at(-1)!] : firing;
  // The last layer first: it is small, and the decision is made there.
  for (const layer of shown.toReversed()) {
    const { units, shape } = populations[layer]!, spikes = trace.spikes[layer]!, sizes = mapsOf(shape);
    const most = Math.min(TALLEST, free);
    const lines = width < 30 || most < 1
      ? []
      : sizes
      ? mapLines(spikes, spec.steps, sizes, room, most)
      : letters > 0
      ? brailleRaster(repeated(spikes, units, 2 * letters), 2 * letters * spec.steps, units, room, most)
      : brailleRaster(spikes, spec.steps, units, room, most);
    free -= lines.length;
    const label = labelOf(spec, layer);
    rasters.unshift(
      ...lines.map((line, i) =>
        (i === 0 ? label : " ".repeat(LABEL)) + paint(layer === readout ? 33 : 36, line)
      ),
    );
  }
  const axis = rasters.length === 0
    ? []
    : [paint(2, axisLine(spec.steps, letters > 0 ? letters * spec.steps : widthOfRaster(spec.steps, room)))];
  return [title.slice(0, width), ...rasters, ...axis, ...rates];
}

/**
 * A layer's spikes as Braille: unit 0 lowest, the first step left. Where there are more units or steps than dots, several
 * share a dot.
 *
 * @param spikes `[steps, units]`, above 0 at a spike: a trace's.
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

/**
 * The activity of feature maps: map 0 lowest, the first step left. Where there are more maps than rows, or more steps than columns,
 * several share a letter, whose shade is the mean share of units that fire, the highest one full.
 *
 * @param spikes `[steps, units]`, above 0 at a spike: a trace's.
 * @returns At most `rows` lines of at most `columns` letters.
 */
export function mapLines(
  spikes: Uint8Array,
  steps: number,
  { maps, rows: height, columns: width }: MapSizes,
  columns: number,
  rows: number,
): string[] {
  const size = height * width, mapsPerRow = Math.ceil(maps / rows), letters = lettersOf(steps, columns);
  const stepsPerCell = letters > 0 ? 1 : 2 * Math.ceil(steps / (2 * columns));
  const across = Math.ceil(steps / stepsPerCell), down = Math.ceil(maps / mapsPerRow);
  const shares = new Float64Array(across * down);
  for (let at = 0; at < steps * maps * size; at++) {
    if (!spikes[at]) continue; // no spike, or after the end of a sequence
    const map = Math.floor(at / size) % maps, step = Math.floor(at / (size * maps));
    const row = Math.floor(map / mapsPerRow), column = Math.floor(step / stepsPerCell);
    const mapsOfRow = Math.min(mapsPerRow, maps - row * mapsPerRow);
    shares[row * across + column]! += 1 /
      (size * mapsOfRow * Math.min(stepsPerCell, steps - column * stepsPerCell));
  }
  const highest = Math.max(...shares);
  const shadeOf = (share: number) =>
    share === 0 ? 0 : Math.ceil((SHADES.length - 1) * share / highest - 1e-9);
  return Array.from({ length: down }, (_, i) => {
    const row = down - 1 - i;
    return Array.from(shares.subarray(row * across, (row + 1) * across))
      .map((share) => SHADES[shadeOf(share)]!.repeat(Math.max(1, letters))).join("");
  });
}

/** The letters of each step, of more steps fewer; 0 where several steps share one. */
function lettersOf(steps: number, columns: number): number {
  if (steps > columns) return 0;
  return Math.max(1, Math.min(MOST_LETTERS, Math.floor(Math.min(columns, FEW_LETTERS) / steps)));
}

/** Each step so many times. */
function repeated(spikes: Uint8Array, units: number, times: number): Uint8Array {
  const all = new Uint8Array(spikes.length * times);
  for (let at = 0; at < spikes.length; at += units) {
    for (let i = 0; i < times; i++) all.set(spikes.subarray(at, at + units), at * times + i * units);
  }
  return all;
}

/** The letters of a raster in Braille. */
function widthOfRaster(steps: number, columns: number): number {
  return Math.ceil(Math.ceil(steps / Math.ceil(steps / (2 * columns))) / 2);
}

/** The first and the last step, below the raster. @param width Its letters. */
function axisLine(steps: number, width: number): string {
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
