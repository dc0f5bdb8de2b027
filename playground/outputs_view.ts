/** The outputs on the page: a row a class with its name, spikes or potential, and probability, all in the class's colour. */
import { shownName } from "../src/network/class_names.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { percent } from "../src/report/words.ts";
import type { Inspection } from "./logic/protocol.ts";
import { classColours, colour, type Sheet, sheetOf } from "./canvas.ts";
import { element, make } from "./elements.ts";
import { drawRaster, rasterOf } from "./raster.ts";

/** Names are whole; models may have none longer. */
const MOST_NAME = 256;

/** A class's row. */
interface Row {
  readonly item: HTMLElement;
  readonly name: HTMLButtonElement;
  readonly canvas: HTMLCanvasElement;
  readonly bar: HTMLElement;
  readonly figure: HTMLElement;
}

/** The rows of one network at a time. */
export class OutputsView {
  readonly #list = element("outputs", HTMLOListElement);
  readonly #chosen: (label: number) => void;
  #rows: readonly Row[] = [];
  #names: readonly string[] = [];

  /** @param chosen Called when a class's name is pressed. */
  constructor(chosen: (label: number) => void) {
    this.#chosen = chosen;
  }

  /** Makes the rows of a network's classes. */
  arrange(spec: NetworkSpec, names: readonly string[]): void {
    this.#names = names;
    this.#rows = Array.from({ length: structureOf(spec).classes }, (_, label) => {
      const name = make("button", { type: "button", class: "name" }, this.nameOf(label));
      name.onclick = () => this.#chosen(label);
      const canvas = make("canvas", { "aria-hidden": "true" });
      const bar = make("span", { class: "bar" }), figure = make("span", { class: "share" }, "–");
      const item = make("li", { class: `track class-${label % 10}` }, name, canvas, bar, figure);
      return { item, name, canvas, bar, figure };
    });
    this.#list.parentElement?.style.setProperty("--rows", String(this.#rows.length));
    this.#list.replaceChildren(...this.#rows.map(({ item }) => item));
    element("outputs-kind", HTMLElement).textContent = spec.steps > 1
      ? "what each output has collected"
      : "what each output puts out";
    this.offer(undefined);
  }

  /** A class's name, whole. */
  nameOf(label: number): string {
    return shownName(this.#names[label] ?? String(label), MOST_NAME);
  }

  /** Lets the names show samples of their classes. @param has Whether there is one; undefined for none of all. */
  offer(has: ((label: number) => boolean) | undefined): void {
    this.#rows.forEach(({ name }, label) => {
      name.disabled = !has?.(label);
      name.title = name.disabled ? "" : `Show a ${this.nameOf(label)}`;
    });
  }

  /** Where a class's row begins on the page. */
  placeOf(label: number): readonly [x: number, y: number] | undefined {
    const box = this.#rows[label]?.name.getBoundingClientRect();
    return box && [box.left, box.top + box.height / 2];
  }

  /** Draws spikes or potentials up to a time in steps. */
  draw({ spec, trace, steps }: Inspection, time: number): void {
    const { index, units, isSpiking } = structureOf(spec).readout;
    const inks = classColours(units), potentials = trace.potentials[index]!, spikes = trace.spikes[index]!;
    const [low, high] = rangeOf(potentials);
    this.#rows.forEach(({ canvas }, unit) => {
      const sheet = sheetOf(canvas),
        own = <A extends Float32Array | Uint8Array>(values: A) =>
          values.filter((_, at) => at % units === unit) as A;
      if (!sheet) return;
      if (isSpiking && steps > 1) {
        drawRaster(sheet, rasterOf(own(spikes), steps, Uint32Array.of(0), [inks[unit]!]), time);
      } else drawPotential(sheet, own(potentials), inks[unit]!, [low, high], time);
    });
  }

  /** Shows probabilities. @param firsts Labels that are marked. */
  show(probabilities: ArrayLike<number> | undefined, firsts: readonly number[]): void {
    this.#rows.forEach(({ item, bar, figure }, label) => {
      const share = probabilities?.[label];
      bar.style.setProperty("--share", (share ?? 0).toFixed(4));
      figure.textContent = share === undefined ? "–" : shareInRow(share);
      item.classList.toggle("first", firsts.includes(label));
    });
  }

  /** Shows nothing. */
  clear(): void {
    this.show(undefined, []);
    for (const { canvas } of this.#rows) sheetOf(canvas);
  }
}

/** The range of some values and 0. */
function rangeOf(values: Float32Array): readonly [low: number, high: number] {
  let low = 0, high = 1e-6;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** Height of what lies below the line of 0: that a potential is negative says enough. */
const BELOW = 3;

/** A potential as an area on the line of 0, up to a time. */
function drawPotential(
  { context, width, height }: Sheet,
  values: Float32Array,
  ink: string,
  [low, high]: readonly [number, number],
  time: number,
): void {
  const across = width / values.length, end = Math.min(values.length, time), zero = height - BELOW - 1;
  context.fillStyle = colour("line");
  context.fillRect(0, zero, width, 1);
  context.fillStyle = ink;
  for (let step = 0; step < end; step++) {
    const value = values[step]!, wide = Math.min(1, end - step) * across + 0.4;
    context.globalAlpha = value < 0 ? 0.45 : 0.9;
    if (value < 0) context.fillRect(step * across, zero + 1, wide, BELOW * value / low);
    else context.fillRect(step * across, zero * (1 - value / high), wide, zero * value / high);
  }
  context.globalAlpha = 1;
}

/** A probability at the end of a row. */
function shareInRow(share: number): string {
  if (share > 0.995) return ">99\u00a0%";
  return share < 0.005 ? "<1\u00a0%" : percent(share, 0);
}

/** A probability, never written as certain. */
export function sureness(share: number): string {
  return share > 0.9995 ? "over 99.9\u00a0%" : percent(share, 1);
}
