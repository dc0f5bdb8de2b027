/** Sliders for the constants of a network's neurons. */
import { type Constant, CONSTANT_STEP, constantsOf, layersInWords, withConstant } from "./logic/constants.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { InputError } from "../src/errors.ts";
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
    this.#reset.onclick = () => this.reset();
  }

  /** The values of all constants in their order, if any was changed. */
  get changes(): readonly number[] | undefined {
    if (this.#now === this.#first || !this.#now || !this.#first) return undefined;
    return [...this.#sliders.querySelectorAll("input")].map(({ valueAsNumber }) => valueAsNumber);
  }

  /** Changes all constants. @throws {InputError} when they are not as many as the network's. */
  change(values: readonly number[]): void {
    const spec = this.#first, constants = spec ? constantsOf(spec) : [];
    if (!spec || values.length !== constants.length) {
      throw new InputError(`${values.length} constants, expected the network's ${constants.length}`);
    }
    [...this.#sliders.querySelectorAll("input")].forEach((input, i) => {
      input.value = String(values[i]);
      input.dispatchEvent(new Event("input"));
    });
  }

  /** Whether a constant was changed. */
  get areChanged(): boolean {
    return this.#now !== this.#first;
  }

  /** Gives all constants their first values again. */
  reset(): void {
    if (!this.#first) return;
    this.show(this.#first);
    this.#changed(this.#first);
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
    this.#reset.hidden = true;
  }

  #slider(spec: NetworkSpec, constant: Constant, i: number): HTMLElement {
    const { name, value, least, most } = constant, id = `constant-${i}`;
    const output = make("output", { for: id }, whole(value));
    // A value between two places of the slider is shown as it is.
    const isOnGrid = Math.abs(value / CONSTANT_STEP - Math.round(value / CONSTANT_STEP)) < 1e-6;
    const input = make("input", {
      ...{ type: "range", id, min: String(least), max: String(most) },
      ...{
        step: isOnGrid ? String(CONSTANT_STEP) : "any",
        value: String(value),
        "aria-describedby": `${id}-note`,
      },
    });
    input.oninput = () => {
      output.value = whole(input.valueAsNumber);
      this.#now = withConstant(this.#now ?? spec, constant, input.valueAsNumber);
      this.#reset.hidden = false;
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

/** A constant with all its digits, but none of a sum's rounding. */
function whole(value: number): string {
  return String(Number(value.toPrecision(7)));
}
