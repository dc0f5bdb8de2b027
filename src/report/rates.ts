/** Firing rates: their distribution over each layer, with silent and saturated units. */
import * as Plot from "@observablehq/plot";
import { count, counted, ranges } from "../text/figures.ts";
import type { SampleWord } from "../data/samples.ts";
import { mapsOf } from "../network/maps.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { structureOf } from "../network/structure.ts";
import { layerName } from "../network/words.ts";
import { mapRatesFigure } from "./map_rates.ts";
import { figure, html, type Markup, section } from "./markup.ts";
import { axis, COLOURS, tickPercent } from "./plot_parts.ts";
import { draw } from "./plots.ts";
import type { LayerActivity, Recordings } from "./recordings.ts";
import { capitalized, describeLayer, percent } from "./words.ts";

/** A unit that fires in this share of all steps is saturated: its spikes carry no information. */
const SATURATED = 0.9;

/** Statistics of a layer's firing rates. */
interface RateFigures {
  readonly mean: number;
  readonly median: number;
  readonly highest: number;
  /** Units that never fired. */
  readonly silent: readonly number[];
  /** Units that fired in {@linkcode SATURATED} of all steps or more. */
  readonly saturated: readonly number[];
}

export function rateFigures(rates: Float64Array): RateFigures {
  const sorted = rates.toSorted(), middle = sorted.length / 2;
  const units = (test: (rate: number) => boolean) => [...rates.keys()].filter((unit) => test(rates[unit]!));
  return {
    mean: rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
    median: (sorted[Math.floor(middle - 0.5)]! + sorted[Math.floor(middle)]!) / 2,
    highest: sorted.at(-1)!,
    silent: units((rate) => rate === 0),
    saturated: units((rate) => rate >= SATURATED),
  };
}

/** The section. */
export function ratesSection(
  spec: NetworkSpec,
  { count: samples, layers }: Recordings,
  word: SampleWord,
): Markup {
  const step = spec.steps > 1 ? "step" : "sample";
  return section(
    "rates",
    "How often units fire",
    html`<p>Over the first ${
      counted(samples, `test ${word}`)
    }. A silent unit never fired; a saturated one fired in
${tickPercent(SATURATED)} of all ${step}s or more.</p>
<div class="grid">${
      layers.map((layer) => [layerFigure(spec, layer, step), mapsFigure(spec, layer, step)])
    }</div>`,
  );
}

/** The rates of a layer's feature maps; nothing where it has none. */
function mapsFigure(spec: NetworkSpec, { layer, rates }: LayerActivity, step: string): Markup | string {
  const sizes = mapsOf(structureOf(spec).populations[layer]!.shape);
  return sizes ? mapRatesFigure(rates, sizes, layerName(spec, layer), step) : "";
}

function layerFigure(spec: NetworkSpec, { layer, units, rates }: LayerActivity, step: string): Markup {
  const name = describeLayer(spec, layer),
    hasMaps = mapsOf(structureOf(spec).populations[layer]!.shape) !== undefined;
  const { mean, median, highest, silent, saturated } = rateFigures(rates);
  const width = niceWidth(highest / 20);
  const bins = new Map<number, number>();
  for (const rate of rates) {
    const bin = Math.min(Math.floor(rate / width + 1e-9), Math.ceil(1 / width) - 1);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  const data = [...bins].sort(([a], [b]) => a - b)
    .map(([bin, units]) => ({ from: bin * width, to: Math.min(1, (bin + 1) * width), units }));
  const picture = draw({
    height: 220,
    x: axis(`spikes a ${step}`, {
      tickFormat: tickPercent,
      ticks: 6,
      domain: [0, Math.max(...data.map(({ to }) => to))],
    }),
    y: axis("units", { grid: true }),
    marks: [
      Plot.rectY(data, {
        x1: "from",
        x2: "to",
        y: "units",
        inset: 0.5,
        fill: COLOURS.blue,
        fillOpacity: 0.8,
      }),
      Plot.ruleX([mean], { stroke: COLOURS.vermillion, strokeWidth: 2, strokeDasharray: "5 3" }),
      Plot.ruleY([0]),
    ],
  }, `Distribution of firing rates in ${name}: mean ${percent(mean)}, highest ${percent(highest)}`);
  return figure(
    picture,
    html`<b>${capitalized(name)}</b>: mean ${percent(mean)} (dashed), median ${percent(median)}, highest ${
      percent(highest)
    }.
${named("Silent", silent, units, hasMaps)} ${named("Saturated", saturated, units, hasMaps)}`,
    units <= 200
      ? {
        caption: `Rates of ${layerName(spec, layer)}, busiest first`,
        head: ["unit", `spikes a ${step}`],
        rows: [...rates.keys()].sort((a, b) => rates[b]! - rates[a]!)
          .map((unit) => [String(unit), percent(rates[unit]!)]),
      }
      : {
        caption: `Rates of ${layerName(spec, layer)}`,
        head: [`spikes a ${step}`, "units"],
        rows: data.map(({ from, to, units }) => [`${percent(from)} to ${percent(to)}`, count(units)]),
      },
  );
}

/** How many units are silent or saturated, and which; of feature maps the number alone. */
function named(word: string, list: readonly number[], units: number, hasMaps: boolean): string {
  if (list.length === 0) return `${word}: none.`;
  if (hasMaps) return `${word}: ${count(list.length)} of ${count(units)} units.`;
  return `${word}: ${count(list.length)} of ${count(units)} (${shortened(ranges(list))}).`;
}

/** The text, cut at a comma if it is longer than 400 characters. */
function shortened(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, text.lastIndexOf(",", 400))}, …`;
}

/** The next of 1, 2 or 5 times a power of ten, a hundredth of a percent at least. */
function niceWidth(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1e-4, least)));
  return [1, 2, 5, 10].map((digit) => digit * power).find((width) => width >= least - 1e-12) ?? power;
}
