/** The time of a sample's steps, which runs once, halts, or is moved by hand. */
import { element, prefersStillness } from "./elements.ts";

/** Milliseconds of a step, and the bounds of a whole run. */
const STEP_TIME = 60, MOST_TIME = 3600, LEAST_TIME = 900;

/** Steps after the last one in which its ink fades. */
export const FADE = 8;

/** The button and the slider below the rasters. */
export class Playback {
  readonly #play = element("play", HTMLButtonElement);
  readonly #step = element("step", HTMLInputElement);
  readonly #value = element("step-value", HTMLOutputElement);
  readonly #show: (time: number, steps: number) => void;
  /** Called when a run has come to its end by itself. */
  #ended: () => void = () => {};
  #steps = 1;
  #time = 0;
  #frame: number | undefined;

  /** @param show Draws a time: from 0, where nothing has happened, to the number of steps and {@linkcode FADE} more, where all ink has faded. */
  constructor(show: (time: number, steps: number) => void) {
    this.#show = show;
    this.#play.onclick = () => this.#frame === undefined ? this.start() : this.halt();
    this.#step.oninput = () => {
      this.halt();
      // By hand a step's ink is fresh, but of the last one.
      const step = this.#step.valueAsNumber;
      this.#draw(step >= this.#steps ? this.#steps + FADE : step);
    };
  }

  get isRunning(): boolean {
    return this.#frame !== undefined;
  }

  /** Takes another sample; a run that goes on shows it from where it is. @param steps 0 for none. */
  take(steps: number): void {
    this.#steps = steps;
    element("scrub", HTMLElement).classList.toggle("timeless", steps <= 1);
    this.#play.disabled = this.#step.disabled = steps <= 1;
    this.#step.max = String(Math.max(1, steps));
  }

  /** Runs from the first step on. @param ended Called at the end, if nothing halts it. */
  start(ended: () => void = () => {}): void {
    this.halt();
    this.#ended = ended;
    if (prefersStillness() || this.#steps <= 1) return this.whole();
    const time = Math.max(LEAST_TIME, Math.min(MOST_TIME, this.#steps * STEP_TIME));
    const began = performance.now(), end = this.#steps + FADE;
    this.#say("Pause", "❚❚");
    const next = (now: number) => {
      this.#draw(Math.min(end, Math.max(0, now - began) / time * this.#steps));
      if (this.#time < end) this.#frame = requestAnimationFrame(next);
      else {
        this.halt();
        this.#ended();
      }
    };
    this.#frame = requestAnimationFrame(next);
  }

  halt(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    this.#say("Play", "▷");
  }

  /** Shows all steps. */
  whole(): void {
    this.halt();
    this.#draw(this.#steps + FADE);
  }

  /** Shows the same time anew. */
  again(): void {
    if (this.#steps > 0) this.#draw(this.#time);
  }

  #draw(time: number): void {
    this.#time = time;
    const step = Math.min(this.#steps, Math.ceil(time));
    this.#step.value = String(Math.max(1, step));
    this.#value.value = this.#steps === 0 ? "–" : `${step} of ${this.#steps}`;
    this.#show(time, this.#steps);
  }

  #say(name: string, sign: string): void {
    this.#play.setAttribute("aria-label", name);
    this.#play.textContent = sign;
  }
}
