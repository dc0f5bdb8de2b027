/** A hidden layer on the page: its raster, its maps, or the outputs of units without time; and what is pointed at. */
import { mapsOf, unitName } from "../src/network/maps.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { layerName } from "../src/network/words.ts";
import { CLASS_COLOURS } from "../src/report/class_colours.ts";
import { percent } from "../src/report/words.ts";
import { counted } from "../src/text/figures.ts";
import { type ClassRows, placesOfNames } from "./logic/links.ts";
import type { Inspection } from "./logic/protocol.ts";
import { sheetOf } from "./canvas.ts";
import { make } from "./elements.ts";
import { aspectOfMaps, drawMaps, unitOfMapsAt } from "./maps.ts";
import { drawActivations, drawCounts, drawRaster, type Raster, rasterOf, rowsOf } from "./raster.ts";

/** Names of more classes than this would not be readable beside the rows. */
const MOST_NAMES = 18;
/** Share of the height that two names are apart at least. */
const NAMES_APART = 0.055;

/** What a layer shows. */
export interface LayerSight {
  readonly inspection: Inspection;
  /** Units, by row. */
  readonly order: Uint32Array;
  /** Of each row's unit. */
  readonly inks: readonly string[];
  /** The rows of each class, where the colours are those of classes. */
  readonly groups: readonly ClassRows[];
  /** The classes' names, and what a reader calls a class. */
  readonly names: readonly string[];
  readonly classWord: string;
}

/**
 * How a unit is pointed at: by a mouse that is over it, or so that it is kept; `toggle` lets one go that is kept already.
 */
export type Pointing = "over" | "keep" | "toggle";

/** Called when a unit is pointed at; `undefined` when none is any more. */
export type PointListener = (unit: number | undefined, how: Pointing) => void;

/** One layer. */
export class LayerView {
  readonly layer: number;
  readonly figure: HTMLElement;
  readonly #spec: NetworkSpec;
  readonly #canvas = make("canvas", { role: "slider", tabindex: "0", class: "layer" });
  readonly #counts = make("canvas", { class: "counts", "aria-hidden": "true" });
  readonly #caption = make("figcaption");
  /** At the left of the rows: the classes' names, and a mark at the unit whose potential is shown. */
  readonly #margin = make("div", { class: "margin", "aria-hidden": "true" });
  readonly #mark = make("span", { class: "mark" }, "▸");
  readonly #listener: PointListener;
  #sight: LayerSight | undefined;
  #raster: Raster | undefined;
  /** The row, or of maps the unit, that is pointed at. */
  #row: number | undefined;
  /** The unit that a finger was put on. */
  #touched: number | undefined;

  constructor(spec: NetworkSpec, layer: number, listener: PointListener) {
    this.layer = layer;
    this.#spec = spec;
    this.#listener = listener;
    const { shape } = this.#population, sizes = mapsOf(shape);
    this.figure = make("figure", { class: sizes ? "track maps" : "track" }, this.#caption, this.#canvas);
    if (sizes) this.#canvas.style.aspectRatio = aspectOfMaps(sizes);
    else {
      const head = make("p", { class: "head" }, "spikes", make("span", {}, " of each"));
      this.figure.append(this.#margin, this.#counts, head);
    }
    const name = layerName(spec, layer);
    const attributes = {
      "aria-label": `Units of ${name}`,
      "aria-valuemin": "0",
      "aria-valuenow": "0",
      "aria-orientation": "vertical",
    };
    for (const [key, value] of Object.entries(attributes)) this.#canvas.setAttribute(key, value);
    this.#canvas.onpointermove = (event) => {
      const unit = this.#unitOf(event);
      if (event.pointerType === "mouse") return this.#listener(unit, "over");
      if (event.pressure === 0 || unit === this.#touched) return; // a finger is never quite still
      this.#touched = unit;
      this.#listener(unit, "keep");
    };
    this.#canvas.onpointerdown = (event) => {
      this.#touched = this.#unitOf(event);
      this.#listener(this.#touched, "toggle");
    };
    this.#canvas.onpointerleave = (event) => {
      if (event.pointerType === "mouse") this.#listener(undefined, "over");
    };
    this.#canvas.onkeydown = (event) => this.#key(event);
  }

  get #population() {
    return structureOf(this.#spec).populations[this.layer]!;
  }

  /** Takes what there is to see; `undefined` for nothing. */
  take(sight: LayerSight | undefined): void {
    this.#sight = sight;
    this.#raster = sight && !mapsOf(this.#population.shape)
      ? rasterOf(
        sight.inspection.trace.spikes[this.layer]!,
        sight.inspection.steps,
        sight.order,
        sight.inks,
      )
      : undefined;
    const { units } = this.#population;
    this.#canvas.setAttribute("aria-valuemax", String(units - 1));
    this.figure.classList.toggle("timeless", sight?.inspection.spec.steps === 1);
    this.#margin.replaceChildren(this.#mark, ...this.#namesOf(sight));
    this.mark(undefined);
    if (!sight) {
      this.#say("");
      sheetOf(this.#canvas);
      sheetOf(this.#counts);
    }
  }

  /** The classes' names, beside their rows. */
  #namesOf(sight: LayerSight | undefined): HTMLElement[] {
    if (!sight || sight.groups.length > MOST_NAMES) return [];
    const places = placesOfNames(sight.groups, this.#population.units, NAMES_APART);
    return sight.groups.map(({ label }, i) => {
      const name = make(
        "span",
        { class: `class-${label % CLASS_COLOURS.light.length}` },
        sight.names[label] ?? "",
      );
      name.style.top = `${(100 * places[i]!).toFixed(2)}%`;
      return name;
    });
  }

  /** Marks the row of the unit whose potential is shown, if it is one of this layer. */
  mark(unit: number | undefined): void {
    const at = unit === undefined ? -1 : this.#sight?.order.indexOf(unit) ?? -1;
    this.#mark.hidden = at < 0;
    const { rows, unitsPerRow } = rowsOf(this.#population.units);
    this.#mark.style.top = `${(100 * (Math.floor(at / unitsPerRow) + 0.5) / rows).toFixed(2)}%`;
  }

  /** Marks a unit as pointed at. */
  point(unit: number | undefined): void {
    const { shape, units } = this.#population, order = this.#sight?.order;
    if (unit === undefined || mapsOf(shape)) this.#row = unit;
    else this.#row = Math.floor(order ? order.indexOf(unit) / rowsOf(units).unitsPerRow : 0);
    const name = unit === undefined ? "none" : unitName(shape, unit);
    this.#canvas.setAttribute("aria-valuenow", String(unit ?? 0));
    this.#canvas.setAttribute("aria-valuetext", name);
  }

  /** Where a unit's row begins, from the top of the page's rasters; undefined of maps. */
  placeOf(unit: number): readonly [x: number, y: number] | undefined {
    const { units, shape } = this.#population, at = this.#sight?.order.indexOf(unit) ?? -1;
    if (mapsOf(shape) || at < 0) return undefined;
    const { rows, unitsPerRow } = rowsOf(units), { left, top, height } = this.#canvas.getBoundingClientRect();
    return [left, top + (Math.floor(at / unitsPerRow) + 0.5) * height / rows];
  }

  /** Draws a time in steps. */
  draw(time: number): void {
    if (!this.#sight) return;
    const { inspection: { trace, steps }, order, inks } = this.#sight;
    const { shape, units } = this.#population, spikes = trace.spikes[this.layer]!;
    const until = Math.min(steps, Math.ceil(time));
    this.#describe(spikes, until, steps);
    if (mapsOf(shape)) {
      return drawMaps(this.#canvas, { spikes, shape, steps, until: Math.max(1, until) }, this.#row);
    }
    const sheet = sheetOf(this.#canvas), counts = sheetOf(this.#counts);
    if (!sheet || !this.#raster) return;
    if (steps === 1) {
      const outputs = trace.outputs[this.layer]!;
      return drawActivations(sheet, Float32Array.from(order, (unit) => outputs[unit]!), inks, this.#row);
    }
    drawRaster(sheet, this.#raster, time, this.#row);
    if (counts && units > 0) drawCounts(counts, this.#raster, time);
  }

  /** How many neurons or maps, of which layer where there are several. */
  get #many(): string {
    const { units, shape } = this.#population, maps = mapsOf(shape);
    const isOnly = structureOf(this.#spec).hidden.length === 1;
    const name = isOnly && !maps ? "" : ` of ${layerName(this.#spec, this.layer)}`;
    return `${maps ? counted(shape[0], "map") : counted(units, "neuron")}${name}`;
  }

  #describe(spikes: Uint8Array, until: number, steps: number): void {
    const { units, shape, isSpiking } = this.#population;
    if (steps === 1 || !isSpiking) return this.#say(": what each puts out, without time or spikes");
    let sum = 0;
    for (let at = 0; at < until * units; at++) sum += spikes[at]!;
    const rate = percent(sum / Math.max(1, until * units), 1), { groups = [], classWord } = this.#sight ?? {};
    this.#say(
      `: ${counted(sum, "spike")}`,
      `, ${rate} fire at a step`,
      groups.length > 0 && !mapsOf(shape) ? `; coloured by the ${classWord} that each speaks for` : "",
    );
  }

  /** Writes the caption. @param rate What a narrow window leaves out. */
  #say(text: string, rate = "", more = ""): void {
    const rates = rate ? [make("span", { class: "rate" }, rate)] : [];
    this.#caption.replaceChildren(this.#many + text, ...rates, more);
  }

  #unitOf(event: PointerEvent): number | undefined {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return this.#unitAt((event.clientX - left) / width, (event.clientY - top) / height);
  }

  #unitAt(x: number, y: number): number | undefined {
    const { shape, units } = this.#population;
    if (!this.#sight || y < 0 || y >= 1) return undefined;
    const { order, inspection: { trace } } = this.#sight;
    if (mapsOf(shape)) {
      return unitOfMapsAt(this.#canvas, { spikes: trace.spikes[this.layer]!, shape }, x, y);
    }
    const { rows, unitsPerRow } = rowsOf(units);
    return order[Math.min(units - 1, Math.floor(y * rows) * unitsPerRow)];
  }

  #key(event: KeyboardEvent): void {
    const { units, shape } = this.#population, sizes = mapsOf(shape);
    if (!this.#sight) return;
    if (event.key === "Escape") return this.#listener(undefined, "keep");
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    // Of maps, from one map's middle to the next one's.
    const size = sizes ? sizes.rows * sizes.columns : rowsOf(units).unitsPerRow;
    const rows = Math.ceil(units / size), { order } = this.#sight;
    const row = this.#row === undefined
      ? (by > 0 ? 0 : rows - 1)
      : (sizes ? Math.floor(this.#row / size) : this.#row) + by;
    const kept = Math.max(0, Math.min(rows - 1, row));
    this.#listener(sizes ? kept * size + Math.floor(size / 2) : order[kept * size], "keep");
  }
}
