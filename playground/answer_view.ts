/** The network's answer to a picture, spike by spike: rasters, outputs, verdict, and the unit that is pointed at. */
import { decisionOf } from "../src/report/decision.ts";
import { pictureSide } from "../src/classify/picture_side.ts";
import type { Parameters } from "../src/engine/engine.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { count } from "../src/text/figures.ts";
import { favouritesOf, linksOf, rowsByClass, unitsByClass } from "./logic/links.ts";
import type { Inspection } from "./logic/protocol.ts";
import { verdictOf, wordOfClass } from "./logic/verdict.ts";
import { classColours, colour } from "./canvas.ts";
import { element } from "./elements.ts";
import { readsRecordings } from "./input_view.ts";
import { LayerView, type Pointing } from "./layer_view.ts";
import { OutputsView, sureness } from "./outputs_view.ts";
import { pictureOf } from "./pad.ts";
import { Playback } from "./playback.ts";
import { type PointedUnit, type ShownUnit, UnitView } from "./unit_view.ts";

/** Maximum characters of a name that is shown as large as a digit. */
const LONGEST_NUMBER = 3;

/** What can be done for a network that does not fire. */
export interface Help {
  /** Why it does not, as a sentence. */
  readonly why: string;
  /** The button that helps, if anything does. */
  readonly button?: { readonly text: string; press(): void };
}

/** How an inspection is shown: see {@linkcode AnswerView.show}. */
export type ShownHow = "play" | "whole" | "tell";

/** Shows the sample in the place of the pad. */
export interface SampleView {
  /** Draws it up to a time in steps. */
  draw(inspection: Inspection, time: number): void;
  /** Shows that there is none. */
  clear(): void;
  /** What the network sees at this time, where it is a picture. */
  ground(inspection: Inspection, time: number): HTMLCanvasElement | undefined;
}

/** One inspection at a time. */
export class AnswerView {
  readonly #playback = new Playback((time) => this.#draw(time));
  readonly #outputs: OutputsView;
  readonly #unit = new UnitView();
  readonly #help: () => Help;
  readonly #isNew: () => boolean;
  #layers: readonly LayerView[] = [];
  #spec: NetworkSpec | undefined;
  /** The layers, steps and classes that the views were made for. */
  #shape = "";
  #names: readonly string[] = [];
  #inspection: Inspection | undefined;
  #sampleView: SampleView | undefined;
  #parameters: Parameters = new Map();
  #decisions: Float64Array | undefined;
  /** The unit that a mouse is over, and the one that a click or a key chose, which stays. */
  #hovered: PointedUnit | undefined;
  #kept: PointedUnit | undefined;

  /**
   * @param chosen Called when a class's name is pressed.
   * @param help What is offered where no neuron fires.
   * @param isNew Whether the network has learned nothing yet.
   */
  constructor(chosen: (label: number) => void, help: () => Help, isNew: () => boolean) {
    this.#outputs = new OutputsView(chosen);
    this.#help = help;
    this.#isNew = isNew;
    const again = () => {
      this.#takeSight();
      this.#playback.again();
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new ResizeObserver(() => this.#inspection && this.#playback.again()).observe(
      element("layers", HTMLElement),
    );
  }

  /** The outputs' rows. */
  get outputs(): Pick<OutputsView, "offer" | "nameOf"> {
    return this.#outputs;
  }

  /** The inspection that is shown. */
  get inspection(): Inspection | undefined {
    return this.#inspection;
  }

  /** Shows samples that are sequences in a view of their own, too. */
  showSamplesIn(view: SampleView): void {
    this.#sampleView = view;
  }

  /**
   * Shows an inspection.
   *
   * @param parameters Those that it was made with.
   * @param how `play` runs through the steps, `whole` and `tell` show all of them; `play` and `tell` announce the answer to screen
   * readers.
   * @param ended Called at the end of a run, if nothing halts it.
   */
  show(inspection: Inspection, parameters: Parameters, how: ShownHow, ended?: () => void): void {
    this.#inspection = inspection;
    this.#parameters = parameters;
    this.#decisions = decisionOf({ ...inspection.spec, steps: inspection.steps }, inspection.trace);
    this.#playback.take(inspection.steps);
    this.#takeSight();
    this.#drawPicture(inspection);
    if (how !== "whole") this.#announce(inspection);
    if (how === "play") return this.#playback.start(ended);
    // A run that goes on shows the new inspection from its next frame on.
    if (!this.#playback.isRunning) this.#playback.whole();
  }

  /** Shows that there is no sample. */
  clear(): void {
    this.#playback.halt();
    this.#playback.take(0);
    element("step-value", HTMLOutputElement).value = "–";
    this.#inspection = undefined;
    for (const layer of this.#layers) layer.take(undefined);
    this.#outputs.clear();
    this.#unit.clear();
    element("seen", HTMLCanvasElement).getContext("2d")?.clearRect(0, 0, 1000, 1000);
    this.#sampleView?.clear();
    const reads = this.#spec && readsRecordings(this.#spec);
    this.#say("–", reads ? "No recording is here yet." : "Nothing is drawn yet.");
    element("announcement", HTMLElement).textContent = "";
  }

  /** Lays out the views for a network. @param names Its classes' names. */
  arrange(spec: NetworkSpec, names: readonly string[]): void {
    const { populations, hidden } = structureOf(spec);
    const shape = JSON.stringify([
      populations.map(({ id, shape, neuron }) => [id, shape, neuron.kind]),
      spec.steps,
      names,
    ]);
    this.#spec = spec;
    if (shape === this.#shape) {
      if (!this.#inspection) this.clear();
      return;
    }
    this.#shape = shape;
    this.#names = names;
    this.#hovered = this.#kept = undefined;
    this.#layers = hidden.map(({ index }) =>
      new LayerView(
        spec,
        index,
        (unit, how) => this.#point(unit === undefined ? unit : { layer: index, unit }, how),
      )
    );
    const layers = element("layers", HTMLElement);
    layers.style.setProperty("--count", String(this.#layers.length));
    layers.replaceChildren(...this.#layers.map(({ figure }) => figure));
    this.#outputs.arrange(spec, names);
    this.clear();
  }

  /** Gives each layer its order and colours: units that lead to the outputs have those of the class that they speak for. */
  #takeSight(): void {
    const inspection = this.#inspection;
    if (!inspection) return;
    const { spec } = inspection, { populations, classes } = structureOf(spec), inks = classColours(classes);
    for (const view of this.#layers) {
      const { units } = populations[view.layer]!, links = linksOf(spec, this.#parameters, view.layer);
      const order = links
        ? unitsByClass(links, units)
        : Uint32Array.from({ length: units }, (_, unit) => unit);
      const favourites = links && favouritesOf(links, units), ink = colour("ink");
      view.take({
        inspection,
        order,
        groups: favourites ? rowsByClass(order, favourites) : [],
        names: this.#names,
        classWord: wordOfClass(this.#names),
        inks: Array.from(order, (unit) => favourites ? inks[favourites[unit]!]! : ink),
      });
    }
    this.#markPointed(); // their rows may be others now
  }

  /** The unit whose weights are shown: a mouse looks at others while one is kept. */
  get #pointed(): PointedUnit | undefined {
    return this.#hovered ?? this.#kept;
  }

  #point(pointed: PointedUnit | undefined, how: Pointing): void {
    const isKept = pointed?.layer === this.#kept?.layer && pointed?.unit === this.#kept?.unit;
    if (how === "over") this.#hovered = pointed;
    else {
      this.#hovered = undefined;
      this.#kept = how === "toggle" && isKept ? undefined : pointed;
    }
    this.#markPointed();
    this.#playback.again();
  }

  /** Lets go of the unit that was chosen. */
  letGo(): void {
    if (this.#pointed) this.#point(undefined, "keep");
  }

  #markPointed(): void {
    const pointed = this.#pointed;
    for (const view of this.#layers) view.point(view.layer === pointed?.layer ? pointed.unit : undefined);
  }

  /** The unit whose potential is shown: the one that is pointed at, or the one that spoke loudest for the answer. */
  #shownUnit({ spec, trace, label, steps }: Inspection): ShownUnit | undefined {
    if (this.#pointed) return this.#pointed;
    const layer = this.#layers.at(-1)?.layer;
    if (layer === undefined) return undefined;
    const { units } = structureOf(spec).populations[layer]!, links = linksOf(spec, this.#parameters, layer);
    const sums = new Float64Array(units), spikes = new Float64Array(units);
    trace.outputs[layer]!.forEach((output, at) => sums[at % units]! += output);
    trace.spikes[layer]!.forEach((spike, at) => spikes[at % units]! += spike / steps);
    const favourites = links && favouritesOf(links, units);
    // One that fires at every step has little to show, and one that speaks for another class does not stand for this one.
    const loudness = sums.map((sum, unit) =>
      favourites && favourites[unit] !== label
        ? 0
        : sum * (links ? links[label * units + unit]! : 1) * (steps > 1 ? 1 - spikes[unit]! : 1)
    );
    const most = Math.max(...loudness);
    return {
      layer,
      unit: loudness.indexOf(most),
      ...(most > 0 && { speaksFor: this.#outputs.nameOf(label) }),
    };
  }

  #draw(time: number): void {
    const inspection = this.#inspection;
    if (!inspection) return;
    const view = readsRecordings(inspection.spec) ? this.#sampleView : undefined;
    view?.draw(inspection, time);
    for (const layer of this.#layers) layer.draw(time);
    this.#outputs.draw(inspection, time);
    const shown = this.#shownUnit(inspection);
    for (const view of this.#layers) view.mark(shown?.layer === view.layer ? shown.unit : undefined);
    if (shown) this.#unit.draw(inspection, this.#parameters, shown, time);
    if (this.#pointed) {
      const { layer, unit } = this.#pointed;
      // First, since it may move the rows that links lead to.
      this.#unit.explain(inspection.spec, this.#parameters, this.#pointed, this.#pointed === this.#kept);
      this.#unit.point(inspection, this.#parameters, this.#pointed, {
        from: this.#layers.find((view) => view.layer === layer)?.placeOf(unit),
        to: (label) => this.#outputs.placeOf(label),
      }, view ? view.ground(inspection, time) : pictureSeen(inspection));
    } else this.#unit.unpoint();
    this.#decide(inspection, Math.ceil(time));
  }

  /** Probabilities if the readout ended at this step. */
  #decide({ spec, trace, steps, probabilities, spikes }: Inspection, until: number): void {
    const { readout } = spec, decisions = this.#decisions, classes = probabilities.length;
    const isWhole = until >= steps || !decisions;
    if (!isWhole && until <= readout.begin) {
      this.#outputs.show(undefined, []);
      return this.#say("…", readout.begin === 0 ? "reading…" : `is read from step ${readout.begin + 1} on`);
    }
    const shown = isWhole ? probabilities : decisions.subarray((until - 1) * classes, until * classes);
    const verdict = verdictOf(shown);
    if (isWhole && spikes === 0 && structureOf(spec).spikingUnits > 0) {
      this.#outputs.show(shown, []);
      const { hidden } = structureOf(spec);
      const highest = Math.max(
        ...hidden.map(({ index }) => trace.potentials[index]!.reduce((a, b) => Math.max(a, b), -Infinity)),
      );
      const { why, button } = this.#help();
      const text = `No neuron fired: the highest potential was ${highest.toFixed(2)}. ${why}`;
      return this.#say("silent", text, button);
    }
    if (verdict.kind === "tie") {
      this.#outputs.show(shown, []);
      return this.#say("–", isWhole ? "A tie: no class is ahead." : "no class is ahead yet");
    }
    const { first, second } = verdict, share = sureness(shown[first]!);
    this.#outputs.show(shown, [first]);
    const by = steps > 1 ? `, by ${count(spikes)} spikes` : "";
    const ending = !isWhole ? " so far" : this.#isNew() ? ": a guess, it has not learned yet" : by;
    const text = verdict.kind === "sure"
      ? `with ${share}${ending}`
      : `unsure: ${share}, or ${this.#outputs.nameOf(second)}${ending}`;
    this.#say(this.#outputs.nameOf(first), text, undefined, first);
  }

  #say(name: string, text: string, help?: Help["button"], label?: number): void {
    const verdict = element("verdict-name", HTMLElement), button = element("verdict-help", HTMLButtonElement);
    verdict.textContent = name;
    verdict.classList.toggle("word", name.length > LONGEST_NUMBER);
    verdict.style.color = label === undefined ? "" : `var(--class-${label % 10})`;
    element("verdict-text", HTMLElement).textContent = text;
    button.hidden = !help;
    if (!help) return;
    button.textContent = help.text;
    button.onclick = () => help.press();
  }

  #announce({ probabilities, label }: Inspection): void {
    const verdict = verdictOf(probabilities);
    element("announcement", HTMLElement).textContent = verdict.kind === "tie"
      ? "The network has no answer: a tie."
      : `The network says ${this.#outputs.nameOf(label)}, ${sureness(probabilities[label]!)}.`;
  }

  #drawPicture(inspection: Inspection): void {
    const canvas = element("seen", HTMLCanvasElement), seen = pictureSeen(inspection);
    if (!seen) return;
    canvas.width = canvas.height = seen.width;
    canvas.getContext("2d")?.drawImage(seen, 0, 0);
  }
}

/** The square picture that a network sees; undefined where it reads recordings. */
function pictureSeen({ spec, features }: Inspection): HTMLCanvasElement | undefined {
  const side = pictureSide(spec);
  return side === undefined || !(features instanceof Uint8Array) ? undefined : pictureOf(features, side);
}
