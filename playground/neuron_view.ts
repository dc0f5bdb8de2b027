/** The figure "One neuron": what comes in, potential, threshold, reset and spikes, with three sliders. */
import { counted } from "../src/text/figures.ts";
import { courseOf, demoCurrent, type OneNeuron } from "./logic/one_neuron.ts";
import { sheetOf } from "./canvas.ts";
import { element, make } from "./elements.ts";
import { drawTrace } from "./trace.ts";

/** The sliders. */
const SLIDERS = [
  {
    name: "decay",
    label: "Decay",
    least: 0,
    most: 1,
    about: "what stays after a step",
  },
  { name: "threshold", label: "Threshold", least: 0.2, most: 2, about: "above it, a spike" },
  {
    name: "penalty",
    label: "Penalty",
    least: 0,
    most: 2,
    about: "how far it falls back",
  },
] as const;

/** Pixels beside the curve for the threshold's label. */
const ROOM = 88;

/** Draws the figure, and again at each change. */
export class NeuronView {
  readonly #canvas = element("neuron-plot", HTMLCanvasElement);
  readonly #current = demoCurrent();
  #neuron: OneNeuron = { decay: 0.9, threshold: 1, penalty: 1 };

  constructor() {
    element("neuron-sliders", HTMLElement).replaceChildren(...SLIDERS.map((slider) => this.#slider(slider)));
    const draw = () => this.#draw();
    new ResizeObserver(draw).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  }

  #slider({ name, label, least, most, about }: typeof SLIDERS[number]): HTMLElement {
    const id = `neuron-${name}`, output = make("output", { for: id }, String(this.#neuron[name]));
    const input = make("input", {
      ...{ type: "range", id, min: String(least), max: String(most), step: "0.05" },
      ...{ value: String(this.#neuron[name]), "aria-describedby": `${id}-note` },
    });
    input.oninput = () => {
      this.#neuron = { ...this.#neuron, [name]: input.valueAsNumber };
      output.value = input.value;
      this.#draw();
    };
    return make(
      "div",
      { class: "slider" },
      make("label", { for: id }, label),
      output,
      input,
      make("small", { id: `${id}-note` }, about),
    );
  }

  #draw(): void {
    const { potentials, reached, spikes } = courseOf(this.#neuron, this.#current);
    const sheet = sheetOf(this.#canvas), { threshold, penalty } = this.#neuron;
    const fired = spikes.reduce((sum, spike) => sum + spike, 0);
    this.#canvas.setAttribute(
      "aria-label",
      `A neuron's potential while a weak and then a strong current comes in: ${counted(fired, "spike")}`,
    );
    element("neuron-note", HTMLElement).textContent = fired > 0
      ? "Networks that spike are many of these: the rows above. Point at one, or tap it, to see its potential. The sliders move this neuron alone."
      : "It never gets above its threshold, so it stays silent: lower that, or let less leak. The sliders move this neuron alone.";
    if (!sheet) return;
    const high = Math.max(threshold, ...reached.map((potential) => Math.min(potential, threshold))) * 1.05;
    const range = [Math.min(0, threshold - penalty), high] as const;
    drawTrace(sheet, {
      ...{ potentials, spikes, threshold, range, current: this.#current, room: ROOM },
      time: potentials.length,
    });
  }
}
