/** View of the network's answer to a picture: class, probabilities, rasters and potentials, at any step. */
import { decisionOf } from "../src/report/decision.ts";
import { pictureSide } from "../src/classify/picture_side.ts";
import { percent } from "../src/report/words.ts";
import { count, counted } from "../src/text/figures.ts";
import { shownName } from "../src/network/class_names.ts";
import { mapsOf } from "../src/network/maps.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import type { Inspection } from "./logic/protocol.ts";
import { COLOURS } from "../src/report/plot_parts.ts";
import { spikingLayers } from "../src/report/recordings.ts";
import { structureOf } from "../src/network/structure.ts";
import { tensorsOf } from "../src/network/neurons.ts";
import { layerName } from "../src/network/words.ts";
import { element, make, prefersStillness } from "./elements.ts";
import { pictureOf } from "./pad.ts";
import { drawPotentials } from "./plots.ts";
import { aspectOfMaps, drawMaps } from "./maps.ts";
import { drawRaster, rasterHeight } from "./raster.ts";

/** Milliseconds of a step of the animation, and the bounds of the whole animation. */
const STEP_TIME = 16, MOST_TIME = 2200, LEAST_TIME = 500;

/** Maximum characters of a class's name, and of one that is shown as large as a digit. */
const MOST_NAME = 16, LONGEST_NUMBER = 3;

/** Names of the colours of the most probable classes. */
const COLOURED = ["blue", "vermillion", "green"] as const;

/** A raster on the page. */
interface RasterView {
  readonly layer: number;
  readonly canvas: HTMLCanvasElement;
  readonly caption: HTMLElement;
}

/** The cards "What it says" and "Spikes, step by step": one inspection at a time. */
export class AnswerView {
  readonly #play = element("play", HTMLButtonElement);
  readonly #step = element("step", HTMLInputElement);
  readonly #stepValue = element("step-value", HTMLOutputElement);
  readonly #bars = element("bars", HTMLOListElement);
  readonly #rasters = element("rasters", HTMLElement);
  readonly #potentials = element("potentials", HTMLElement);
  readonly #announcement = element("announcement", HTMLElement);
  /** Names of the network's classes. */
  #names: readonly string[] = [];
  #inspection: Inspection | undefined;
  #decisions: Float64Array | undefined;
  #views: readonly RasterView[] = [];
  /** The layers, steps and classes that the views were made for. */
  #shape = "";
  #showPotentials: (until: number) => void = () => {};
  #until = 1;
  #frame: number | undefined;

  constructor() {
    this.#play.onclick = () => this.#frame === undefined ? this.#start() : this.#halt();
    this.#step.oninput = () => {
      this.#halt();
      this.#show(this.#step.valueAsNumber);
    };
    const again = () => this.#show(this.#until);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new ResizeObserver(again).observe(this.#rasters);
  }

  /**
   * Shows an inspection.
   *
   * @param how `play` animates the steps and announces the answer to screen readers; `whole` shows all steps.
   */
  show(inspection: Inspection, how: "play" | "whole"): void {
    const { spec, trace } = inspection;
    this.#inspection = inspection;
    this.#decisions = decisionOf(spec, trace);
    this.#arrange(spec);
    this.#step.disabled = this.#play.disabled = spec.steps === 1;
    this.#step.max = String(spec.steps);
    this.#drawPicture(inspection);
    this.#drawPotentials(inspection);
    const { label, probabilities } = inspection,
      answer = `${this.#nameOf(label)}, ${sureness(probabilities[label]!)}`;
    if (how === "play") this.#announcement.textContent = `The network says ${answer}.`;
    if (how === "play" && !prefersStillness() && spec.steps > 1) return this.#start();
    // A running animation shows the new inspection from its next frame on.
    if (this.#frame === undefined) this.#show(spec.steps);
  }

  /** Shows that there is no picture. */
  clear(): void {
    this.#halt();
    this.#inspection = undefined;
    this.#step.disabled = this.#play.disabled = true;
    this.#stepValue.value = "–";
    this.#potentials.replaceChildren();
    for (const { canvas } of this.#views) {
      canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
    }
    element("seen", HTMLCanvasElement).getContext("2d")?.clearRect(0, 0, 1000, 1000);
    element("verdict-name", HTMLElement).textContent = "–";
    element("verdict-text", HTMLElement).textContent = "Nothing is drawn yet.";
    this.#announcement.textContent = "";
    for (const bar of this.#bars.children) this.#setBar(bar, 0, false);
  }

  /** Lays out the views for a network. @param names Its classes' names. */
  arrange(spec: NetworkSpec, names: readonly string[]): void {
    this.#names = names;
    if (this.#arrange(spec) || !this.#inspection) this.clear();
  }

  /** @returns Whether the layout changed. */
  #arrange(spec: NetworkSpec): boolean {
    const { steps } = spec, { populations, classes } = structureOf(spec), names = this.#names;
    const layers = populations.map(({ id, shape, neuron }) => [id, shape, neuron.kind]);
    const shape = JSON.stringify([layers, steps, names]);
    if (shape === this.#shape) return false;
    this.#shape = shape;
    this.#views = spikingLayers(spec).map((layer) => {
      const canvas = make("canvas", { role: "img" });
      const { shape, units } = populations[layer]!;
      const sizes = mapsOf(shape);
      if (sizes) canvas.style.aspectRatio = aspectOfMaps(sizes);
      else canvas.style.height = `${rasterHeight(units)}px`;
      return { layer, canvas, caption: make("figcaption") };
    });
    this.#rasters.replaceChildren(
      ...this.#views.map(({ layer, canvas, caption }) => {
        const { shape, units } = populations[layer]!;
        if (mapsOf(shape)) return make("figure", {}, caption, make("div", { class: "maps" }, canvas));
        const ends = [units - 1, 0].map((unit) => make("span", {}, String(unit)));
        return make("figure", {}, caption, make("div", { class: "raster" }, canvas, ...ends));
      }).reverse(),
    );
    this.#bars.style.setProperty("--name", `${Math.max(...names.map((_, i) => this.#nameOf(i).length))}ch`);
    const bars = Array.from({ length: classes }, (_, label) => {
      const name = make("span", { title: names[label] ?? "" }, this.#nameOf(label));
      return make("li", {}, name, make("span", { class: "bar" }), make("span", {}, "–"));
    });
    this.#bars.replaceChildren(...bars);
    // A list that scrolls needs the focus for scrolling by keyboard.
    if (this.#bars.scrollHeight > this.#bars.clientHeight) this.#bars.tabIndex = 0;
    else this.#bars.removeAttribute("tabindex");
    return true;
  }

  /** A class's name, shortened. */
  #nameOf(label: number): string {
    return shownName(this.#names[label] ?? String(label), MOST_NAME);
  }

  #start(): void {
    this.#halt();
    const inspection = this.#inspection;
    if (!inspection) return;
    const { steps } = inspection.spec;
    const time = Math.max(LEAST_TIME, Math.min(MOST_TIME, steps * STEP_TIME));
    const began = performance.now();
    this.#play.textContent = "Halt";
    const next = (now: number) => {
      const until = Math.min(steps, 1 + Math.floor(Math.max(0, now - began) / time * steps));
      this.#show(until);
      if (until < steps) this.#frame = requestAnimationFrame(next);
      else this.#halt();
    };
    this.#frame = requestAnimationFrame(next);
  }

  #halt(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#play.textContent = "Play";
  }

  /** Shows the inspection up to a step. */
  #show(until: number): void {
    const inspection = this.#inspection;
    if (!inspection) return;
    const { spec, trace } = inspection, { steps } = spec, { populations } = structureOf(spec);
    this.#until = until;
    this.#step.value = String(until);
    this.#stepValue.value = `${count(until)} of ${count(steps)}`;
    for (const { layer, canvas, caption } of this.#views) {
      const fired = trace.spikes[layer]!, { units, shape, isReadout } = populations[layer]!;
      const spikes = fired.subarray(0, until * units).reduce((sum, spike) => sum + spike, 0);
      const name = layerName(spec, layer);
      const rate = percent(spikes / (until * units), 1);
      const figures = `${count(spikes)} spikes, ${rate} of ${count(units)} units a step`;
      caption.replaceChildren(
        make(
          "span",
          {},
          `Spikes of the ${mapsOf(shape) ? counted(shape[0], "map") : `${count(units)} units`} of ${name}`,
        ),
        make("span", {}, figures),
      );
      canvas.setAttribute("aria-label", `${name}: ${figures}, up to step ${count(until)}`);
      if (mapsOf(shape)) drawMaps(canvas, { spikes: fired, shape, steps, until });
      else drawRaster(canvas, { spikes: fired, steps, units, until, ink: isReadout ? "vermillion" : "blue" });
    }
    this.#showPotentials(until);
    this.#decide(inspection, until);
  }

  /** Probabilities if the readout ended at this step. */
  #decide({ spec: { steps, readout }, probabilities, label, spikes }: Inspection, until: number): void {
    const decisions = this.#decisions, classes = probabilities.length;
    const isWhole = until >= steps || !decisions;
    const shown = isWhole ? probabilities : [...decisions.subarray((until - 1) * classes, until * classes)];
    const first = isWhole ? label : shown.indexOf(Math.max(...shown));
    const hasBegun = isWhole || until > readout.begin;
    [...this.#bars.children].forEach((bar, i) => this.#setBar(bar, shown[i]!, hasBegun && i === first));
    const name = hasBegun ? this.#nameOf(first) : "–", verdict = element("verdict-name", HTMLElement);
    verdict.textContent = name;
    verdict.classList.toggle("word", name.length > LONGEST_NUMBER);
    element("verdict-text", HTMLElement).textContent = !hasBegun
      ? `is read from step ${readout.begin + 1} on`
      : isWhole
      ? `with ${sureness(shown[first]!)}, by ${count(spikes)} spikes`
      : `with ${sureness(shown[first]!)} so far`;
  }

  #setBar(bar: Element, share: number, isFirst: boolean): void {
    const [, track, figure] = bar.children;
    if (track instanceof HTMLElement) track.style.setProperty("--share", share.toFixed(4));
    if (figure) figure.textContent = this.#inspection ? sureness(share) : "–";
    bar.classList.toggle("first", isFirst);
  }

  #drawPicture({ spec, pixels }: Inspection): void {
    const canvas = element("seen", HTMLCanvasElement), side = pictureSide(spec);
    if (side === undefined) return;
    canvas.width = canvas.height = side;
    canvas.getContext("2d")?.drawImage(pictureOf(pixels, side), 0, 0);
  }

  #drawPotentials({ spec, trace, probabilities }: Inspection): void {
    const { index, units, neuron } = structureOf(spec).readout;
    const ranked = probabilities.map((_, unit) => unit).sort((a, b) => probabilities[b]! - probabilities[a]!);
    const leaders = ranked.slice(0, COLOURED.length);
    this.#showPotentials = drawPotentials(this.#potentials, {
      values: trace.potentials[index]!,
      steps: spec.steps,
      units,
      threshold: "threshold" in neuron && !tensorsOf(neuron).includes("threshold")
        ? neuron.threshold
        : undefined,
      coloured: new Map(leaders.map((unit, i) => [unit, COLOURS[COLOURED[i]!]])),
    });
    const legend = make("figcaption", { class: "legend" }, "Potentials of the output layer, which is read:");
    leaders.forEach((unit, i) =>
      legend.append(make("span", {}, make("i", { class: `key ${COLOURED[i]}` }), this.#nameOf(unit)))
    );
    if (units > leaders.length) legend.append(make("span", {}, make("i", { class: "key" }), "the others"));
    this.#potentials.append(legend);
  }
}

/** A probability, never written as certain. */
function sureness(share: number): string {
  return share > 0.9995 ? "over 99.9\u00a0%" : percent(share, 1);
}
