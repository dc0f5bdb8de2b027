/** Firing rates of feature maps: of each the mean over its units. */
import * as Plot from "@observablehq/plot";
import { count, ranges } from "../text/figures.ts";
import type { MapSizes } from "../network/maps.ts";
import { figure, html, type Markup, type Table } from "./markup.ts";
import { axis, COLOURS, tickPercent } from "./plot_parts.ts";
import { draw } from "./plots.ts";
import { percent } from "./words.ts";

/** Of more maps the bars are thinner than can be seen; the table has the first ones. */
const MOST_BARS = 512;

/** A map's activity. */
interface MapRate {
  readonly map: number;
  readonly mean: number;
  readonly highest: number;
  /** Units that never fired. */
  readonly silent: number;
}

/**
 * Draws the rates of a layer's maps.
 *
 * @param rates Of its units.
 * @param name The layer's.
 * @param step What a rate is per: `step` or `sample`.
 */
export function mapRatesFigure(rates: Float64Array, sizes: MapSizes, name: string, step: string): Markup {
  const maps = ratesOfMaps(rates, sizes), silent = maps.filter(({ highest }) => highest === 0);
  const busiest = maps.reduce((most, each) => each.mean > most.mean ? each : most);
  const quietest = maps.reduce((least, each) => each.mean < least.mean ? each : least);
  const shown = maps.slice(0, MOST_BARS);
  const picture = draw(
    {
      height: 220,
      x: axis("map", { domain: [0, shown.length], ticks: Math.min(8, shown.length), tickFormat: ",d" }),
      y: axis(`spikes a ${step}`, { grid: true, ticks: 5, tickFormat: tickPercent }),
      marks: [
        Plot.rectY(shown, {
          x1: ({ map }: MapRate) => map,
          x2: ({ map }: MapRate) => map + 1,
          y: "mean",
          inset: shown.length > 100 ? 0 : 0.5,
          fill: COLOURS.blue,
          fillOpacity: 0.8,
        }),
        Plot.ruleY([0]),
      ],
    },
    `Firing rates of the ${count(maps.length)} maps of ${name}: ${percent(quietest.mean)} to ${
      percent(busiest.mean)
    }`,
  );
  const numbers: Table = {
    caption: `Maps of ${name}, busiest first`,
    head: ["map", `spikes a ${step}`, "busiest unit", "silent units"],
    rows: shown.toSorted((a, b) => b.mean - a.mean).map(({ map, mean, highest, silent }) => [
      String(map),
      percent(mean),
      percent(highest),
      count(silent),
    ]),
  };
  return figure(
    picture,
    html`<b>Maps of ${name}</b>: means over the ${
      count(sizes.rows * sizes.columns)
    } units of each; map ${busiest.map} fires the most, ${
      percent(busiest.mean)
    }, and map ${quietest.map} the least, ${percent(quietest.mean)}. ${
      silent.length === 0
        ? "Silent: none."
        : `Silent: ${count(silent.length)} of ${count(maps.length)} maps (${
          ranges(silent.map(({ map }) => map))
        }).`
    }`,
    numbers,
  );
}

/** Each map's activity. @param rates `[maps, rows, columns]`. */
export function ratesOfMaps(rates: Float64Array, { maps, rows, columns }: MapSizes): MapRate[] {
  const size = rows * columns;
  return Array.from({ length: maps }, (_, map) => {
    const own = rates.subarray(map * size, (map + 1) * size);
    return {
      map,
      mean: own.reduce((sum, rate) => sum + rate, 0) / size,
      highest: own.reduce((most, rate) => Math.max(most, rate), 0),
      silent: own.reduce((silent, rate) => rate === 0 ? silent + 1 : silent, 0),
    };
  });
}
