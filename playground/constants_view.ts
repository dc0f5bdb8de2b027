/** Sliders for the constants of a network's neurons. */
import { type Constant, CONSTANT_STEP, constantsOf, layersInWords, withConstant } from "./logic/constants.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { element, make } from "./elements.ts";

const NAMES = { decay: "Decay d", threshold: "Threshold θ", penalty: "Penalty p" } as const;
const MEANINGS = {
  decay: "the share of a potential that stays after a step",
  threshold: "the potential above which a unit fires",
  penalty: "a spike leaves the potential at θ − p",
} as const;

/** The sliders of one network at a time. */
export class ConstantsView {
  readonly #sliders = element("sliders", HTMLElement);
  readonly #reset = element("reset-constants", HTMLButtonElement);
  /** The network before and after the changes. */
  #first: NetworkSpec | undefined;
  #now: NetworkSpec | undefined;

  readonly #changed: (spec: NetworkSpec) => void;

  /** @param changed Called with the changed network. */
  constructor(changed: (spec: NetworkSpec) => void) {
    this.#changed = changed;
    this.#reset.onclick = () => {
      if (!this.#first) return;
      this.show(this.#first);
      this.#changed(this.#first);
    };
  }

  /** Shows a network's constants without calling `changed`. */
  show(spec: NetworkSpec): void {
    this.#first = this.#now = spec;
    const constants = constantsOf(spec);
    this.#sliders.replaceChildren(...constants.map((constant, i) => this.#slider(spec, constant, i)));
    if (constants.length === 0) {
      this.#sliders.append(
        make("p", { class: "note" }, "All constants of this network are learned, or have no effect."),
      );
    }
    this.#reset.disabled = true;
  }

  #slider(spec: NetworkSpec, constant: Constant, i: number): HTMLElement {
    const { name, value, least, most } = constant, id = `constant-${i}`;
    const output = make("output", { for: id }, value.toFixed(2));
    const input = make("input", {
      ...{ type: "range", id, min: String(least), max: String(most) },
      ...{ step: String(CONSTANT_STEP), value: String(value), "aria-describedby": `${id}-note` },
    });
    input.oninput = () => {
      output.value = input.valueAsNumber.toFixed(2);
      this.#now = withConstant(this.#now ?? spec, constant, input.valueAsNumber);
      this.#reset.disabled = false;
      this.#changed(this.#now);
    };
    return make(
      "div",
      { class: "slider", "data-constant": name },
      make("label", { for: id }, NAMES[name]),
      output,
      input,
      make("small", { id: `${id}-note` }, `${MEANINGS[name]}; ${layersInWords(constant, spec)}`),
    );
  }
}
