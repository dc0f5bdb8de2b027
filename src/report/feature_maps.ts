/**
 * Feature maps as pictures: all maps of a layer beside each other, a pixel a unit, at a step and over all steps; and over many steps as
 * a raster with a row a map.
 */
import { count, counted } from "../text/figures.ts";
import { type MapSizes, mapsOf } from "../network/maps.ts";
import type { Shape } from "../network/shape.ts";
import { shadedImage } from "./images.ts";
import { layOut } from "./layout.ts";
import { besideEachOther, busiestMaps, columnsOfMaps } from "./map_mosaic.ts";
import { figure, html, type Markup } from "./markup.ts";
import { axis } from "./plot_parts.ts";
import { draw } from "./plots.ts";

/** Of more steps, some are shown, and a raster shows all. */
const MOST_STEPS = 8, SOME_STEPS = 5;
/** How much wider a picture of maps is than high, about. */
const ASPECT = 1.5;
/** CSS pixels of a pixel, and of a whole picture. */
const PIXEL = 2.5, LEAST_WIDTH = 130, WIDEST = 460;

/** What is drawn. */
export interface DrawnMaps {
  /** `[steps, units]`, 1 at a spike: a trace's. */
  readonly spikes: Uint8Array;
  /** Of the sample. */
  readonly steps: number;
  /** Of the layer: `[maps, rows, columns]`. */
  readonly shape: Shape;
  /** The layer's name. */
  readonly name: string;
  /** Of one picture; of more maps, the busiest are shown. */
  readonly mostUnits: number;
}

/** How many pictures {@linkcode drawMaps} makes of a layer. */
export function picturesOfMaps(steps: number): number {
  return stepsShown(steps).length + (steps > 1 ? 1 : 0);
}

/** The steps that have a picture of their own. */
export function stepsShown(steps: number): number[] {
  if (steps <= MOST_STEPS) return Array.from({ length: steps }, (_, step) => step);
  return Array.from({ length: SOME_STEPS }, (_, i) => Math.round(i * (steps - 1) / (SOME_STEPS - 1)));
}

/** Draws a layer's maps, step by step; `undefined` where the layer has none. */
export function drawMaps({ spikes, steps, shape, name, mostUnits }: DrawnMaps): Markup | undefined {
  const sizes = mapsOf(shape);
  if (!sizes) return undefined;
  const { maps, rows, columns } = sizes, size = rows * columns, units = maps * size;
  const sums = new Float32Array(units);
  for (let at = 0; at < steps * units; at++) sums[at % units]! += spikes[at] ?? 0;
  const shown = busiestMaps(sums, sizes, Math.max(1, Math.floor(mostUnits / size)));
  const most = sums.reduce((most, sum) => Math.max(most, sum), 0);
  const at = (step: number) =>
    Float32Array.from({ length: units }, (_, unit) => spikes[step * units + unit] ? 1 : 0);
  const pictures = [
    ...stepsShown(steps).map((step) => ({ title: `step ${count(step)}`, values: at(step) })),
    ...(steps > 1 ? [{ title: "all steps", values: sums.map((sum) => sum / Math.max(1, most)) }] : []),
  ];
  const across = columnsOfMaps(shown.length, sizes, ASPECT);
  const width = Math.max(LEAST_WIDTH, Math.min(WIDEST, PIXEL * across * (columns + 1)));
  const items = pictures.map(({ title, values }) => {
    const spiking = values.reduce((sum, value) => value > 0 ? sum + 1 : sum, 0);
    const image = shadedImage(besideEachOther(values, sizes, shown, across));
    const alt = `Maps of ${name}, ${title}: ${count(spiking)} of ${count(units)} units fire`;
    return html`<li><img src="${image}" alt="${alt}"><span>${title}</span></li>`;
  });
  const which = shown.length === maps ? "" : `the ${count(shown.length)} busiest of `;
  const caption = `Spikes of ${name}: ${which}${counted(maps, "map")} of ${rows} × ${columns} units${
    shown.length === 1 ? "" : ", from the left, row by row"
  }.${
    steps > 1
      ? ` “All steps” is the bluest where a unit fired the most, ${count(most)} ${
        most === 1 ? "time" : "times"
      }.`
      : ""
  }`;
  const style = `grid-template-columns: repeat(auto-fill, minmax(min(100%, ${Math.round(width)}px), 1fr))`;
  return html`${figure(html`<ul class="maps" style="${style}">${items}</ul>`, caption)}${
    steps > MOST_STEPS ? figure(drawMapRaster(spikes, steps, sizes, name), RASTER) : ""
  }`;
}

/** What a raster of maps shows. */
const RASTER =
  "The same over all steps: a row is a map, and the bluer it is at a step, the more of its units fire.";

/** The share of each map's units that fire, step by step: steps across, maps up. */
function drawMapRaster(spikes: Uint8Array, steps: number, sizes: MapSizes, name: string): Markup {
  const { maps, rows, columns } = sizes, size = rows * columns;
  const shares = new Float32Array(steps * maps);
  for (let at = 0; at < steps * maps * size; at++) {
    if (spikes[at]) shares[Math.floor(at / size)]! += 1 / size;
  }
  const most = shares.reduce((most, share) => Math.max(most, share), 0);
  const cells = layOut(shares.map((share) => share / (most || 1)), {
    of: "sequence",
    rows: maps,
    columns: steps,
  });
  const source = shadedImage(cells);
  return draw(
    {
      height: Math.max(70, Math.min(220, 8 * maps)) + 48,
      marginTop: 6,
      x: axis("step", { domain: [0, steps] }),
      y: axis("map", { domain: [0, maps], ticks: Math.min(5, maps) }),
      marks: [
        (_index, { x, y }, _values, _dimensions, context) => {
          const image = context.document.createElementNS("http://www.w3.org/2000/svg", "image");
          const [left, right] = [0, steps].map((step) => Number(x?.(step)));
          const [bottom, top] = [0, maps].map((map) => Number(y?.(map)));
          for (
            const [name, value] of [
              ["xlink:href", source],
              ["x", left],
              ["y", top],
              ["width", right! - left!],
              ["height", bottom! - top!],
              ["preserveAspectRatio", "none"],
            ] as const
          ) image.setAttribute(name, String(value));
          return image;
        },
      ],
    },
    `Activity of ${count(maps)} maps of ${name} in ${count(steps)} steps: at most ${
      (100 * most).toFixed(1)
    } % of a map's units fire at a step`,
  );
}
