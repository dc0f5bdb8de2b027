/** View of training: controls, progress, figures, learning curves. */
import { percent } from "../src/report/words.ts";
import { structureOf } from "../src/network/structure.ts";
import { count, timeLeft } from "../src/text/figures.ts";
import { OptionError } from "../src/errors.ts";
import { type PresetName, presetOf, PRESETS } from "../src/training/presets.ts";
import { type HeldBack, PAGE_ENGINES, type PageEngine, type TrainingStatus } from "./logic/protocol.ts";
import { presetNamed, type Settings, settingsOf } from "./logic/recipes.ts";
import { element, make } from "./elements.ts";
import type { Curve } from "./plots.ts";

/** Receives the user's requests. */
interface TrainingListener {
  train(settings: Settings, engine: PageEngine): void;
  pause(): void;
  resume(): void;
  stop(): void;
  /** Takes a number of milliseconds to rest before each batch. */
  pace(rest: number): void;
  /** Makes a new network. @returns Whether it was made. */
  renew(preset: PresetName, sizes: { readonly hidden: number; readonly seed: number }): boolean;
  /** Gives the network new weights. */
  forget(seed: number): void;
}

/** Whether WebGPU is available, with a notice for the user. */
export interface WebGpuOffer {
  readonly isThere: boolean;
  readonly note: string;
}

/** State of training. */
type TrainingState = "waiting" | "ready" | "running" | "paused" | "stopping";

/** Minimum milliseconds between two redraws of the curves. */
const REDRAW = 250;

/** Milliseconds from which on the time between two batches was a pause. */
const LONGEST_BATCH = 5000;

/** Milliseconds of rest before each batch, by the place of the slider. */
const RESTS = [500, 150, 50, 15, 0];

/** The card "How it learns", the recipe, and the button that shows how a network learns from nothing. */
export class TrainingView {
  readonly #preset = element("preset", HTMLSelectElement);
  readonly #hidden = element("hidden", HTMLInputElement);
  readonly #seed = element("seed", HTMLInputElement);
  readonly #epochs = element("epochs", HTMLInputElement);
  readonly #batch = element("batch", HTMLInputElement);
  readonly #rate = element("rate", HTMLInputElement);
  readonly #engine = element("engine", HTMLSelectElement);
  readonly #train = element("train", HTMLButtonElement);
  readonly #pause = element("pause", HTMLButtonElement);
  readonly #stop = element("stop", HTMLButtonElement);
  readonly #fresh = element("fresh", HTMLButtonElement);
  readonly #trained = element("trained", HTMLButtonElement);
  readonly #relearn = element("relearn", HTMLButtonElement);
  readonly #pace = element("pace", HTMLInputElement);
  readonly #progress = element("progress", HTMLProgressElement);
  readonly #status = element("train-status", HTMLElement);
  readonly #listener: TrainingListener;
  readonly #failed: (error: unknown) => void;
  #state: TrainingState = "waiting";
  /** Whether the network that the page began with is another one than the present. */
  #canReturn = false;
  /** The present network's values of the controls, which a declined change restores. */
  #chosen = { preset: "", hidden: "" };
  #loss: Curve = { batches: [], heldBack: [] };
  #accuracy: Curve = { batches: [], heldBack: [] };
  /** Whether the present network can be trained here. */
  #trains = true;
  #redraw: ReturnType<typeof setTimeout> | undefined;
  /** The last batch: samples by then, when it was, and the mean of the seconds that a sample takes. */
  #lastBatch: { readonly done: number; readonly at: number; readonly mean: number | undefined } = {
    done: 0,
    at: 0,
    mean: undefined,
  };

  constructor(listener: TrainingListener, failed: (error: unknown) => void) {
    this.#listener = listener;
    this.#failed = failed;
    for (const [name, { summary }] of Object.entries(PRESETS)) {
      this.#preset.append(make("option", { value: name, title: summary }, name));
    }
    const attempt = (work: () => void) => () => {
      try {
        work();
      } catch (error) {
        failed(error);
      }
    };
    for (const input of [this.#preset, this.#hidden]) input.onchange = attempt(() => this.#renew());
    const forget = () => listener.forget(this.#settings().seed);
    this.#seed.onchange = this.#fresh.onclick = attempt(forget);
    const train = () => listener.train(this.#settings(), this.#engineName());
    const pause = () => this.#state === "paused" ? listener.resume() : listener.pause();
    this.#train.onclick = attempt(train);
    this.#pause.onclick = pause;
    this.#stop.onclick = () => listener.stop();
    this.#relearn.onclick = attempt(() => {
      if (this.#state !== "ready") return pause();
      forget();
      train();
    });
    this.#pace.oninput = () => listener.pace(this.rest);
  }

  /** Milliseconds of rest before each batch. */
  get rest(): number {
    return RESTS[this.#pace.valueAsNumber] ?? 0;
  }

  /** Sets the seed of new weights. */
  setSeed(seed: number): void {
    this.#seed.value = String(seed);
  }

  /** Offers the network that the page began with again, where the present one is another. */
  offerReturn(canReturn: boolean): void {
    this.#canReturn = canReturn;
    this.#trained.hidden = !canReturn || this.#isBusy;
  }

  get #isBusy(): boolean {
    return this.#state === "running" || this.#state === "paused" || this.#state === "stopping";
  }

  /** Shows the engines, and whether WebGPU can be chosen. */
  offerEngines(threads: string, webGpu: WebGpuOffer): void {
    const chosen = this.#engineName(), names = { wasm: "WASM", webgpu: "WebGPU" } as const;
    this.#engine.replaceChildren(
      ...PAGE_ENGINES.map((engine) => {
        const isOff = engine === "webgpu" && !webGpu.isThere;
        return make("option", { value: engine, ...(isOff && { disabled: "" }) }, names[engine]);
      }),
    );
    this.#engine.value = chosen;
    element("engine-note", HTMLElement).textContent = `WASM works on ${threads}. ${webGpu.note}`;
  }

  /** Shows a network and its training options. @param recipe The preset whose recipe it is trained by. */
  showNetwork(preset: PresetName | undefined, title: string, hidden: number, recipe: PresetName): void {
    this.#preset.querySelector('option[value=""]')?.remove();
    if (preset === undefined) this.#preset.prepend(make("option", { value: "" }, title));
    this.#preset.value = preset ?? "";
    const { summary } = PRESETS[recipe];
    element("preset-note", HTMLElement).textContent = preset === undefined
      ? `It trains on by the recipe of ${recipe}.`
      : `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
    this.#hidden.value = String(hidden);
    this.#chosen = { preset: this.#preset.value, hidden: this.#hidden.value };
    const { epochs, batchSize, learningRate } = settingsOf(recipe);
    this.#epochs.value = String(epochs);
    this.#batch.value = String(batchSize);
    this.#rate.value = String(learningRate);
    this.forgotten();
    this.setState(this.#state);
  }

  /** Shows the training of networks that can be trained here, and why others cannot. */
  allow(trains: boolean): void {
    this.#trains = trains;
    element("no-training", HTMLElement).hidden = trains;
    for (const id of ["relearn", "speed-label", "accuracy-plot", "curve-legend", "recipe"]) {
      element(id, HTMLElement).hidden = !trains;
    }
    this.setState(this.#state);
  }

  /** Shows what can be done now, and nothing else. */
  setState(state: TrainingState): void {
    this.#state = state;
    const isBusy = this.#isBusy;
    this.#trained.hidden = !this.#canReturn || isBusy;
    const canPause = state === "running" || state === "paused";
    this.#train.hidden = this.#fresh.hidden = state !== "ready" || !this.#trains;
    this.#pause.hidden = this.#stop.hidden = !canPause;
    const pause = state === "paused" ? "Go on" : "Pause";
    this.#pause.textContent = pause;
    this.#relearn.textContent = canPause ? pause : "↻ Watch it learn";
    this.#relearn.disabled = state === "waiting" || state === "stopping";
    this.#progress.classList.toggle("idle", !isBusy);
    const inputs = [this.#preset, this.#seed, this.#epochs, this.#batch, this.#rate, this.#engine];
    for (const input of inputs) input.disabled = isBusy;
    // A loaded network keeps its size; a convolutional one has no number of hidden units.
    const preset = presetNamed(this.#chosen.preset);
    const hasHidden = preset !== undefined && presetOf(preset).takes.includes("hidden");
    element("hidden-label", HTMLElement).hidden = !hasHidden;
    this.#hidden.disabled = isBusy || !hasHidden;
  }

  /** Shows that training begins. @param resumes Whether it continues the last one, and its curves. */
  started(resumes: boolean): void {
    if (!resumes) this.forgotten();
    this.progress("Training begins…");
  }

  /** Shows a finished batch. @param isFirst Whether it rested for the reader, and tells nothing of the time that is left. */
  batch(status: TrainingStatus, isFirst: boolean): void {
    const { done, total, loss, accuracy, epoch, batch, batches, samplesPerSecond, firingRate } = status;
    this.#loss.batches.push({ done, value: loss });
    this.#accuracy.batches.push({ done, value: accuracy });
    this.#progress.max = total;
    this.#progress.value = done;
    const seconds = this.#secondsASample(done, isFirst);
    const left = done === total ? "done" : seconds ? `${timeLeft((total - done) * seconds)} left` : "…";
    const measured = this.#accuracy.heldBack.at(-1)?.value;
    const score = measured === undefined
      ? `Batch ${count(batch)} of ${count(batches)}`
      : `Right on ${percent(measured, 1)} of digits that it has never seen`;
    this.progress(`${score}; epoch ${count(epoch)}, ${left}`);
    element("loss", HTMLElement).textContent = loss.toFixed(3);
    element("firing", HTMLElement).textContent = percent(firingRate, 1);
    element("speed", HTMLElement).textContent = count(samplesPerSecond);
    this.#redrawSoon();
  }

  /** Seconds that a sample takes at the present pace, undefined where it is not known yet. */
  #secondsASample(done: number, isFirst: boolean): number | undefined {
    const now = performance.now(), { done: before, at, mean } = this.#lastBatch;
    const own = (now - at) / 1000 / Math.max(1, done - before);
    const isUsable = !isFirst && done > before && now - at < LONGEST_BATCH;
    const next = !isUsable ? mean : mean === undefined ? own : mean + (own - mean) / 8;
    this.#lastBatch = { done, at: now, mean: isFirst ? undefined : next };
    return this.#lastBatch.mean;
  }

  /** Adds a score on held-back digits to the curve. */
  measured(heldBack: HeldBack): void {
    const { done, loss, accuracy, total, of } = heldBack;
    this.#loss.heldBack.push({ done, value: loss });
    this.#accuracy.heldBack.push({ done, value: accuracy });
    element("curve-held-back", HTMLElement).textContent = total < of
      ? `the first ${count(total)} of ${count(of)} digits that it never sees`
      : `${count(total)} digits that it never sees`;
    this.ended(heldBack);
    this.#redrawSoon();
  }

  /** Shows the score on all held-back digits. */
  ended({ accuracy }: HeldBack): void {
    element("accuracy", HTMLElement).textContent = percent(accuracy, 1);
  }

  /** Shows progress, except of the batch that ends after a click on Pause or Stop. */
  progress(text: string): void {
    if (this.#state === "running") this.say(text);
  }

  /** Shows the status of training. */
  say(text: string): void {
    this.#status.textContent = text;
  }

  #renew(): void {
    const preset = presetNamed(this.#preset.value);
    if (preset === undefined) return; // a loaded model is kept
    const chosen = { hidden: numberOf(this.#hidden), seed: numberOf(this.#seed) };
    if (this.#listener.renew(preset, chosen)) return;
    this.#preset.value = this.#chosen.preset;
    this.#hidden.value = this.#chosen.hidden;
  }

  #settings(): Settings {
    numberOf(this.#hidden); // an invalid number is not the network's
    return {
      epochs: numberOf(this.#epochs),
      batchSize: numberOf(this.#batch),
      learningRate: numberOf(this.#rate),
      seed: numberOf(this.#seed),
    };
  }

  #engineName(): PageEngine {
    return PAGE_ENGINES.find((name) => name === this.#engine.value) ?? "wasm";
  }

  /** Shows that the network knows nothing. */
  forgotten(): void {
    this.#loss = { batches: [], heldBack: [] };
    this.#accuracy = { batches: [], heldBack: [] };
    this.#progress.value = 0;
    for (const id of ["loss", "accuracy", "firing", "speed"]) element(id, HTMLElement).textContent = "–";
    element("accuracy-plot", HTMLElement).replaceChildren(
      make("p", { class: "note" }, "Its curve grows here while it trains."),
    );
    element("loss-plot", HTMLElement).replaceChildren();
    element("curve-legend", HTMLElement).classList.add("idle");
    element("tiles", HTMLElement).hidden = true;
  }

  #redrawSoon(): void {
    this.#redraw ??= setTimeout(() => {
      this.#redraw = undefined;
      this.#drawCurves().catch(this.#failed);
    }, REDRAW);
  }

  async #drawCurves(): Promise<void> {
    const { drawCurve } = await import("./plots.ts");
    if (this.#loss.batches.length === 0) return;
    drawCurve(element("accuracy-plot", HTMLElement), this.#accuracy, { name: "accuracy", isShare: true });
    drawCurve(element("loss-plot", HTMLElement), this.#loss, { name: "loss", isShare: false });
    element("curve-legend", HTMLElement).classList.remove("idle");
    element("tiles", HTMLElement).hidden = false;
  }
}

/** Default number of hidden units of a preset. */
export function usualHidden(preset: PresetName): number {
  return structureOf(presetOf(preset).network()).populations[0]!.units;
}

/** A field's number. @throws {OptionError} when it is missing or out of range. */
function numberOf(input: HTMLInputElement): number {
  if (input.checkValidity() && Number.isFinite(input.valueAsNumber)) return input.valueAsNumber;
  const name = input.labels?.[0]?.textContent?.trim() ?? input.id;
  const whole = input.step === "any" ? "a number" : "a whole number", value = input.value || "it is empty";
  throw new OptionError(`${name}: ${value}: expected ${whole}, ${input.min} to ${input.max}`);
}
