/**
 * A layer's activity over time, and whether there is a rhythm in it.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { count, counted } from "../figures.ts";
import type { SampleWord } from "../data/samples.ts";
import type { NetworkSpec } from "../network/spec.ts";
import { figure, html, legend, type Markup, section } from "./markup.ts";
import { axis, COLOURS, draw, tickPercent } from "./plots.ts";
import type { LayerActivity, Recordings } from "./recordings.ts";
import { judgeSpectrum, OWN_RHYTHM, type Spectrum } from "./spectrum.ts";
import { capitalized, layerName, percent } from "./words.ts";

const MOST_POINTS = 300;
const MOST_ROWS = 64;

/** The section. */
export function rhythmSection(
  spec: NetworkSpec,
  { count: samples, layers }: Recordings,
  word: SampleWord,
): Markup {
  const below = layers.filter(({ layer }) => layer < spec.layers.length - 1);
  const shown = below.length > 0 ? below : layers;
  return section(
    "rhythms",
    "Are there rhythms?",
    html`<p>In brains, populations of neurons fire in rhythms. Here is what the first ${
      counted(samples, `test ${word}`)
    } show${
      samples === 1 ? "s" : ""
    }. A unit can have a rhythm by itself, as its threshold and reset make it fire at even intervals. A rhythm
of the population is another thing: units that keep time with one another. So the power spectrum of the layer's activity is set
beside that of the same units with nothing in common.</p>`,
    ...shown.map((layer) => layerRhythm(spec, layer)),
  );
}

function layerRhythm(spec: NetworkSpec, activity: LayerActivity): Markup {
  const name = layerName(spec, activity.layer);
  const { spectrum } = activity;
  return html`<h3>${capitalized(name)}</h3>
<p class="verdict">${spectrum ? verdictOf(spectrum, name) : noSpectrum(spec, activity)}</p>
<div class="grid">${activityFigure(activity, name)}${spectrum && spectrumFigure(spectrum, name)}</div>`;
}

/** One sentence on the population's rhythm, one on the units' own. */
export function verdictOf(spectrum: Spectrum, name: string): string {
  const { kind, together, own } = judgeSpectrum(spectrum);
  const at = (frequency: number) =>
    `${cycles(frequency)} cycles a step (every ${(1 / frequency).toFixed(1)} steps)`;
  const alone = own.times >= OWN_RHYTHM
    ? `Units have a rhythm of their own, strongest at ${at(own.frequency)}, with ${
      times(own.times)
    } the power of units ` +
      "without a memory: it comes from their threshold and reset."
    : "Units have no marked rhythm of their own either.";
  switch (kind) {
    case "rhythm":
      return `There is a common rhythm in ${name}: at ${at(together.frequency)} its activity has ${
        times(together.times)
      } the power of the same units without anything in common, beyond the ${
        times(together.band)
      } that chance allows. ${alone}`;
    case "slow":
      return `There is no common rhythm in ${name}, but units rise and fall together slowly: at ${
        at(together.frequency)
      } and below, its activity has ${
        times(together.times)
      } the power of the same units without anything in common, beyond the ${
        times(together.band)
      } that chance allows, and no frequency stands out. ${alone}`;
    case "none":
      return `There is no common rhythm in ${name}: at no frequency has its activity more power than chance allows for the same ` +
        `units without anything in common (the closest is ${at(together.frequency)}, with ${
          times(together.times)
        } of a possible ${times(together.band)}). ${alone}`;
    default:
      return kind satisfies never;
  }
}

function noSpectrum({ steps }: NetworkSpec, { rates }: LayerActivity): string {
  return rates.some((rate) => rate > 0)
    ? `${count(steps)} steps are too few to tell a rhythm from chance.`
    : "No unit fired, so there is no rhythm.";
}

function times(factor: number): string {
  return `${factor.toFixed(2)} times`;
}

function cycles(frequency: number): string {
  return String(Number(frequency.toFixed(3)));
}

function activityFigure({ activity }: LayerActivity, name: string): Markup {
  const stride = Math.ceil(activity.length / MOST_POINTS);
  const data = activity.map((shares, step) => ({ step, ...shares })).filter(({ step }) =>
    step % stride === 0
  );
  const mean = activity.reduce((sum, each) => sum + each.mean, 0) / activity.length;
  return figure(
    draw({
      height: 260,
      x: axis("step", { domain: [0, Math.max(1, activity.length - 1)] }),
      y: axis("share of units that fire", { tickFormat: tickPercent, zero: true, grid: true }),
      marks: [
        Plot.areaY(data, { x: "step", y1: "low", y2: "high", fill: COLOURS.blue, fillOpacity: 0.18 }),
        Plot.lineY(data, { x: "step", y: "mean", stroke: COLOURS.blue, strokeWidth: 1.6 }),
        Plot.ruleY([0]),
      ],
    }, `Activity of ${name} over the steps: ${percent(mean)} of its units fire at a step, on average`),
    "Share of units that fire at each step: the mean over the samples, and the range of the middle four fifths of them. All units " +
      "start from 0 together: a rhythm of their own shows at first, and fades as they lose step with one another.",
    {
      caption: `Activity of ${name}`,
      head: ["step", "mean", "a tenth below", "a tenth above"],
      rows: thin(data).map((
        { step, mean, low, high },
      ) => [String(step), percent(mean), percent(low), percent(high)]),
    },
  );
}

function spectrumFigure(spectrum: Spectrum, name: string): Markup {
  const { frequencies, population, independent, band, length, stretches, settling } = spectrum;
  const data = frequencies.map((frequency, i) => ({
    frequency,
    population: population[i]!,
    independent: independent[i]!,
    low: independent[i]! * band[i]![0],
    high: independent[i]! * band[i]![1],
  }));
  const picture = draw({
    height: 260,
    x: axis("frequency (cycles a step)", { domain: [0, 0.5] }),
    y: axis("power (1: units without memory)", { type: "log", grid: true, ticks: 5, tickFormat: "~g" }),
    marks: [
      Plot.areaY(data, { x: "frequency", y1: "low", y2: "high", fill: COLOURS.ink, fillOpacity: 0.16 }),
      Plot.lineY(data, {
        x: "frequency",
        y: "independent",
        stroke: COLOURS.ink,
        strokeWidth: 1,
        strokeDasharray: "4 3",
      }),
      Plot.lineY(data, { x: "frequency", y: "population", stroke: COLOURS.vermillion, strokeWidth: 1.8 }),
      Plot.ruleY([1], { stroke: COLOURS.faint }),
    ],
  }, `Power spectrum of the activity of ${name}`);
  return figure(
    html`${
      legend([
        [COLOURS.vermillion, "the layer's activity"],
        [COLOURS.ink, "the same units with nothing in common, and their 99 % band"],
      ])
    }${picture}`,
    `Mean of ${count(stretches)} stretches of ${length} steps, Hann taper, without the first ${
      count(settling)
    } steps, in which ` +
      "all units start from 0 together. The band is for all frequencies at once.",
    {
      caption: `Power of the activity of ${name}`,
      head: ["cycles a step", "layer", "independent", "band from", "to"],
      rows: thin(data).map(({ frequency, population, independent, low, high }) => [
        frequency.toFixed(3),
        ...[population, independent, low, high].map((power) => power.toPrecision(3)),
      ]),
    },
  );
}

/** At most {@linkcode MOST_ROWS} rows, at even distances. */
function thin<Row>(rows: readonly Row[]): Row[] {
  const stride = Math.ceil(rows.length / MOST_ROWS);
  return rows.filter((_, i) => i % stride === 0);
}
