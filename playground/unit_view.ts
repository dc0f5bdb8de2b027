/** The unit that is pointed at: its weights over the drawing, its links to the outputs, its potential. */
import { mapsOf, unitName } from "../src/network/maps.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { layerName } from "../src/network/words.ts";
import type { Parameters } from "../src/engine/engine.ts";
import { counted } from "../src/text/figures.ts";
import { type Field, fieldOf, linksOf, thresholdOf } from "./logic/links.ts";
import type { Inspection } from "./logic/protocol.ts";
import { channelsOf, classColours, colour, sheetOf } from "./canvas.ts";
import { element } from "./elements.ts";
import { drawTrace } from "./trace.ts";

/** A unit of a layer. */
export interface PointedUnit {
  readonly layer: number;
  readonly unit: number;
}

/** The unit whose potential is shown. */
export interface ShownUnit extends PointedUnit {
  /** The class that it speaks for, the loudest of those that do, where the reader chose no unit. */
  readonly speaksFor?: string;
}

/** Places on the page that a unit's links join. */
export interface LinkPlaces {
  readonly from: readonly [x: number, y: number] | undefined;
  to(label: number): readonly [x: number, y: number] | undefined;
}

/** The strip below the rasters, the overlay on the pad, and the curves beside the rows. */
export class UnitView {
  readonly #text = element("unit-text", HTMLElement);
  readonly #plot = element("unit-plot", HTMLCanvasElement);
  readonly #field = element("field", HTMLCanvasElement);
  readonly #links = element("links", HTMLCanvasElement);
  readonly #hero = element("hero", HTMLElement);
  readonly #help = element("unit-help", HTMLElement);

  /** Draws a unit's potential up to a time in steps. */
  draw(
    { spec, trace, steps }: Inspection,
    parameters: Parameters,
    { layer, unit, speaksFor }: ShownUnit,
    time: number,
  ): void {
    const { units, shape, isSpiking } = structureOf(spec).populations[layer]!;
    const threshold = thresholdOf(spec, parameters, layer, unit);
    const own = (values: ArrayLike<number>) =>
      Float64Array.from({ length: steps }, (_, t) => values[t * units + unit]!);
    const spikes = own(trace.spikes[layer]!), until = Math.ceil(time);
    const fired = spikes.subarray(0, until).reduce((sum, spike) => sum + spike, 0);
    const isSilent = !spikes.some((spike) => spike > 0);
    this.#plot.ariaHidden = null;
    const name = this.#nameOf(spec, layer, unit), sheet = sheetOf(this.#plot);
    const who = speaksFor === undefined ? name : `${name}, which speaks for ${speaksFor}`;
    if (steps === 1) {
      const output = trace.outputs[layer]![unit]!;
      this.#text.textContent = `${who}: it puts out ${Number(output.toPrecision(3))}`;
      return;
    }
    const about = !isSpiking
      ? "its potential; it does not spike"
      : isSilent
      ? "its potential stays below the threshold: no spike"
      : `its potential fills, and at the threshold it fires: ${counted(fired, "spike")}`;
    const places = mapsOf(shape) ? "map" : "row";
    this.#text.textContent = `${who}: ${about}${
      speaksFor === undefined ? ` in ${counted(steps, "step")}` : `. Press any ${places}.`
    }`;
    if (!sheet) return;
    // Its steps lie below those of the rasters.
    const room = sheet.width - (document.querySelector("#outputs canvas")?.clientWidth ?? sheet.width);
    drawTrace(sheet, {
      room,
      potentials: own(trace.potentials[layer]!),
      spikes,
      threshold,
      time,
    });
  }

  #nameOf(spec: Inspection["spec"], layer: number, unit: number): string {
    const { shape } = structureOf(spec).populations[layer]!;
    const place = mapsOf(shape) ? unitName(shape, unit) : `Neuron ${unit}`;
    return structureOf(spec).hidden.length > 1 || mapsOf(shape)
      ? `${place} of ${layerName(spec, layer)}`
      : place;
  }

  /** Says that there is no unit. */
  clear(): void {
    this.#text.textContent = "\u00a0";
    this.#plot.ariaHidden = "true"; // it has no name now
    sheetOf(this.#plot);
    this.unpoint();
  }

  /** Shows what a unit weighs, and what it tells the outputs. @param ground The picture that the network sees, if it is one. */
  point(
    { spec }: Inspection,
    parameters: Parameters,
    { layer, unit }: PointedUnit,
    places: LinkPlaces,
    ground: HTMLCanvasElement | undefined,
  ): void {
    const field = fieldOf(spec, parameters, layer, unit);
    this.#field.hidden = !field;
    if (field) drawField(this.#field, field, ground);
    this.#drawLinks(
      linksOf(spec, parameters, layer),
      structureOf(spec).populations[layer]!.units,
      unit,
      places,
    );
  }

  /** Says what weights and links mean, and how to let go of a unit that is kept. */
  explain(spec: NetworkSpec, parameters: Parameters, { layer, unit }: PointedUnit, isKept: boolean): void {
    const field = fieldOf(spec, parameters, layer, unit), links = linksOf(spec, parameters, layer);
    const texts = [
      field &&
      (field.of === "input"
        ? "On the pad is what it looks for: orange excites it, blue quiets it."
        : "On the pad is the kernel of its map: orange excites, blue quiets."),
      links && "Solid lines vote for an output, dotted ones against it.",
      isKept && "Press it again, or Escape, to let go.",
    ];
    this.#help.textContent = texts.filter(Boolean).join(" ") || this.#nameOf(spec, layer, unit);
    this.#hero.classList.add("pointing");
  }

  /** Hides weights, links and what they mean. */
  unpoint(): void {
    this.#hero.classList.remove("pointing");
    this.#field.hidden = true;
    sheetOf(this.#links);
  }

  #drawLinks(links: Float32Array | undefined, units: number, unit: number, { from, to }: LinkPlaces): void {
    const sheet = sheetOf(this.#links);
    if (!sheet || !links || !from) return;
    const { context } = sheet, { left, top } = this.#links.getBoundingClientRect();
    const inks = classColours(links.length / units),
      most = links.reduce((most, link) => Math.max(most, Math.abs(link)), 1e-9);
    inks.forEach((ink, label) => {
      const end = to(label), weight = links[label * units + unit]!;
      if (!end) return;
      const [x, y] = [from[0] - left, from[1] - top], [toX, toY] = [end[0] - left, end[1] - top];
      context.beginPath();
      context.moveTo(x, y);
      // The control points at which the curve keeps to the canvas.
      const bend = (2 - (x + toX) / 8) / 0.75;
      context.bezierCurveTo(bend, y, bend, toY, toX, toY);
      // What excites is drawn in the class's colour, what inhibits dashed and grey.
      context.strokeStyle = weight > 0 ? ink : colour("faint");
      context.setLineDash(weight > 0 ? [] : [3, 3]);
      context.lineWidth = 0.4 + 3.6 * Math.abs(weight) / most;
      context.stroke();
    });
    context.setLineDash([]);
  }
}

/** Draws weights over the picture, or a kernel as large as the pad: blue below 0, vermillion above. */
function drawField(
  canvas: HTMLCanvasElement,
  { of, rows, columns, weights }: Field,
  ground: HTMLCanvasElement | undefined,
): void {
  Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d"), image = new ImageData(columns, rows);
  if (!context) return;
  const most = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-9);
  const [below, above] = [channelsOf(colour("below")), channelsOf(colour("above"))];
  weights.forEach((weight, i) => {
    image.data.set(
      [...(weight < 0 ? below : above), Math.round(255 * Math.min(1, Math.abs(weight) / most))],
      4 * i,
    );
  });
  const layer = new OffscreenCanvas(columns, rows);
  layer.getContext("2d")?.putImageData(image, 0, 0);
  context.fillStyle = "#000";
  context.fillRect(0, 0, columns, rows);
  if (of === "input" && ground?.width === columns && ground.height === rows) {
    context.globalAlpha = 0.45;
    context.drawImage(ground, 0, 0);
    context.globalAlpha = 1;
  }
  context.drawImage(layer, 0, 0);
}
