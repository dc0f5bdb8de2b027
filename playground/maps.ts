/** A layer's feature maps on a canvas, a pixel a unit: what fired before, and what fires now. */
import { type MapSizes, mapsOf } from "../src/network/maps.ts";
import type { Shape } from "../src/network/shape.ts";
import { besideEachOther, busiestMaps, columnsOfMaps } from "../src/report/map_mosaic.ts";
import { channelsOf, colour, sheetOf } from "./canvas.ts";

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

/**
 * Draws maps; those that fire at the last step shown are orange while there are more.
 *
 * @param pointed The unit that is pointed at, if any: its map gets a frame.
 */
export function drawMaps(canvas: HTMLCanvasElement, options: MapsOptions, pointed?: number): void {
  const sheet = sheetOf(canvas), sizes = mapsOf(options.shape);
  if (!sheet || !sizes) return;
  const { context } = sheet, { spikes, steps, until } = options;
  const picture = pictureOfMaps(spikes, sizes, until, until < steps);
  const scale = Math.min(sheet.width / picture.width, sheet.height / picture.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, scale * picture.width, scale * picture.height);
  if (pointed === undefined) return;
  const place = shownMaps(spikes, sizes).indexOf(Math.floor(pointed / (sizes.rows * sizes.columns)));
  if (place < 0) return;
  const across = columnsOfMaps(Math.min(sizes.maps, mostMaps(sizes)), sizes, ASPECT);
  context.strokeStyle = colour("orange");
  context.lineWidth = 2;
  context.strokeRect(
    scale * (place % across) * (sizes.columns + 1),
    scale * Math.floor(place / across) * (sizes.rows + 1),
    scale * sizes.columns,
    scale * sizes.rows,
  );
}

/** The unit at a place of the canvas, as shares of its width and height; undefined between maps. */
export function unitOfMapsAt(
  canvas: HTMLCanvasElement,
  { spikes, shape }: Pick<MapsOptions, "spikes" | "shape">,
  x: number,
  y: number,
): number | undefined {
  const sizes = mapsOf(shape);
  if (!sizes) return undefined;
  const shown = shownMaps(spikes, sizes), { rows, columns } = sizes;
  const across = columnsOfMaps(shown.length, sizes, ASPECT);
  const width = across * (columns + 1) - 1, height = Math.ceil(shown.length / across) * (rows + 1) - 1;
  const scale = Math.min(canvas.clientWidth / width, canvas.clientHeight / height);
  const column = Math.floor(x * canvas.clientWidth / scale),
    row = Math.floor(y * canvas.clientHeight / scale);
  const place = Math.floor(row / (rows + 1)) * across + Math.floor(column / (columns + 1));
  const [inRow, inColumn] = [row % (rows + 1), column % (columns + 1)];
  const map = column < width && row < height ? shown[place] : undefined;
  if (map === undefined || inRow === rows || inColumn === columns) return undefined;
  return map * rows * columns + inRow * columns + inColumn;
}

/** The maps of the whole sample that are drawn, so that they stay where they are. */
function shownMaps(spikes: Uint8Array, sizes: MapSizes): number[] {
  const units = sizes.maps * sizes.rows * sizes.columns, sums = new Float32Array(units);
  spikes.forEach((spike, at) => {
    sums[at % units]! += spike;
  });
  return busiestMaps(sums, sizes, mostMaps(sizes));
}

/** The maps, a pixel a unit, transparent between them. */
function pictureOfMaps(
  spikes: Uint8Array,
  sizes: MapSizes,
  until: number,
  isMoving: boolean,
): HTMLCanvasElement {
  const { maps, rows, columns } = sizes, units = maps * rows * columns;
  const sums = new Float32Array(units), now = new Float32Array(units);
  for (let at = 0; at < spikes.length; at++) {
    const fired = spikes[at]!;
    if (fired === 0) continue;
    const step = Math.floor(at / units);
    if (step < until) sums[at % units]! += fired;
    if (step === until - 1) now[at % units] = 1;
  }
  const shown = shownMaps(spikes, sizes);
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
