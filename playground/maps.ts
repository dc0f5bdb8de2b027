/** A layer's feature maps on a canvas, a pixel a unit: what fired before, and what fires now. */
import { type MapSizes, mapsOf } from "../src/network/maps.ts";
import type { Shape } from "../src/network/shape.ts";
import { besideEachOther, busiestMaps, columnsOfMaps } from "../src/report/map_mosaic.ts";
import { colour } from "./elements.ts";

/** Units that are drawn at most; of more, those of the busiest maps. */
const MOST_UNITS = 65_536;
/** Width over height, about. */
const ASPECT = 3.2;
/** Opacity of a unit that has not fired. */
const QUIET = 0.15;

/** One layer's maps. */
interface MapsOptions {
  /** `[steps, units]`, 1 at a spike: a trace's. */
  readonly spikes: Uint8Array;
  /** Of the layer. */
  readonly shape: Shape;
  readonly steps: number;
  /** Number of steps shown. */
  readonly until: number;
}

/** Width over height of a layer's maps, for a style sheet. */
export function aspectOfMaps(sizes: MapSizes): string {
  const shown = Math.min(sizes.maps, mostMaps(sizes)), across = columnsOfMaps(shown, sizes, ASPECT);
  return `${across * (sizes.columns + 1) - 1} / ${Math.ceil(shown / across) * (sizes.rows + 1) - 1}`;
}

function mostMaps({ rows, columns }: MapSizes): number {
  return Math.max(1, Math.floor(MOST_UNITS / (rows * columns)));
}

/** Draws maps at the canvas's size and the screen's density; those that fire at the last step shown are orange while there are more. */
export function drawMaps(canvas: HTMLCanvasElement, { spikes, shape, steps, until }: MapsOptions): void {
  const context = canvas.getContext("2d"), sizes = mapsOf(shape);
  if (!context || !sizes) return;
  const density = devicePixelRatio || 1, width = Math.round(canvas.clientWidth * density);
  const height = Math.round(canvas.clientHeight * density);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.clearRect(0, 0, width, height);
  const picture = pictureOfMaps(spikes, sizes, until, until < steps);
  const scale = Math.min(width / picture.width, height / picture.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, scale * picture.width, scale * picture.height);
}

/** The maps, a pixel a unit, transparent between them. */
function pictureOfMaps(
  spikes: Uint8Array,
  sizes: MapSizes,
  until: number,
  isMoving: boolean,
): HTMLCanvasElement {
  const { maps, rows, columns } = sizes, units = maps * rows * columns;
  const all = new Float32Array(units), sums = new Float32Array(units), now = new Float32Array(units);
  for (let at = 0; at < spikes.length; at++) {
    const fired = spikes[at]!;
    if (fired === 0) continue;
    const step = Math.floor(at / units);
    all[at % units]! += fired;
    if (step < until) sums[at % units]! += fired;
    if (step === until - 1) now[at % units] = 1;
  }
  // The maps of the whole sample, so that they stay where they are.
  const shown = busiestMaps(all, sizes, mostMaps(sizes));
  const across = columnsOfMaps(shown.length, sizes, ASPECT);
  const before = besideEachOther(sums.map((sum) => sum / until), sizes, shown, across);
  const fresh = besideEachOther(now, sizes, shown, across);
  const [quiet, old, orange] = ["faint", "blue", "orange"].map((name) => channelsOf(colour(name)));
  const image = new ImageData(before.columns, before.rows);
  before.values.forEach((share, i) => {
    if (Number.isNaN(share)) return;
    const [ink, opacity] = isMoving && fresh.values[i]! > 0
      ? [orange!, 1]
      : share > 0
      ? [old!, 0.25 + 0.75 * share]
      : [quiet!, QUIET];
    image.data.set([...ink, Math.round(255 * opacity)], 4 * i);
  });
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: before.columns, height: before.rows });
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

/** Red, green and blue of a colour such as `#0072b2`. */
function channelsOf(hex: string): number[] {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
