/** Training on the page: the digits that it learns from, the trainer's messages, and what becomes of its results. */
import type { Samples } from "../src/data/samples.ts";
import { filledNames } from "../src/network/class_names.ts";
import type { NetworkSpec } from "../src/network/spec.ts";
import { structureOf } from "../src/network/structure.ts";
import { sizesOf } from "../src/network/words.ts";
import { percent } from "../src/report/words.ts";
import { count, counted } from "../src/text/figures.ts";
import { fitSamples } from "../src/training/fit.ts";
import type { PresetName } from "../src/training/presets.ts";
import type { PageEngine, Recipe, TrainerMessage, TrainerReply } from "./logic/protocol.ts";
import { recipeNameOf, recipeOf, type Settings } from "./logic/recipes.ts";
import type { Digits } from "./logic/subset.ts";
import { element, prefersStillness } from "./elements.ts";
import { type Present, relearned } from "./present.ts";
import { alarm, calm } from "./toast.ts";
import { TrainingView } from "./training_view.ts";
import { openTrainer } from "./workers.ts";

/** A new network's first batches, with milliseconds of rest before each, so that one sees it guess. */
const FIRST = { batches: 12, rest: 220 } as const;

/** The page, as training sees it. */
interface TrainedPage {
  readonly present: Present;
  setPresent(next: Present): void;
  /** Called when the network's classes have got names. */
  named(): void;
  /** Called when the network has other weights. @param isEnd Whether they are the last ones of a training. */
  learned(isEnd: boolean): void;
  /** Makes a new network. @returns Whether it was made. */
  renew(preset: PresetName, sizes: { readonly hidden: number; readonly seed: number }): boolean;
  /** Gives the network new weights. */
  forget(seed: number): void;
}

/** One training at a time. */
export class TrainingSession {
  readonly controls: TrainingView;
  readonly #page: TrainedPage;
  #digits: Digits | undefined;
  /** The digits that the trainer has. */
  #sent: Readonly<Record<keyof Digits, Samples>> | undefined;
  #training: { readonly recipe: Recipe; readonly engine: PageEngine; readonly key: string } | undefined;
  /** Result of the last training, and its recipe's key: training resumes if both are unchanged. */
  #ended: { readonly parameters: Present["parameters"]; readonly key: string } | undefined;
  #trainer: ((message: TrainerMessage) => void) | undefined;
  /** First batches that are still to come. */
  #first = 0;

  constructor(page: TrainedPage) {
    this.#page = page;
    this.controls = new TrainingView({
      train: (settings, engine) => this.#begin(settings, engine),
      pause: () => {
        this.#send({ kind: "pause" });
        this.controls.setState("paused");
        this.controls.say("Paused.");
      },
      resume: () => {
        this.#send({ kind: "resume" });
        this.controls.setState("running");
      },
      stop: () => {
        this.#send({ kind: "stop" });
        this.controls.setState("stopping");
        this.controls.say("Stopping…");
      },
      pace: (rest) => {
        this.#first = 0;
        this.#send({ kind: "pace", rest });
      },
      renew: (preset, sizes) => page.renew(preset, sizes),
      forget: (seed) => page.forget(seed),
    }, alarm);
  }

  /** Whether a network is in training. */
  get isRunning(): boolean {
    return this.#training !== undefined;
  }

  /** Learns from these digits from now on. */
  take(digits: Digits): void {
    this.#digits = this.#sent = digits;
    this.#ended = undefined;
    this.#send({ kind: "data", ...digits });
    this.#send({ kind: "pace", rest: this.controls.rest });
    this.controls.setState("ready");
  }

  /** Tells a training that goes on of other constants. */
  tune(spec: NetworkSpec): void {
    if (this.#training) this.#send({ kind: "tune", spec });
  }

  /** Lets no training begin while network or digits change. */
  wait(): void {
    this.controls.setState("waiting");
  }

  /** Returns the controls to their state outside training, unless a network is in training. */
  rest(): void {
    if (!this.#training) this.controls.setState(this.#digits ? "ready" : "waiting");
  }

  /** Sends the trainer a message; the first one starts it. */
  #send(message: TrainerMessage): void {
    this.#trainer ??= openTrainer((reply) => this.#onMessage(reply));
    this.#trainer(message);
  }

  #begin(settings: Settings, engine: PageEngine): void {
    calm();
    const recipe = recipeOf(recipeNameOf(this.#page.present), settings, this.#page.present.isNew);
    const key = keyOf(recipe, engine);
    if (this.#digits) this.#fitDigits(this.#digits);
    const { spec, parameters } = this.#page.present;
    const resumes = this.#ended?.parameters === parameters && this.#ended.key === key;
    this.#training = { recipe, engine, key };
    this.#first = this.#page.present.isNew && !prefersStillness() ? FIRST.batches : 0;
    this.#send({ kind: "pace", rest: Math.max(this.controls.rest, this.#first > 0 ? FIRST.rest : 0) });
    this.controls.setState("running");
    this.controls.started(resumes);
    lockFiles(true);
    this.#send({ kind: "train", spec, parameters, recipe, engine, resumes });
  }

  /** Sends the trainer the digits with the network's labels for their classes, and names the network's classes by theirs. */
  #fitDigits(digits: Digits): void {
    const { present } = this.#page, { spec, title } = present, advice = "take another network";
    const fit = (part: Digits["train"]) => fitSamples(present, title, part, advice).samples;
    const fitted = { train: fit(digits.train), test: fit(digits.test) };
    if (fitted.train.labels !== this.#sent?.train.labels || fitted.test.labels !== this.#sent.test.labels) {
      this.#sent = fitted;
      this.#send({ kind: "data", ...fitted });
    }
    if (present.classes || !digits.train.classes) return;
    const classes = filledNames(digits.train.classes, structureOf(spec).classes);
    this.#page.setPresent({ ...present, classes });
    this.#page.named();
  }

  #onMessage(reply: TrainerReply): void {
    switch (reply.kind) {
      case "started":
        return this.controls.progress(
          this.#training?.engine === "webgpu" ? `${reply.engine}.` : "It begins…",
        );
      case "batch":
        if (this.#first > 0 && --this.#first === 0) this.#send({ kind: "pace", rest: this.controls.rest });
        return this.controls.batch(reply.status, this.#first > 0);
      case "measured":
        return this.controls.measured(reply.heldBack);
      case "network":
        return this.#learned(reply.parameters, reply.spec);
      case "ended":
        return this.#finish(reply);
      case "notice":
        return alarm(reply.message);
      case "failed":
        if (this.#training) this.controls.say("Training ended early.");
        this.#release();
        return alarm(reply.message);
      default:
        return reply satisfies never;
    }
  }

  /** Takes trained weights. Constants stay those of the sliders, which the trainer may not have received yet. */
  #learned(parameters: Present["parameters"], spec: NetworkSpec): void {
    if (sizesOf(spec) !== sizesOf(this.#page.present.spec)) return;
    this.#page.setPresent(relearned(this.#page.present, parameters));
    this.#page.learned(false);
  }

  #finish({ parameters, spec, epochs, heldBack, how }: TrainerReply & { kind: "ended" }): void {
    if (!this.#training) return;
    const { recipe, key } = this.#training, { step, augmentation, startRate, seed } = recipe;
    this.#learned(parameters, spec);
    const { present } = this.#page, { model = "page" } = present.metadata;
    this.#page.setPresent({
      ...present,
      metadata: {
        model,
        seed: String(seed),
        epochs: String(epochs),
        precision: "f32",
        optimizer: JSON.stringify(step),
        ...(augmentation && { augmentation: JSON.stringify(augmentation) }),
        start: startRate === undefined ? present.metadata.start ?? "xavier" : `rate ${startRate}`,
        accuracy: String(heldBack.accuracy),
        measuredOn: `${heldBack.total} held-back digits`,
      },
    });
    this.#ended = { parameters: this.#page.present.parameters, key };
    this.controls.ended(heldBack);
    const end = how === "finished" ? "Done" : "Stopped", accuracy = percent(heldBack.accuracy, 1);
    const passes = `${counted(epochs, "epoch")} of ${count(this.#digits?.train.count ?? 0)} digits`;
    this.controls.say(`${end} after ${passes}: right on ${accuracy} of ${count(heldBack.total)} new ones.`);
    this.#release();
    this.#page.learned(true);
  }

  #release(): void {
    this.#training = undefined;
    lockFiles(false);
    this.rest();
  }
}

/** The parts of a recipe that a resume must share with the last training. */
function keyOf({ epochs: _epochs, startRate: _startRate, ...rest }: Recipe, engine: PageEngine): string {
  return JSON.stringify([rest, engine]);
}

function lockFiles(isLocked: boolean): void {
  for (const id of ["model-file", "data-files"]) element(id, HTMLInputElement).disabled = isLocked;
}
